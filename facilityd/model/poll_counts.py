"""How late the polls of a link were and how busy it was: counted from its start, read as differences."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from operator import sub

EDGES = (
    0.001, 0.002, 0.003, 0.005, 0.007, 0.01, 0.015, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7,
    1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0, 15.0, 20.0, 30.0, 60.0, 600.0,
)  # fmt: skip
"""Upper edges, in s, of the steps in which lateness is counted; what is later still counts in the last."""


@dataclass(slots=True)
class PollCounts:
    """What a link's adapter counts, one look-up a poll: ``late`` polls by step, ``busy`` in s."""

    late: list[int] = field(default_factory=lambda: [0] * len(EDGES))
    busy: float = 0.0

    def poll(self, by: float) -> None:
        """Count a poll that began ``by`` s after its time."""
        self.late[min(bisect_left(EDGES, by), len(EDGES) - 1)] += 1


@dataclass(frozen=True, slots=True)
class PollSpan:
    """What was counted within ``seconds``."""

    late: Sequence[int]
    busy: float
    seconds: float

    def within(self, share: float) -> float:
        """Return by how many s at most this share of the polls was late; 0 where none was due."""
        if not (count := sum(self.late)):
            return 0.0
        wanted = share * count
        return next(edge for edge, sofar in zip(EDGES, accumulate(self.late), strict=True) if sofar >= wanted)

    @property
    def load(self) -> float:
        """The share of the time in which somebody was asked, from 0 to 1."""
        return min(1.0, self.busy / self.seconds) if self.seconds > 0 else 0.0


class PollSpans:
    """Remembers what each link had counted when it was last asked; instants in s on one steady clock."""

    def __init__(self) -> None:
        self._before: dict[str, tuple[PollCounts, float, tuple[int, ...], float]] = {}

    def take(self, link: str, counts: PollCounts, now: float) -> PollSpan:
        """Return what a link counted since it was last asked, or since a start of its adapter."""
        known, at, late, busy = self._before.get(link, (counts, now, (0,) * len(EDGES), 0.0))
        if known is not counts:  # another adapter, which counts from its start
            late, busy = (0,) * len(EDGES), 0.0
        self._before[link] = counts, now, tuple(counts.late), counts.busy
        more = tuple(map(sub, counts.late, late))
        return PollSpan(more, counts.busy - busy, now - at)


def together(spans: Iterable[PollSpan]) -> PollSpan:
    """Return the polls of several links as if they were of one; how busy they were is not told."""
    found = [one.late for one in spans]
    return PollSpan(tuple(map(sum, zip(*found, strict=True))) if found else (0,) * len(EDGES), 0.0, 0.0)
