"""Name and version of the installed service, as pyproject.toml has them."""

from importlib import metadata


def about() -> dict[str, str]:
    """Return the name and the version of the distribution that this package was installed from."""
    names = metadata.packages_distributions().get(__package__)
    if not names:
        return {"name": __package__, "version": "not installed"}
    return {"name": names[0], "version": metadata.version(names[0])}
