"""Gaps without reading the hours, and minutes, of which roll-ups know that a value always held."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import apsw

from facilityd.model.intervals import Span, union, without
from facilityd.store.history import Gap, gaps
from facilityd.store.rollup import HOUR, Rollup
from facilityd.store.rollup_blocks import HOURS, MINUTES, Level
from facilityd.store.sealed import Point, damaged_spans


def quick_gaps(
    read: Callable[[int, int], Iterator[Point]],
    rollups: Callable[[int, int, Level], Iterable[Rollup]] | None,
    expected: int,
    span: tuple[int, int],
    oldest: int,
) -> Iterator[Gap]:
    """Iterate over the gaps of a span (ns UTC) as ``gaps`` does; ``rollups`` None: all of it is read.

    ``oldest``: of what lies before it the samples are forgotten.
    """
    since, until = span
    hours = rollups(since // HOUR * HOUR, until, HOURS) if rollups else ()
    for begin, end in doubtful(hours, since, until, oldest):
        kept = max(begin, oldest)  # minutes of what lies before would be looked for hour by hour, in vain
        minutes = rollups(kept // HOUR * HOUR, end, MINUTES) if rollups and end - kept >= HOUR else ()
        for part in doubtful(minutes, begin, end, oldest, MINUTES.width):
            yield from gaps(read, expected, *part, since)


def sound_hours(
    db: apsw.Connection,
    stream: int,
    rollups: Callable[[int, int, Level], Iterable[Rollup]],
    since: int,
    until: int,
    level: Level,
) -> list[Rollup]:
    """Return a stream's roll-ups without those of hours whose samples are damaged by now: these are a gap."""
    damaged = damaged_spans(db, stream, since, until)
    return [
        one
        for one in rollups(since, until, level)
        if not any(first < one.start + HOUR and last >= one.start for first, last in damaged)
    ]


def doubtful(rolled: Iterable[Rollup], since: int, until: int, oldest: int, width: int = HOUR) -> list[Span]:
    """Return the parts of since..until (ns UTC) that may hold a gap, in order.

    ``rolled``: the roll-ups by ``width`` ns, in order; before ``oldest`` the samples are forgotten.
    """
    whole = (one.start for one in rolled if one.covered >= width and not one.bad and one.start >= oldest)
    return without([(since, until)], union((start, start + width) for start in whole))
