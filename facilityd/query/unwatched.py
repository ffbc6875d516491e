"""What is seen behind a wildcard topic and watched by nobody."""

from __future__ import annotations

from facilityd.config.found import file_of, read_found
from facilityd.config.site import Site


def unwatched(site: Site) -> dict[str, dict[str, str]]:
    """Return by unit with a wildcard topic the names seen there and not watched, each with the reason."""
    if not site.templates:
        return {}
    heard = read_found(file_of(site))[0].heard
    return {
        unit: {n: why for n, why in heard.get(unit, {}).items() if n not in (*one.names, *one.ignore)}
        for unit, one in site.templates.items()
    }
