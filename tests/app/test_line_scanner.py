"""A scan that a person asks of the daemon: what is refused, what ends it, and that it is always answered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.reloading import NIGHT, rescaled, without

from facilityd.config.load import load
from facilityd.model.command import ScanLink, StopScan
from facilityd.model.command_record import CommandRecord
from facilityd.model.refusal import read
from facilityd.model.sample import NS
from facilityd.model.scan_result import ScannedLink, ScanResult
from facilityd.scenario.load import square
from facilityd.scenario.subset import subset
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.reader import JournalReader
from facilityd.supervise.inbox import Inbox

SITE = subset(load(square()), ("gate-base", "fountain-1", "lantern-1"))
LINK, BROKER = "lighting-bus", "broker"
"""Of the site's links the one on which gate-base's meter is."""
AROUND = [*range(100, 110)]
"""Ids of nobody."""
MANY = [*range(100, 240)]
"""Ids of nobody, who keep a scan busy for minutes: a quiet daemon looks at its inbox once a minute."""
LOOK = 70


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[VirtualRuntime]:
    with VirtualRuntime(SITE, tmp_path, start=NIGHT) as opened:
        opened.advance(60)
        yield opened


def ask(runtime: VirtualRuntime, link: str = LINK, age: int = 0, **more: Any) -> str:
    given = {"ids": AROUND, "timeout": NS // 2, "within": 1800 * NS} | more
    return Inbox(runtime.journal).drop(ScanLink(person="li", at=runtime.now - age, link=link, **given))


def record(runtime: VirtualRuntime, command: str) -> CommandRecord | None:
    with JournalReader.open(runtime.journal) as reader:
        return next((one for one in reader.commands() if one.id == command), None)


def refusal(runtime: VirtualRuntime, command: str) -> str:
    found = record(runtime, command)
    assert found is not None
    return read(found.refusal).en


def result(runtime: VirtualRuntime, command: str) -> tuple[ScanResult, ScannedLink]:
    found = record(runtime, command)
    assert found is not None, "it is not answered"
    assert not found.refusal
    scanned = ScanResult.model_validate(found.payload["found"], strict=False)
    return scanned, scanned.links[0]


def why(runtime: VirtualRuntime, command: str) -> str:
    scanned, link = result(runtime, command)
    assert not scanned.complete
    assert link.reason is not None
    assert link.reason.zh != link.reason.en
    return link.reason.en


def test_a_scan_is_answered_once_all_ids_were_asked(runtime: VirtualRuntime) -> None:
    command = ask(runtime)
    runtime.advance(120)
    scanned, link = result(runtime, command)
    assert scanned.complete
    assert (link.name, link.asked, link.ids) == (LINK, len(AROUND), len(AROUND))
    there = {unit.device_id: unit.id for unit in SITE.units.values() if unit.link == LINK}
    assert {unit.device_id: unit.watched for unit in link.units} == there
    assert not scanned.anybody
    assert not list(Inbox(runtime.journal).folder.glob("*.json"))


def test_what_cannot_be_scanned_is_refused_with_a_reason(runtime: VirtualRuntime) -> None:
    asked = {
        "is no Modbus link": {"link": BROKER},
        "has no link nowhere": {"link": "nowhere"},
        "the request is old": {"age": 3600 * NS},
    }
    for said, given in asked.items():
        command = ask(runtime, **given)
        runtime.advance(LOOK)
        assert said in refusal(runtime, command)


def test_a_second_scan_is_refused_and_the_first_goes_on(runtime: VirtualRuntime) -> None:
    first, second = ask(runtime, ids=MANY), ask(runtime)
    runtime.advance(LOOK)
    assert refusal(runtime, second).startswith("li is scanning lighting-bus: one scan at a time")
    assert record(runtime, first) is None
    runtime.advance(600)
    third = ask(runtime)
    runtime.advance(120)
    assert result(runtime, first)[0].complete
    assert result(runtime, third)[0].complete


def test_one_that_is_cancelled_says_what_it_had_asked(runtime: VirtualRuntime) -> None:
    command = ask(runtime, ids=MANY)
    runtime.advance(LOOK)
    stop, wrong = (StopScan(person="li", at=runtime.now, scan=one) for one in (command, "another"))
    for one in (stop, wrong):
        Inbox(runtime.journal).drop(one)
    runtime.advance(LOOK)
    assert why(runtime, command) == "the scan was cancelled"
    assert 0 < result(runtime, command)[1].asked < 140
    assert refusal(runtime, stop.id) == ""
    assert refusal(runtime, wrong.id) == "there is no such scan, or it has ended"


def test_its_time_is_bounded(runtime: VirtualRuntime) -> None:
    command = ask(runtime, ids=MANY, within=10 * NS)
    runtime.advance(LOOK)
    assert why(runtime, command).startswith("its time is over")


def test_a_reload_that_changes_its_link_ends_it_and_another_does_not(runtime: VirtualRuntime) -> None:
    command = ask(runtime, ids=MANY)
    runtime.advance(LOOK)
    runtime.reload(without(SITE, "fountain-1"))
    runtime.advance(LOOK)
    assert record(runtime, command) is None
    device = next(
        stream.device for unit in SITE.units.values() if unit.link == LINK for stream in unit.streams
    )
    signal = next(
        stream.signals[binding.slot]
        for unit in SITE.units.values()
        for binding in unit.bindings
        if unit.link == LINK and (stream := binding.stream).device == device
    )
    runtime.reload(rescaled(without(SITE, "fountain-1"), device, signal))
    runtime.advance(LOOK)
    assert why(runtime, command).startswith("the site's files were loaded again meanwhile")


def test_a_daemon_that_stops_leaves_an_answer_and_the_next_does_nothing_for_it(
    runtime: VirtualRuntime,
) -> None:
    command = ask(runtime, ids=MANY)
    runtime.advance(LOOK)
    runtime.restart(down=1)
    assert why(runtime, command) == "the daemon was stopped meanwhile"
    runtime.advance(LOOK)
    assert not list(Inbox(runtime.journal).folder.glob("*.json"))


def test_what_was_begun_before_a_kill_is_not_begun_again_for_nobody(runtime: VirtualRuntime) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("facilityd.pipeline.flow.Flow.record", _never)
        command = ask(runtime, ids=MANY)
        runtime.advance(LOOK)
        runtime.crash(down=120)
    assert record(runtime, command) is None
    runtime.advance(LOOK)
    assert "the request is old" in refusal(runtime, command)


async def _never(*_: object) -> None:
    """Nothing is put on record, as in a kill."""
