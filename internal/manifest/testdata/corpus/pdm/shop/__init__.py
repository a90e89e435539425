"""Says
__version__ = 0.0.1 somewhere in its text.
"""
print("1.0")
__version__ = "1.4.0" # "2.0"
