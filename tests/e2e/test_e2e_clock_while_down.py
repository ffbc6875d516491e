"""Somebody sets the clock while the daemon is stopped, or after it was killed: a shelf lasts as long as was asked."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.contacts_site import contacts_site
from support.daemon import until

from facilityd.app.daemon import watch
from facilityd.app.environment import Environment
from facilityd.config.site import Site
from facilityd.model.alarm import AlarmState
from facilityd.model.clock import Clock
from facilityd.model.command import ShelveAlarm
from facilityd.model.sample import NS
from facilityd.store.reader import JournalReader
from facilityd.supervise.inbox import Inbox

HOUR = 3600 * NS
FIRE = ("fire", "active")


@contextlib.asynccontextmanager
async def watched(site: Site, off: int) -> AsyncIterator[None]:
    """The daemon in this process, where the clock is wrong by ``off`` ns."""
    stop, clock = asyncio.Event(), Clock(wall=lambda: time.time_ns() + off)
    daemon = asyncio.create_task(watch(site, stop, Environment(clock=clock, signals=False)))
    try:
        yield
        assert not daemon.done()
    finally:
        stop.set()
        await daemon


def fire(journal: Path) -> AlarmState | None:
    if not journal.exists():
        return None
    with JournalReader.open(journal) as reader:
        return next((one for one in reader.alarms() if (one.device, one.rule) == FIRE), None)


def shelf_ends(journal: Path) -> int:
    state = fire(journal)
    return (state.suppressors[0].until or 0) if state and state.suppressors else 0


async def shelved(site: Site, journal: Path, beat: Path) -> tuple[int, bytes]:
    """Shelve the fire alarm, and stop; return when the shelf ends (ns UTC), and the last heartbeat."""
    async with watched(site, 0):
        await until(lambda: beat.exists() and b"running" in beat.read_bytes())
        asked = {"device": "fire", "rule": "active", "person": "li", "comment": "welding"}
        Inbox(journal).drop(ShelveAlarm(**asked, until=time.time_ns() + 2000 * NS))
        await until(lambda: shelf_ends(journal) > 0)
        ends, last = shelf_ends(journal), beat.read_bytes()
    return ends, last


@pytest.mark.parametrize("killed", [False, True], ids=["stopped", "killed"])
@pytest.mark.parametrize("off", [HOUR, -HOUR])
async def test_a_shelf_lasts_as_long_as_was_asked(tmp_path: Path, off: int, *, killed: bool) -> None:
    site = contacts_site(tmp_path)
    journal, beat = Path(site.store.path), Path(f"{site.store.path}.heartbeat")
    ends, last = await shelved(site, journal, beat)
    if killed:
        beat.write_bytes(last)
    async with watched(site, off):
        await until(lambda: shelf_ends(journal) != ends)
        moved = shelf_ends(journal) - ends - off
        assert abs(moved) < NS, "two readings of two clocks, one after the other"
    async with watched(site, off):
        await until(lambda: beat.exists() and b"running" in beat.read_bytes())
    assert shelf_ends(journal) - ends - off == moved, "and a start at which nobody set it moves nothing"


async def test_of_another_run_of_the_machine_nothing_is_said(tmp_path: Path) -> None:
    site = contacts_site(tmp_path)
    journal, beat = Path(site.store.path), Path(f"{site.store.path}.heartbeat")
    ends, last = await shelved(site, journal, beat)
    beat.write_bytes(last.replace(b'"boot": "', b'"boot": "0'))
    async with watched(site, HOUR):
        await until(lambda: beat.exists() and b"running" in beat.read_bytes())
        assert shelf_ends(journal) == ends
