"""What keeps a time from being learned from, as the commands that mark it: an alarm that was a true fault."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from shlex import quote
from typing import TYPE_CHECKING

from facilityd.cli.words import sentence
from facilityd.model.sample import NS
from facilityd.query.instants import iso_instant

if TYPE_CHECKING:
    from facilityd.app.commission import FitResult
    from facilityd.config.site import Site
    from facilityd.model.text import Language

MOST = 10
"""Commands that are offered at once."""


def offered_marks(site: Site, results: Iterable[FitResult], language: Language) -> Iterator[str]:
    """Yield how each alarm that is in the way is marked as an incident, so that its time is left out."""
    found = dict.fromkeys(trouble for one in results for trouble in one.troubles)
    own = [one for one in found if one.device in site.devices]
    if own:
        yield sentence("mark-them", language)
    for one in islice(own, MOST):
        # To the next whole second: the mark holds the alarm's end.
        since, until = one.since - one.since % NS, one.until - one.until % NS + NS
        times = f"--since {iso_instant(since, site.timezone)} --until {iso_instant(until, site.timezone)}"
        yield f"  facilityd mark {quote(site.source)} {one.device} incident {times} --note {one.rule}"
    if len(own) > MOST:
        yield sentence("marks-more", language, count=len(own) - MOST)
