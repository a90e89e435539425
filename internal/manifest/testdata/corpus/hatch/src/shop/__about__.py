# the version, as v2 of the API has it
__version__: str = "v1.4.0rc1"  # v is no part of it
