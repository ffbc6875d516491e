"""What a time was on the whole site: night, from flag down to flag up, and the ceremonies themselves."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from facilityd.config.site import Site
from facilityd.query.report_ceremonies import due_ceremonies
from facilityd.web.page.chart import ChartShade
from facilityd.web.page.render import PageRenderer

DAY = 86_400 * 10**9
LONGEST = 40 * DAY
"""Of a longer span nights are thinner than a line."""
AROUND = 300 * 10**9
"""So long (ns) before and after its instant a ceremony is shaded: the flag takes some two minutes."""


def shades_of(site: Site, since: int, until: int, renderer: PageRenderer) -> list[ChartShade]:
    """Return the nights and ceremonies of a span, ns UTC; nothing where it is too long to see them."""
    return [] if until - since > LONGEST else list(_shades(site, since, until, renderer))


def _shades(site: Site, since: int, until: int, renderer: PageRenderer) -> Iterator[ChartShade]:
    due = due_ceremonies(site, since - DAY, until + DAY)
    for evening, morning in pairwise(due):
        if (
            evening.name == "sunset"
            and morning.name == "sunrise"
            and evening.at < until
            and since < morning.at
        ):
            text = renderer.t("chart.night", since=renderer.when(evening.at), until=renderer.when(morning.at))
            yield ChartShade(max(since, evening.at), min(until, morning.at), "night", text)
    held = any(one.family.readiness for one in site.devices.values())
    for one in due if held else ():
        first, last = one.at - AROUND, one.at + AROUND
        if first < until and since < last:
            text = renderer.t(f"now.{one.name}", at=renderer.when(one.at))
            yield ChartShade(max(since, first), min(until, last), "ceremony", text)
