"""Whoever was told that an alarm was raised is told how it ended, whatever lies between."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.site import make_contacts

from facilityd.alarm import AlarmManager
from facilityd.cli.main import facilityd
from facilityd.config.load import load
from facilityd.model.alarm import AlarmCondition, AlarmState, AlarmStateName, Change, ChangeKind
from facilityd.model.finding import Evidence
from facilityd.model.notice import Purpose
from facilityd.model.sample import NS
from facilityd.scenario.load import square
from facilityd.scenario.subset import subset
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.batch import ChangeRecord
from facilityd.store.changes import AlarmWrite, ChangeWrite
from facilityd.store.journal import Journal
from facilityd.store.losses import NOTICES_LOST
from facilityd.store.reader import JournalReader

START = 1_781_056_800 * NS
CHANNEL = "channel-crew-1-webhook"
Told = tuple[str, str, str]


def _crew(runtime: VirtualRuntime, device: str = "fire-gate") -> list[Told]:
    heard = [n for n in runtime.mailbox.taken if n.recipient == "crew" and n.device == device]
    return [(n.device, n.rule, n.purpose.value) for n in heard]


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[VirtualRuntime]:
    with VirtualRuntime(
        subset(load(square()), ("fire-gate", "fire-museum")), tmp_path, start=START
    ) as runtime:
        runtime.advance(100)
        yield runtime


def _ends_unheard(runtime: VirtualRuntime) -> None:
    """Let a fire be told and be over while the crew's channel refuses everything."""
    runtime.fault("fire-gate", "active", None, None, 300)
    runtime.advance(200)
    runtime.hazard(CHANNEL, "channel-refuses")
    runtime.advance(400)
    assert _crew(runtime) == [("fire-gate", "active", "raised")]


def test_an_end_that_was_refused_arrives_when_the_channel_takes_notices_again(
    runtime: VirtualRuntime,
) -> None:
    _ends_unheard(runtime)
    runtime.restart(10)
    runtime.advance(3600)
    runtime.hazard(CHANNEL, "none")
    runtime.advance(1200)
    assert _crew(runtime) == [("fire-gate", "active", "raised"), ("fire-gate", "active", "cleared")]


def test_an_end_that_is_refused_for_days_is_given_up_and_counted(runtime: VirtualRuntime) -> None:
    _ends_unheard(runtime)
    runtime.jump_clock(8 * 86400)
    runtime.advance(1200)
    with JournalReader.open(runtime.journal) as reader:
        lost = Counter(reader.counters())
        waiting = [e.notice for e in reader.due(1 << 62) if e.notice.device == "fire-gate"]
    assert lost[f"{NOTICES_LOST}crew-1-webhook"] >= 1
    assert not waiting


def test_an_end_is_not_held_for_whom_the_raise_never_reached(runtime: VirtualRuntime) -> None:
    runtime.hazard(CHANNEL, "channel-refuses")
    runtime.fault("fire-gate", "active", None, None, 60)
    runtime.advance(3600)  # it was brief: it stands for half an hour more, and its raise with it
    runtime.hazard(CHANNEL, "none")
    runtime.advance(1200)
    assert _crew(runtime) == []


def _without(runtime: VirtualRuntime, *left: str) -> None:
    """Start again on a site that has only some of its devices."""
    runtime.change_files(subset(load(square()), left))
    runtime.restart(10)
    runtime.advance(120)


def test_a_device_that_leaves_the_site_ends_its_alarm_once_for_everybody_who_was_told(
    runtime: VirtualRuntime,
) -> None:
    runtime.fault("fire-gate", "active")
    runtime.advance(200)
    raised = [(n.recipient, n.language) for n in runtime.mailbox.taken if n.device == "fire-gate"]
    for _ in range(2):
        _without(runtime, "fire-museum")
    ends = [n for n in runtime.mailbox.taken if n.purpose is Purpose.UNWATCHED]
    assert [(n.recipient, n.language) for n in ends] == raised == [("crew", "zh"), ("engineer", "en")]
    zh, en = ends
    assert "不再监测" in zh.subject
    assert "该设备已不在站点配置中" in zh.body
    assert "not because it is well" in en.body
    raise_ = next(n for n in runtime.mailbox.taken if n.recipient == "engineer")
    assert f"You were told: {raise_.subject}" in en.body
    with JournalReader.open(runtime.journal) as reader:
        (state,) = [one for one in reader.alarms() if (one.device, one.rule) == ("fire-gate", "active")]
        kinds = [s.change.kind for s in reader.changes() if s.change.device == "fire-gate"]
    assert (state.state_name, state.unwatched, state.active) == (AlarmStateName.NORMAL, True, False)
    assert kinds[-2:] == [ChangeKind.RAISE, ChangeKind.RETIRE]


