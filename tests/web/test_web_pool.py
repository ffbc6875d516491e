"""How long a question to the journal may take: what it computes counts, not what it waits for."""

from __future__ import annotations

import time
from itertools import count
from types import SimpleNamespace

import pytest
from support.query_sites import StoredSite

from facilityd.query.site import SiteQuery
from facilityd.web import pool as pools
from facilityd.web.pool import SECONDS, QueryPool
from facilityd.web.problems import HttpProblem


def _for_ever(query: SiteQuery) -> None:
    while True:
        query.devices()


def clocks(monkeypatch: pytest.MonkeyPatch, wall: float, worked: float) -> None:
    """Let so many seconds go by on the wall, and so many of work, each time that the pool looks."""
    walls, works = count(0, wall), count(0, worked)
    made = SimpleNamespace(
        monotonic=lambda: next(walls), thread_time=lambda: next(works), time_ns=time.time_ns
    )
    monkeypatch.setattr(pools, "time", made)


@pytest.mark.parametrize(("wall", "worked"), [(SECONDS, SECONDS + 1), (SECONDS * 4, 0)])
async def test_a_question_that_takes_too_long_is_given_up_and_one_may_come_again(
    morning: StoredSite, monkeypatch: pytest.MonkeyPatch, wall: float, worked: float
) -> None:
    clocks(monkeypatch, wall, worked)
    pool = QueryPool(morning.site, lambda: morning.now)
    try:
        with pytest.raises(HttpProblem, match="was given up") as told:
            await pool.ask(_for_ever)
        assert (told.value.status, told.value.headers) == (503, {"Retry-After": "10"})
    finally:
        pool.close()


async def test_a_busy_machine_is_no_reason_to_give_up(
    morning: StoredSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first looks at the clock fall beyond ten seconds by the wall, of which none was work."""
    clocks(monkeypatch, SECONDS / 100, 0)
    pool, looks = QueryPool(morning.site, lambda: morning.now), 0

    def long(query: SiteQuery) -> int:
        nonlocal looks
        begun = pools.time.monotonic()
        while pools.time.monotonic() < begun + SECONDS * 1.5:
            looks += len(query.devices())
        return looks

    try:
        assert await pool.ask(long)
    finally:
        pool.close()
