"""The hazard ledger: nothing that is open is left out, each with since when, who has it and what comes next."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.alarm_history import AlarmHistory, alarm_history
from support.query_sites import StoredSite

from facilityd.cli.main import facilityd
from facilityd.errors import UsageError
from facilityd.model.alarm import AlarmCondition, AlarmState
from facilityd.model.quality import Reason
from facilityd.model.readiness import Waiver
from facilityd.model.sample import NS, Sample
from facilityd.model.suppression import Suppression, Suppressor
from facilityd.model.task import TaskEvent, TaskEventKind
from facilityd.query.hazards import HazardRow
from facilityd.store.changes import AlarmWrite
from facilityd.store.readiness import WaiverWrite
from facilityd.store.samples import SampleWrite
from facilityd.store.tasks import TaskWrite

HOUR = 3600 * NS
ANSI = re.compile("\x1b")


@pytest.fixture
def history(tmp_path: Path) -> Iterator[AlarmHistory]:
    with alarm_history(tmp_path) as made:
        yield made


def noon(history: AlarmHistory) -> int:
    return history.at("2026-10-05T12:00")


def heard(history: AlarmHistory, at: int, *, fire: bool | None = False, daemon: bool = True) -> None:
    """Let the daemon say a word, and each device a value; without one: that of the fire panel is bad."""
    from facilityd.app.builtin import DAEMON, all_devices

    devices = all_devices(history.site)
    names = [*history.site.devices, *([DAEMON] if daemon else [])]
    samples = []
    for stream in (one for name in names for one in devices[name].streams):
        values = tuple(0.0 if kind == "float" else 0 if kind == "int" else False for kind in stream.types)
        bad = stream.device == "fire" and fire is None
        reasons = dict.fromkeys(range(len(values)), Reason.TIMEOUT) if bad else {}
        shown = tuple(None if bad else value for value in values)
        samples.append(Sample(stream, at, at, shown, reasons))
    history.write(SampleWrite(samples))


def alarm(device: str, at: int, rule: str = "active", **more: Any) -> AlarmState:
    fields = {"condition": AlarmCondition.TRUE, "acked": False, "occurrence": 1, "since": at, "raised_at": at}
    return AlarmState(device, rule, **(fields | more))


def ledger(history: AlarmHistory, *states: AlarmState, now: int) -> list[HazardRow]:
    history.write(AlarmWrite(states))
    with history.ask(now) as query:
        return [row for row in query.hazards() if row.kind != "unjudged"]


def test_alarms_that_stand_say_who_has_them_and_what_comes_next(history: AlarmHistory) -> None:
    now = noon(history)
    heard(history, now)
    states = [
        alarm("fire", now - HOUR),
        alarm("water", now - 2 * HOUR, acked=True, acked_by="bo"),
        alarm("water", now - 3 * HOUR, "silent", latched=True, cleared_at=now - HOUR, acked=True),
        alarm("fire", now - 4 * HOUR, "silent", cleared_at=now - HOUR),
        alarm("fire", now - 5 * HOUR, "unseen", cleared_at=now - HOUR, acked=True),
    ]
    rows = {(row.device, row.ref): row for row in ledger(history, *states, now=now)}
    assert ("fire", "unseen") not in rows, "what is over and was seen is no hazard"
    fire, water = rows["fire", "active"], rows["water", "active"]
    assert (fire.kind, fire.since, fire.who) == ("alarm", now - HOUR, "")
    assert fire.next.en.startswith("Acknowledge it. ")
    assert fire.next.zh.startswith("确认报警；")
    assert (water.who, water.next.en.endswith("Confirm the repair when it is done")) == ("bo", True)
    assert rows["water", "silent"].next.en == "Inspect it on site, then reset it"
    assert (rows["fire", "silent"].kind, rows["fire", "silent"].level > 0) == ("unseen", True)
    levels = [row.level for row in rows.values()]
    assert levels == sorted(levels, reverse=True)


def test_what_is_shelved_out_of_service_or_in_maintenance_says_when_it_comes_back(
    history: AlarmHistory,
) -> None:
    now = noon(history)
    heard(history, now)
    shelf = Suppression(Suppressor.SHELVED, now - HOUR, now + HOUR, "anna", "scaffold")
    review = Suppression(
        Suppressor.OUT_OF_SERVICE, now - HOUR, now - 60 * NS, "bo", "old", ticket="T-7", overdue=True
    )
    work = Suppression(Suppressor.BY_STATE, now - HOUR, now + HOUR, "anna", "painting", state="maintenance")
    states = [
        alarm("fire", now - 2 * HOUR, suppressors=(shelf,)),
        alarm("water", now - 2 * HOUR, suppressors=(review,)),
        alarm("water", now - 2 * HOUR, "silent", suppressors=(work,)),
        alarm("fire", now - 2 * HOUR, "silent", cleared_at=now - HOUR, acked=True, suppressors=(work,)),
    ]
    rows = {(row.device, row.ref): row for row in ledger(history, *states, now=now)}
    assert {row.kind for row in rows.values()} == {"suppressed"}
    assert rows["fire", "active"].next.en == "The shelf is over at 2026-10-05 13:00"
    assert (rows["fire", "active"].who, rows["fire", "active"].since) == ("anna", now - HOUR)
    assert "scaffold" in rows["fire", "active"].what.en
    assert "T-7" in rows["water", "active"].next.zh
    assert "overdue" in rows["water", "active"].next.en
    assert rows["water", "silent"].next.en == "Maintenance ends at 2026-10-05 13:00"
    assert ("fire", "silent") not in rows, "maintenance that hides nothing is no hazard"


def test_tasks_and_waivers_are_open_until_they_are_over(history: AlarmHistory) -> None:
    now = noon(history)
    heard(history, now)
    opened = {"kind": "repair", "device": "fire", "rule": "active", "occurrence": 1, "due": now - HOUR}
    other = {"kind": "repair", "device": "water", "rule": "active", "occurrence": 1}
    events = [
        TaskEvent(1, now - 5 * HOUR, TaskEventKind.OPEN, details=opened),
        TaskEvent(1, now - 5 * HOUR, TaskEventKind.TAKE, "anna"),
        TaskEvent(2, now - 4 * HOUR, TaskEventKind.OPEN, details=other),
        TaskEvent(2, now - 4 * HOUR, TaskEventKind.TAKE, "bo"),
        TaskEvent(3, now - 4 * HOUR, TaskEventKind.OPEN, details=other | {"rule": "silent"}),
        TaskEvent(3, now - 3 * HOUR, TaskEventKind.CANCEL, "bo"),
    ]
    waivers = [
        Waiver(0, now - HOUR, "hoist-1", "drive", now + HOUR, "officer", "known"),
        Waiver(0, now - 9 * HOUR, "hoist-1", "brake", now - 8 * HOUR, "officer", "over"),
    ]
    history.write(TaskWrite(events), WaiverWrite(waivers))
    rows = ledger(history, alarm("fire", now - 5 * HOUR, acked=True, acked_by="anna"), now=now)
    found = {(row.kind, row.device): row for row in rows}
    assert len(found) == len(rows) == 3
    assert found["alarm", "fire"].next.en.startswith("Overdue since 2026-10-05 11:00: ")
    assert (found["task", "water"].ref, found["task", "water"].who) == ("2", "bo")
    assert found["task", "water"].next.en == "Its alarm is over: say done 2 when it is repaired"
    assert (found["waiver", "hoist-1"].who, found["waiver", "hoist-1"].until) == ("officer", now + HOUR)
    assert "known" in found["waiver", "hoist-1"].what.zh


def test_readings_that_are_away_are_one_hazard_for_a_device(history: AlarmHistory) -> None:
    now = noon(history)
    heard(history, now - HOUR)
    heard(history, now, fire=None)
    (row,) = ledger(history, now=now)
    assert (row.kind, row.device, row.since) == ("unreadable", "fire", now - HOUR)
    assert row.next.en == "Check unit contacts and its link (facilityd probe)"
    with history.ask(now) as query:
        assert query.hazards("water") == []
        with pytest.raises(UsageError, match="no device 'watr'"):
            query.hazards("watr")


def test_where_nobody_watches_that_comes_first_and_old_readings_are_not_listed(history: AlarmHistory) -> None:
    now = noon(history)
    heard(history, now - HOUR)
    rows = ledger(history, alarm("fire", now - 2 * HOUR), now=now)
    assert [row.kind for row in rows] == ["unwatched", "alarm"]
    assert rows[0].since == now - HOUR


def test_every_alarm_of_a_story_that_stands_is_a_hazard(story: StoredSite) -> None:
    with story.ask() as query:
        alarms, rows = query.alarms(), query.hazards()
    assert {(row.device, row.ref) for row in rows if row.kind == "alarm"} == {
        (row.device, row.rule) for row in alarms if row.active
    }
    assert {row.kind for row in rows} == {"unwatched", "alarm"}, "its daemon has stopped"
    assert all(row.next.zh and row.next.en and row.what.zh for row in rows)


def test_the_command_says_the_same_in_both_languages_and_in_json(history: AlarmHistory) -> None:
    now = noon(history)
    heard(history, now)
    history.write(AlarmWrite([alarm("fire", now - HOUR)]))
    history.store()
    source = str(Path(history.site.source))
    english, chinese, plain = (
        CliRunner().invoke(facilityd, ["hazards", source, *words])
        for words in (("--lang", "en"), ("--lang", "zh"), ("--json",))
    )
    assert (english.exit_code, chinese.exit_code, plain.exit_code) == (0, 0, 0)
    assert "Acknowledge it. " in english.stdout
    assert "确认报警；" in chinese.stdout
    told = json.loads(plain.stdout)
    assert [row["kind"] for row in told] == ["unwatched", "alarm"], "its last word is of long ago"
    assert told[0]["next"].keys() == {"zh", "en"}


def test_hostile_words_of_people_are_only_words(history: AlarmHistory) -> None:
    now = noon(history)
    heard(history, now)
    shelf = Suppression(
        Suppressor.SHELVED, now, now + HOUR, "an\x1b[31mna", "\x1b]0;x\x07<b>=cmd|' /C calc'!A0"
    )
    history.write(AlarmWrite([alarm("fire", now, suppressors=(shelf,))]))
    history.store()
    done = CliRunner().invoke(facilityd, ["hazards", str(Path(history.site.source)), "--lang", "en"])
    assert done.exit_code == 0
    assert not ANSI.search(done.stdout)
    assert "<b>" in done.stdout


def test_a_site_without_hazards_says_so(history: AlarmHistory) -> None:
    heard(history, noon(history))
    assert ledger(history, now=noon(history)) == []
