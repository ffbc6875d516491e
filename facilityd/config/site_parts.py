"""Sections that are held against the whole site: groups, seasons, the page."""

from __future__ import annotations

from dataclasses import replace

from facilityd.config.groups import compile_groups
from facilityd.config.page import compile_page
from facilityd.config.seasons import compile_seasons
from facilityd.config.sections import Sections
from facilityd.config.site import Site


def with_parts(site: Site, sections: Sections) -> Site:
    """Return the site with them; what does not fit it is reported."""
    groups, seasons = compile_groups(site, sections), compile_seasons(sections, site)
    return replace(site, groups=groups, seasons=seasons, page=compile_page(sections, site))
