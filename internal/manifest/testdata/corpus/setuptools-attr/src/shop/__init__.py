"""A shop."""
if True:
    __version__ = "0.1"
__version__ = "1.4.0"
