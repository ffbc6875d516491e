"""One signal in buckets: what its values were and how long they held. Computed from values, nothing else.

A value holds until the next sample of its stream, at most for the time after which it is stale; a sample
without a value ends it. What holds into a bucket counts in it. So a bucket is a function of the samples in it
and of the last one before it, in whatever order they came.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from facilityd.model.sample import NS, STALE_PERIODS, Number

HOUR = 3600 * NS
Held = tuple[int, Number | None, bool]
"""(at in ns UTC, value or None, whether it is good)."""


@dataclass(slots=True)
class Rollup:
    """One bucket, from ``start`` (ns UTC) on.

    ``count``: samples with a value; ``bad``: samples that were not good; an uncertain one counts in both.
    ``least``, ``greatest``, ``first`` and ``last`` are of those values, None where there is none.
    ``covered``: ns for which some value held, ``good``: for which a good one did; ``integral``: value x s.
    ``resets``: drops to less than half within the bucket, ``before`` the sum of the values before them.
    ``states``: ns by value, where values are states.
    """

    start: int
    count: int = 0
    bad: int = 0
    least: Number | None = None
    greatest: Number | None = None
    first: Number | None = None
    last: Number | None = None
    covered: int = 0
    good: int = 0
    integral: float = 0.0
    resets: int = 0
    before: float = 0.0
    states: dict[int, int] = field(default_factory=dict)

    @property
    def mean(self) -> float | None:
        """The mean over the time in which a value held, None where none did."""
        return self.integral * NS / self.covered if self.covered else None

    @property
    def increase(self) -> float | None:
        """How much a counter that resets to 0 went on within the bucket, None without a value."""
        if self.first is None or self.last is None:
            return None
        return self.last - self.first + self.before

    def rolled_over(self, modulus: float) -> float | None:
        """Return how much a counter went on that begins anew at ``modulus``."""
        if self.first is None or self.last is None:
            return None
        return self.last - self.first + self.resets * modulus

    def add(self, value: Number | None, *, good: bool) -> None:
        """Take in a sample."""
        if not good:
            self.bad += 1
        if value is None:
            return
        self.count += 1
        last = self.last
        if last is None or self.least is None or self.greatest is None:
            self.least = self.greatest = self.first = self.last = value
            return
        if value < last:
            self.least = min(self.least, value)
            if 0 <= value < last / 2:
                self._reset()
        elif value > self.greatest:
            self.greatest = value
        self.last = value

    def hold(self, value: Number, length: int, *, good: bool, states: bool) -> None:
        """Take in that a value held for ``length`` ns."""
        self.covered += length
        if good:
            self.good += length
        self.integral += value * (length / NS)
        if states:
            self.states[int(value)] = self.states.get(int(value), 0) + length

    def join(self, later: Rollup) -> None:
        """Take in the bucket behind this one."""
        self.count += later.count
        self.bad += later.bad
        if later.least is not None and later.greatest is not None and later.first is not None:
            self.least = later.least if self.least is None else min(self.least, later.least)
            self.greatest = later.greatest if self.greatest is None else max(self.greatest, later.greatest)
            if self.last is not None and 0 <= later.first < self.last / 2:
                self._reset()
            self.first = later.first if self.first is None else self.first
            self.last = later.last
        self.covered += later.covered
        self.good += later.good
        self.integral += later.integral
        self.resets += later.resets
        self.before += later.before
        for value, length in later.states.items():
            self.states[value] = self.states.get(value, 0) + length

    def _reset(self) -> None:
        """Note that a counter began anew behind the last value."""
        self.resets += 1
        self.before += float(self.last or 0)


def stale_after(expected: int) -> int:
    """Return how long a value of a stream that is read every ``expected`` ns holds at most, ns.

    Never longer than an hour: what holds into an hour is looked for in the one before.
    """
    return min(STALE_PERIODS * expected, HOUR)


def number_of(value: object) -> Number | None:
    """Return a value as buckets count it: a switch is 0 or 1, a text is nothing."""
    if isinstance(value, bool):
        return int(value)
    return value if isinstance(value, int | float) else None


def roll(
    samples: Iterable[Held], since: int, until: int, width: int, stale: int, *, states: bool = False
) -> list[Rollup]:
    """Return the buckets of ``width`` ns within since..until that hold anything, in order.

    ``samples`` in the order of their instants; those before ``since`` only hold into it. All in ns.
    """
    found: dict[int, Rollup] = {}
    held: Held = (since, None, False)
    bucket, begin, end = Rollup(since), 0, 0
    for one in samples:
        at, value, good = one
        if held[1] is not None:
            stop = min(at, held[0] + stale, until)
            if begin <= held[0] < stop <= end:
                bucket.hold(held[1], stop - held[0], good=held[2], states=states)
            else:
                _spread(found, held, stop, since, width, states=states)
        held = one
        if since <= at < until:
            if not begin <= at < end:
                bucket = _bucket(found, at, since, width)
                begin, end = bucket.start, bucket.start + width
            bucket.add(value, good=good)
    if held[1] is not None:
        _spread(found, held, min(held[0] + stale, until), since, width, states=states)
    return [found[start] for start in sorted(found)]


def _bucket(found: dict[int, Rollup], at: int, since: int, width: int) -> Rollup:
    start = since + (at - since) // width * width
    bucket = found.get(start)
    if bucket is None:
        bucket = found[start] = Rollup(start)
    return bucket


def _spread(
    found: dict[int, Rollup], held: Held, until: int, since: int, width: int, *, states: bool
) -> None:
    at, value, good = held
    at = max(at, since)
    if value is None:
        return
    while at < until:
        bucket = _bucket(found, at, since, width)
        end = min(until, bucket.start + width)
        bucket.hold(value, end - at, good=good, states=states)
        at = end


def joined(rollups: Iterable[Rollup], width: int, since: int = 0) -> Iterator[Rollup]:
    """Iterate over wider buckets of ``width`` ns, counted from ``since``, made of narrower ones in order."""
    current: Rollup | None = None
    for one in rollups:
        start = since + (one.start - since) // width * width
        if current is None or current.start != start:
            if current is not None:
                yield current
            current = Rollup(start)
        current.join(one)
    if current is not None:
        yield current


def merged(parts: Sequence[Iterable[Rollup]]) -> list[Rollup]:
    """Return the buckets of several streams that carry the same signal, those of one start as one."""
    found: dict[int, Rollup] = {}
    for part in parts:
        for one in part:
            if one.start in found:
                found[one.start].join(one)
            else:
                found[one.start] = one
    return [found[start] for start in sorted(found)]
