"""Somebody moves the clock by an hour while the square is watched: marked, told, and nothing else is moved."""

from __future__ import annotations

import asyncio
import contextlib
import time
from itertools import pairwise

from support.daemon import until
from support.site import make_square, square_of

from facilityd.app.daemon import watch
from facilityd.app.environment import Environment
from facilityd.model.alarm import ChangeKind
from facilityd.model.clock import Clock
from facilityd.model.quality import Reason
from facilityd.model.sample import NS
from facilityd.store.reader import JournalReader
from simulators.broker import broker
from simulators.site import serve

HOUR = 3600 * NS
TOLD = {ChangeKind.RAISE, ChangeKind.CLEAR, ChangeKind.LATCH, ChangeKind.REALARM}


class Wall:
    """The machine's clock, which somebody sets."""

    def __init__(self):
        self.off = 0

    def __call__(self):
        return time.time_ns() + self.off


@contextlib.asynccontextmanager
async def watched(made, clock):
    """The daemon in this process, with a clock of our own."""
    site, stop = made.site, asyncio.Event()
    # The physics lives at the daemon's own hour: by day the flag is up, at night it is down.
    square = square_of(site, time.time_ns())
    async with (
        broker(made.ports[18830]),
        serve(list(site.units.values()), list(site.links.values()), square.signals, wire_time=False) as field,
    ):
        daemon = asyncio.create_task(watch(site, stop, Environment(clock=clock)))
        try:
            await until(lambda: made.journal.exists() or daemon.done())
            with JournalReader.open(made.journal) as reader:
                await until(lambda: reader.last_sample() > 60 or daemon.done(), 20)
                yield field, square, reader
            assert not daemon.done()
        finally:
            stop.set()
            await daemon


async def test_an_hour_is_marked_and_told_and_moves_nothing_else(tmp_path):
    cases = (HOUR, "clock-jump"), (-HOUR, "clock-jump-back")
    await asyncio.gather(*(_jumps(make_square(tmp_path / rule), by, rule) for by, rule in cases))


async def _jumps(made, by, rule):
    wall = Wall()
    async with watched(made, Clock(wall=wall)) as (_, square, reader):
        square.fault("fountain-2", "leakage", 0.034)  # an alarm that is there before the jump stays
        square.advance(1)
        await until(lambda: _raised(reader) == {("fountain-2", "leakage")})
        before, already = reader.last_sample(), {row.id: row for row in reader.samples_after(0, 10**6)}
        changes, jumped = len(reader.changes()), time.time_ns()
        wall.off = by
        await until(lambda: ("facilityd", rule) in _raised(reader), 30)
        enough = range(jumped + by + 12 * NS, jumped + by + HOUR // 2)
        await until(lambda: any(row.at in enough for row in reader.samples_after(before, 10**6)), 30)
        after = [reader.sample(row) for row in reader.samples_after(before, 10**6)]
        again = {row.id: row for row in reader.samples_after(0, 10**6)}
        fresh = reader.changes_after(0)[changes:]
    assert {number: again[number] for number in already} == already  # nothing is overwritten
    told = [(c.change.device, c.change.rule, c.change.kind) for c in fresh if c.change.kind in TOLD]
    assert told == [("facilityd", rule, ChangeKind.RAISE)]
    marked = [s for s in after if Reason.CLOCK in s.reasons.values()]
    clear = [s for s in after if Reason.CLOCK not in s.reasons.values()]
    assert len(marked) > 40
    assert all(abs(s.at - (jumped + by)) < 12 * NS for s in marked)
    late = [s.at for s in clear if s.at > jumped + by + 11 * NS and s.at < jumped + by + HOUR // 2]
    assert late  # ten seconds later the clock is trusted again
    # While it is in doubt no sample that already bears the new time passes for a good one.
    bearing = [s for s in clear if jumped + by <= s.at < jumped + by + 9 * NS]
    assert bearing == []
    assert all(s.values[i] is not None for s in marked for i, r in s.reasons.items() if r is Reason.CLOCK)
    _each_instant_once(after)


def _raised(reader):
    return {(s.device, s.rule) for s in reader.alarms() if s.raised_at and s.active}


def _each_instant_once(samples):
    """No two samples of one stream bear the same instant."""
    instants = sorted((hash(s.stream), s.at) for s in samples)
    assert all(one != other for one, other in pairwise(instants))
