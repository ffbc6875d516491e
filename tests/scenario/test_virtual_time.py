"""Virtual time: the real daemon, another clock, another wire, and nothing left to chance."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from devices.modbus import client
from devices.modbus.plan import plan_unit
from devices.modbus.poll import CompiledUnit, poll
from devices.profile import ModbusProfile
from devices.unit import ModbusLink
from facilityd.config.load import load
from facilityd.config.site import Site
from facilityd.errors import LinkOutage, UsageError
from facilityd.model.clock import Clock
from facilityd.model.sample import NS
from facilityd.scenario.in_memory_site import InMemorySite
from facilityd.scenario.loop import LoopStandstill, VirtualLoop
from facilityd.scenario.subset import subset
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.scenario.wire import in_memory
from facilityd.store.reader import JournalReader

SQUARE = Path(__file__).resolve().parents[2] / "config" / "square"


@pytest.fixture(scope="module")
def site() -> Site:
    return load(SQUARE)


def instant(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()) * NS


def journal_of(site: Site, folder: Path, seed: int, hours: float = 0.5) -> str:
    folder.mkdir()
    with VirtualRuntime(site, folder, start=instant("2026-10-01T05:50"), seed=seed) as runtime:
        runtime.advance(600)
        runtime.fault("fountain-2", "leakage", 0.04)
        runtime.hazard("lighting-bus", "noise")
        runtime.advance(hours * 3600 - 600)
    return hashlib.sha256(runtime.journal.read_bytes()).hexdigest()


def test_one_seed_gives_one_journal_byte_for_byte_and_another_seed_another(
    site: Site, tmp_path: Path
) -> None:
    first, again = (journal_of(site, tmp_path / name, 1) for name in "ab")
    other = journal_of(site, tmp_path / "c", 2)
    assert first == again
    assert first != other


def test_the_order_of_sets_and_hashes_plays_no_part(tmp_path: Path) -> None:
    story = (
        "import sys, pathlib; sys.path[:0] = sys.argv[2:]; import test_virtual_time as t;"
        "print(t.journal_of(t.load(t.SQUARE), pathlib.Path(sys.argv[1]), 1, 0.2))"
    )
    said = []
    for hashing in ("1", "2"):
        words = [
            sys.executable,
            "-c",
            story,
            str(tmp_path / hashing),
            str(Path(__file__).parent),
            str(SQUARE.parents[1]),
        ]
        done = subprocess.run(
            words, capture_output=True, text=True, env={"PYTHONHASHSEED": hashing}, check=True
        )
        said.append(done.stdout.split()[-1])
    assert said[0] == said[1]


def test_everything_is_read_and_everybody_is_told(site: Site, tmp_path: Path) -> None:
    with VirtualRuntime(site, tmp_path, start=instant("2026-06-10T20:00")) as runtime:
        runtime.advance(1200)
        runtime.fault("fountain-2", "leakage", 0.04, ramp=0)
        runtime.advance(300)
        assert {(n.channel, n.rule) for n in runtime.mailbox.taken} >= {
            (c.id, "leakage") for p in site.recipients.values() for c in p.channels
        }
        bodies = [n.body for n in runtime.mailbox.taken if n.rule == "leakage" and n.purpose == "raised"]
        assert bodies
        assert all("▁" in body and "█" in body for body in bodies), "each shows what led to it"
        assert sum(endpoint.writes for endpoint in runtime.field.endpoints.values()) == 0
    with JournalReader.open(runtime.journal) as reader:
        heard = {reader.sample(row).stream.unit for row in reader.latest()}
    assert heard >= set(site.units)


def test_time_passes_exactly_as_far_as_it_is_told(site: Site, tmp_path: Path) -> None:
    start = instant("2026-06-10T12:00")
    with VirtualRuntime(subset(site, ["weather"]), tmp_path, start=start) as runtime:
        runtime.advance(90)
        assert runtime.now == start + 90 * NS
        runtime.until(start + 3600 * NS)
        runtime.until(start)
        assert runtime.now == start + 3600 * NS, "time never goes back"


def test_a_restart_goes_on_where_it_was(site: Site, tmp_path: Path) -> None:
    with VirtualRuntime(subset(site, ["fountain-2"]), tmp_path, start=instant("2026-06-10T12:00")) as runtime:
        runtime.fault("fountain-2", "leakage", 0.04, ramp=0)
        runtime.advance(300)
        runtime.restart()
        runtime.advance(600)
        with JournalReader.open(runtime.journal) as reader:
            raised = [c.change for c in reader.changes() if c.change.kind == "raise"]
    told = [c for c in raised if c.evidence and not c.evidence.cause]
    assert [(c.device, c.rule, c.occurrence) for c in told] == [("fountain-2", "leakage", 1)]


def test_a_bug_in_the_daemon_ends_the_stage_loudly(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from facilityd.detect.engine import RuleEngine

    def broken(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    with (  # noqa: PT012 - the runtime ends within
        pytest.raises(BaseExceptionGroup) as told,
        VirtualRuntime(subset(site, ["weather"]), tmp_path, start=instant("2026-06-10T12:00")) as runtime,
    ):
        monkeypatch.setattr(RuleEngine, "evaluate", broken)
        runtime.advance(600)
    assert told.group_contains(ZeroDivisionError, match="a bug")


def test_names_that_the_site_does_not_have_are_refused(site: Site, tmp_path: Path) -> None:
    with VirtualRuntime(subset(site, ["weather"]), tmp_path, start=instant("2026-06-10T12:00")) as runtime:
        for act in (
            lambda: runtime.fault("fountain-9", "leakage"),
            lambda: runtime.fault("weather", "leakage"),
            lambda: runtime.hazard("nowhere", "silent"),
            lambda: runtime.hazard("weather-station", "no-such"),
            lambda: runtime.demand("weather"),
        ):
            with pytest.raises(UsageError):
                act()
    with pytest.raises(UsageError, match="did you mean 'weather'"):
        subset(site, ["wether"])


def test_a_loop_in_which_nothing_is_planned_says_so() -> None:
    loop = VirtualLoop()
    with pytest.raises(LoopStandstill):
        loop.run_until_complete(asyncio.Event().wait())
    loop.close()


def test_the_short_way_and_the_frames_bring_the_same_samples(site: Site) -> None:
    """Healthy units answer past the frames; with frames, through the real client, nothing differs."""
    loop = VirtualLoop()
    field = InMemorySite(site, loop, instant("2026-06-10T20:05"), 1)
    asyncio.set_event_loop(loop)

    async def both() -> int:
        for task in field.open():
            task.cancel()
        compared = 0
        for unit in site.units.values():
            link = site.links[unit.link]
            if not isinstance(unit.profile, ModbusProfile) or not isinstance(link, ModbusLink):
                continue
            program = CompiledUnit.of(plan_unit(unit, link))
            async with field.wires.connect(link) as direct:
                short = await poll(program, direct, Clock())
                async with client.connect(in_memory(link)) as framed:
                    long = await poll(program, framed, Clock())
            assert [(s.values, s.reasons) for s in short.samples] == [
                (s.values, s.reasons) for s in long.samples
            ]
            compared += len(short.samples)
        return compared

    try:
        assert loop.run_until_complete(both()) > 60
    finally:
        loop.close()
        asyncio.set_event_loop(None)


def test_a_refused_link_is_an_outage_and_comes_back(site: Site, tmp_path: Path) -> None:
    with VirtualRuntime(subset(site, ["weather"]), tmp_path, start=instant("2026-06-10T12:00")) as runtime:
        runtime.advance(120)
        runtime.hazard("weather-bus", "refused")
        runtime.advance(300)
        runtime.hazard("weather-bus", "none")
        runtime.advance(300)
    with JournalReader.open(runtime.journal) as reader:
        kinds = [c.change.kind.value for c in reader.changes() if c.change.device == "link-weather-bus"]
    assert [kind for kind in kinds if kind in ("raise", "clear")] == ["raise", "clear"]
    assert LinkOutage("x").what == "x"
