"""What history is read from: the journal, or an InfluxDB that has it too. Equal data, equal answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from facilityd.model.downtime import Downtime
from facilityd.store.history import Gap
from facilityd.store.rollup import Rollup
from facilityd.store.rollup_blocks import Level
from facilityd.store.sealed import Point

if TYPE_CHECKING:
    from facilityd.store.reader import JournalReader


class HistoryReader(Protocol):
    """Instants in ns UTC. What a signal is called no stream of it need bear: then there is nothing."""

    @property
    def journal(self) -> JournalReader | None:
        """The journal, which knows when nobody watched; None where there is none."""

    def history(self, device: str, signal: str, since: int, until: int) -> Iterator[Point]:
        """Iterate over (at, value, reason) with since <= at < until, in order."""

    def rollups(self, device: str, signal: str, since: int, until: int, level: Level) -> list[Rollup]:
        """Return the buckets of a level that start at since <= start < until and hold anything, in order."""

    def rolled(self, device: str, signal: str, since: int, until: int, width: int) -> list[Rollup]:
        """Return the buckets of any ``width`` (ns) within since..until that hold anything, in order."""

    def gaps(
        self, device: str, signal: str, since: int, until: int, unrecorded: Sequence[Downtime] = ()
    ) -> Iterator[Gap]:
        """Iterate over the intervals without good values; ``unrecorded``: downtimes not stored yet."""

    def oldest(self) -> int:
        """Return the instant before which there are no samples, but roll-ups of them still; 0 if none is."""
