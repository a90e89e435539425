__version__ = ".".join(["1", "4"])
