"""An API.

__version__ = "0.0.1" is what it said at first.
"""

import os

NAMES = [
"__version__ = 2",
]
__version__ = VERSION = '1.4.0'
__version__ = "9.9"
