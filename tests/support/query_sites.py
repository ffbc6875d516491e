"""Two sites for tests of the read model: one with a stored scenario, one whose journal the test writes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from facilityd.config.site import Site
from facilityd.model.quality import Reason
from facilityd.model.sample import NS, Sample, Value
from facilityd.query.site import SiteQuery
from facilityd.store.journal import Journal
from facilityd.store.samples import SampleWrite

T0 = 1_790_000_040 * NS
"""A whole minute: 2026-09-21 22:14 in the yard."""


@dataclass(frozen=True)
class StoredSite:
    """A site whose daemon stopped at ``now`` (ns UTC)."""

    site: Site
    now: int

    def ask(self, later: int = 0) -> SiteQuery:
        """Open the journal as somebody does ``later`` ns after the stop."""
        return SiteQuery(self.site, lambda: self.now + later)


class MeterSite:
    """A site of three meters, and the one writer of its journal; samples are of the meter at the gate."""

    def __init__(self, site: Site, journal: Journal) -> None:
        self.site, self.journal = site, journal
        self.now = T0
        (self.stream,) = site.devices["gate"].streams
        self.regions = count(0, 10_000)
        """Seconds after T0, each far from the one before: for tests that store again and again."""

    def store(self, at: float, power: Value | None, reason: Reason | None = None) -> None:
        """Store one reading, ``at`` seconds after T0."""
        instant, index = T0 + round(at * NS), self.stream.signals.index("power")
        values = tuple(power if n == index else True for n in range(len(self.stream.signals)))
        reasons = {index: reason} if reason else {}
        self.journal.commit([SampleWrite([Sample(self.stream, instant, instant, values, reasons)])])

    def ask(self) -> SiteQuery:
        """Open the journal for reading."""
        return SiteQuery(self.site, lambda: self.now)
