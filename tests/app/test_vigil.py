"""The checks before a ceremony: made once each, recorded, told where not ready, whatever restarts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support.commands import result

from facilityd.model.command import RevokeWaiver, WaiveItem
from facilityd.model.notice import Purpose
from facilityd.model.readiness import Check, ItemOutcome
from facilityd.model.sample import NS
from facilityd.store.journal import Journal
from facilityd.store.reader import JournalReader
from facilityd.store.readiness import CheckWrite
from facilityd.supervise.inbox import Inbox
from facilityd.testing.site import begin

# On this day the sun rises at 05:56 and sets at 18:38 local time. The evening before gives every rule its run.
EVENING, MORNING = "2026-04-02T18:20", "2026-04-03T04:20"
ONLY = ("hoist-1", "weather")
MIN = 60 * NS
BLOCKED = ("drive-ready", "emergency-chain")


def _checks(site: Any, device: str = "hoist-1", name: str = "sunrise") -> list[Check]:
    with JournalReader.open(site.journal) as reader:
        return [one for one in reader.checks() if (one.device, one.name) == (device, name)]


def _told(site: Any) -> list[tuple[Purpose, str, int, str]]:
    with JournalReader.open(site.journal) as reader:
        notices = [entry.notice for entry in reader.outbox()]
    found = [n for n in notices if n.purpose in (Purpose.NOT_READY, Purpose.READY) and n.at > _night(site)]
    return [(n.purpose, n.language, n.priority, n.body) for n in found]


def _night(site: Any) -> int:
    return round(datetime(2026, 4, 3, tzinfo=ZoneInfo(site.site.timezone)).timestamp()) * NS


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the daemon kept its journal from the evening until the morning."""
    folder = tmp_path_factory.mktemp("night")
    with begin("square", folder, ONLY, EVENING, 1, real=False) as site:
        site.advance("10h")
    return folder


@pytest.fixture
def morning(night: Path, tmp_path: Path) -> Iterator[Any]:
    """The same journal again, and the daemon started on it in the morning."""
    folder = tmp_path / "site"
    shutil.copytree(night, folder)
    with begin("square", folder, ONLY, MORNING, 1, real=False) as site:
        yield site