def test_a_device_that_comes_back_with_its_trouble_is_told_anew(runtime: VirtualRuntime) -> None:
    runtime.fault("fire-gate", "active")
    runtime.advance(200)
    _without(runtime, "fire-museum")
    _without(runtime, "fire-museum", "fire-gate")
    assert [what for _, _, what in _crew(runtime)] == ["raised", "unwatched", "raised"]


def test_a_rule_or_a_signal_that_is_gone_is_named_as_the_reason(runtime: VirtualRuntime) -> None:
    runtime.fault("fire-gate", "active")
    runtime.advance(200)
    whole = load(square())
    device = subset(whole, ("fire-gate",)).devices["fire-gate"]
    rules = {name: rule for name, rule in device.family.rules.items() if name != "active"}
    family = device.family.model_copy(update={"rules": rules | {"renamed": device.family.rules["active"]}})
    site = subset(whole, ("fire-gate", "fire-museum"))
    changed = {**site.devices, "fire-gate": replace(device, family=family, settings={"any": 1})}
    runtime.change_files(replace(site, devices=changed))
    runtime.restart(10)
    runtime.advance(120)
    ends = [n for n in runtime.mailbox.taken if n.purpose is Purpose.UNWATCHED]
    assert [(n.device, n.rule, n.recipient) for n in ends] == [
        ("fire-gate", "active", "crew"),
        ("fire-gate", "active", "engineer"),
    ]
    assert "no such rule any more" in ends[1].body
    assert device.id in ends[1].subject
    assert device.name.en in ends[1].body


def test_an_end_that_a_full_disk_cannot_take_is_told_all_the_same(runtime: VirtualRuntime) -> None:
    runtime.fault("fire-gate", "active")
    runtime.advance(200)
    runtime.hazard("facilityd", "disk-full")
    _without(runtime, "fire-museum")
    assert [what for _, _, what in _crew(runtime)] == ["raised", "unwatched"]
    runtime.hazard("facilityd", "none")
    runtime.advance(600)
    assert [what for _, _, what in _crew(runtime)] == ["raised", "unwatched"]


def test_alarms_name_what_left_the_site_before_and_after_its_end(tmp_path: Path) -> None:
    made = make_contacts(tmp_path / "yard")
    state = AlarmState(
        "attic", "active", AlarmCondition.TRUE, acked=False, occurrence=1, since=NS, raised_at=NS
    )
    changes = [
        Change(NS, "attic", "active", 1, ChangeKind.RAISE, Evidence("limit-is", {"value": True}, "active"))
    ]
    alarms = AlarmManager([state])
    made.journal.parent.mkdir()
    with Journal.open(made.journal, max_bytes=2**24, max_age=10**18, site="yard") as journal:
        journal.commit([ChangeWrite([ChangeRecord(changes[0])]), AlarmWrite([state])])
        before = _shown(made.folder)
        ended = alarms.retire("attic", "active", Evidence("unwatched-device"), 2 * NS)
        assert ended is not None
        assert alarms.retire("attic", "active", Evidence("unwatched-device"), 3 * NS) is None
        journal.commit([ChangeWrite([ChangeRecord(ended)]), AlarmWrite([alarms.state("attic", "active")])])
        after = _shown(made.folder)
    assert before == {"alarms": ["unacknowledged"], "alarms --all": ["unacknowledged"]}
    assert after == {"alarms": [], "alarms --all": ["no-longer-watched"]}
    one = CliRunner().invoke(
        facilityd, ["alarms", str(made.folder), "attic", "active"], env={"COLUMNS": "160"}
    )
    assert "no longer watched" in one.stdout
    assert "The device is no longer part of the site" in one.stdout
    nothing = CliRunner().invoke(facilityd, ["alarms", str(made.folder), "attic", "unseen"])
    assert "no device 'attic'" in str(nothing.exception)


def _shown(folder: Path) -> dict[str, list[str]]:
    shown = {}
    for command in ("alarms", "alarms --all"):
        done = CliRunner().invoke(facilityd, [*command.split(), str(folder), "--json"])
        shown[command] = [line["state"] for line in json.loads(done.stdout) if line["device"] == "attic"]
    return shown
