"""Gaps of a long span: nobody looks for the minutes of hours whose samples are forgotten."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from facilityd.store.history import Gap, gaps
from facilityd.store.rollup import HOUR, Rollup
from facilityd.store.rollup_blocks import MINUTES, Level
from facilityd.store.sealed import Point
from facilityd.store.whole_hours import quick_gaps

EXPECTED = 60 * 10**9
SINCE, OLDEST, UNTIL = 0, 240 * HOUR, 250 * HOUR


def _read(since: int, until: int) -> Iterator[Point]:
    """Samples of every minute that are kept, but for one hour."""
    kept = range(max(since, OLDEST) // EXPECTED * EXPECTED, until, EXPECTED)
    yield from ((at, 1.0, None) for at in kept if at // HOUR != 245 and at >= max(since, OLDEST))


@pytest.mark.parametrize("since", [SINCE, OLDEST - HOUR // 2, OLDEST, OLDEST + HOUR])
def test_only_hours_that_are_kept_are_looked_at_by_the_minute(since: int) -> None:
    asked: list[int] = []

    def rollups(begin: int, end: int, level: Level) -> list[Rollup]:
        if level is MINUTES:
            asked.append(begin)
        return []

    found: list[Gap] = list(quick_gaps(_read, rollups, EXPECTED, (since, UNTIL), OLDEST))
    assert found == list(gaps(_read, EXPECTED, since, UNTIL, since))
    assert any(245 * HOUR <= one.until and one.since < 246 * HOUR for one in found)
    assert asked == [max(since, OLDEST) // HOUR * HOUR]