def test_a_healthy_morning_is_ready_three_times_and_nobody_is_told(morning: Any) -> None:
    morning.advance("2h")
    checks = _checks(morning)
    assert [(one.before // MIN, one.ready, one.late // NS) for one in checks] == [
        (60, True, 0),
        (30, True, 0),
        (10, True, 0),
    ]
    assert {item.outcome for item in checks[0].items} == {ItemOutcome.PASS}
    assert _told(morning) == []


def test_a_fault_is_told_at_each_instant_and_its_end_once(morning: Any) -> None:
    morning.fault("hoist-1", "estop", lasting="80min")  # T-60 and T-30 see it, T-10 does not
    morning.advance("100min")
    assert [one.ready for one in _checks(morning)] == [False, False, True]
    told = _told(morning)
    purposes = [Purpose.NOT_READY] * 4 + [Purpose.READY] * 2
    assert [(purpose, language) for purpose, language, *_ in told] == list(
        zip(purposes, ["zh", "en"] * 3, strict=True)
    )
    assert "急停回路闭合：未通过" in told[0][3]
    assert "Emergency-stop chain closed: FAIL" in told[1][3]
    assert "in 1 h" in told[1][3]
    assert "现已通过" in told[4][3]
    assert "急停回路闭合：通过（急停回路闭合（" in told[4][3], "with what it rests on now, and its age"
    assert "Emergency-stop chain closed: pass (the emergency-stop chain is closed (" in told[5][3]
    assert " ago))" in told[5][3]


def test_the_last_check_before_the_ceremony_is_the_most_urgent(morning: Any) -> None:
    morning.fault("hoist-1", "estop")
    morning.advance("100min")
    assert [priority for *_, priority, _ in _told(morning)] == [3, 3, 3, 3, 4, 4]


@pytest.mark.parametrize("again", [0, 1, 3])
def test_restarts_make_no_check_twice_and_leave_none_out(morning: Any, again: int) -> None:
    morning.fault("hoist-1", "estop")
    for _ in range(again):
        morning.advance("20min")
        morning.restart()
    morning.advance(f"{100 - 20 * again}min")
    assert [one.before // MIN for one in _checks(morning)] == [60, 30, 10]
    assert len(_told(morning)) == 6


def test_a_waiver_is_recorded_with_the_check_and_stops_the_notices(morning: Any) -> None:
    morning.fault("hoist-1", "estop")
    until = round(morning.now.timestamp() * NS) + 60 * MIN
    inbox = Inbox(morning.journal)
    asked = [
        WaiveItem(device="hoist-1", item=item, person="Li Na", reason="reset by hand", until=until)
        for item in BLOCKED
    ]
    names = [inbox.drop(ask) for ask in asked]
    morning.advance("45min")  # T-60 is within
    assert [result(morning.journal, name) for name in names] == ["", ""]
    (check,) = _checks(morning)
    assert {
        one.item: one.waived_by for one in check.items if one.outcome is ItemOutcome.WAIVED
    } == dict.fromkeys(BLOCKED, "Li Na")
    assert check.ready
    assert _told(morning) == []
    morning.advance("35min")  # the waiver has ended before T-30
    assert not _checks(morning)[-1].ready
    assert len(_told(morning)) == 2


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"device": "hoist-9"}, "no item"),
        ({"item": "brakes"}, "no item 'brakes'"),
        ({"person": " "}, "a name and a reason"),
        ({"reason": ""}, "a name and a reason"),
        ({"until": 0}, "ends in the future"),
        ({"until": 2**62}, "within 31 days"),
    ],
)
def test_a_waiver_without_name_reason_or_end_is_refused(
    morning: Any, changes: dict[str, Any], why: str
) -> None:
    until = round(morning.now.timestamp() * NS) + 60 * MIN
    inbox = Inbox(morning.journal)
    asked = {"device": "hoist-1", "item": "brake", "person": "Li Na", "reason": "looked at", "until": until}
    name = inbox.drop(WaiveItem(**(asked | changes)))
    morning.advance("2min")
    assert why in result(morning.journal, name)
    with JournalReader.open(morning.journal) as reader:
        assert reader.waivers() == []


def test_a_waiver_taken_back_counts_no_more_and_stays_on_record(morning: Any) -> None:
    inbox = Inbox(morning.journal)
    until = round(morning.now.timestamp() * NS) + 600 * MIN
    inbox.drop(WaiveItem(device="hoist-1", item="brake", person="Li Na", reason="looked at", until=until))
    morning.advance("2min")
    name = inbox.drop(RevokeWaiver(waiver=1, person="Wang Wei"))
    morning.advance("2min")
    again = inbox.drop(RevokeWaiver(waiver=1, person="Wang Wei"))
    morning.advance("2min")
    assert result(morning.journal, name) == ""
    assert "no waiver 1 is in force" in result(morning.journal, again)
    with JournalReader.open(morning.journal) as reader:
        (waiver,) = reader.waivers()
    assert (waiver.person, waiver.revoker) == ("Li Na", "Wang Wei")
    assert not waiver.holds(until - MIN)


def test_a_check_that_is_already_there_stands(tmp_path: Path) -> None:
    first = Check(10**18, 3600 * NS, "hoist-1", "sunrise", 10**18 - 3600 * NS, ())
    with Journal.open(tmp_path / "j.db", max_bytes=2**24, max_age=10**15) as journal:
        journal.commit([CheckWrite([first])])
        journal.commit([CheckWrite([Check(10**18, 3600 * NS, "hoist-1", "sunrise", 10**18, ())])])
        with JournalReader.open(journal.path) as reader:
            assert reader.checks() == [first]
