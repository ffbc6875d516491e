"""Shelving and out of service through the daemon: limits of the class, restarts, and who is paged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.commands import result

from facilityd.alarm import AlarmManager
from facilityd.config.load import load
from facilityd.model.alarm import AlarmState, AlarmStateName, ChangeKind
from facilityd.model.command import (
    Command,
    ReturnToService,
    ShelveAlarm,
    StartMaintenance,
    StopMaintenance,
    TakeOutOfService,
)
from facilityd.model.notice import Purpose
from facilityd.model.sample import NS
from facilityd.model.suppression import SuppressionLimits
from facilityd.query.site import SiteQuery
from facilityd.scenario.load import square
from facilityd.scenario.subset import subset
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.reader import JournalReader
from facilityd.supervise.inbox import Inbox

NIGHT = 1_781_100_000 * NS
KEY = {"device": "gate-base", "rule": "pole-live", "person": "li"}
SITE = subset(load(square()), ("gate-base",))


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[VirtualRuntime]:
    site = replace(SITE, limits={**SITE.limits, "safety": SuppressionLimits(1800 * NS, 86400 * NS)})
    with VirtualRuntime(site, tmp_path, start=NIGHT) as opened:
        opened.fault("gate-base", "L18")
        opened.advance(900)
        yield opened


def ask(runtime: VirtualRuntime, command: Command) -> str:
    name = Inbox(runtime.journal).drop(command)
    runtime.advance(60)
    return result(runtime.journal, name)


def state(runtime: VirtualRuntime) -> AlarmState:
    with JournalReader.open(runtime.journal) as reader:
        return next(s for s in reader.alarms() if (s.device, s.rule) == ("gate-base", "pole-live"))


def told(runtime: VirtualRuntime) -> list[Purpose]:
    with JournalReader.open(runtime.journal) as reader:
        mine = [entry.notice for entry in reader.outbox() if entry.notice.rule == "pole-live"]
    return [one.purpose for one in mine if one.recipient == mine[0].recipient]


def folded(runtime: VirtualRuntime) -> dict[tuple[str, str], str]:
    """Return every alarm's state as the fold of the journal's changes, bit for bit."""
    alarms = AlarmManager()
    with JournalReader.open(runtime.journal) as reader:
        for row in reader.changes():
            alarms.replay(row.change)
        assert {(s.device, s.rule) for s in reader.alarms() if s.occurrence} <= alarms.states.keys()
    return {key: one.to_json() for key, one in alarms.states.items()}


def test_a_shelf_outlives_restarts_pages_nobody_and_ends_by_itself(runtime: VirtualRuntime) -> None:
    now = runtime.now
    assert "30 min at most" in ask(runtime, ShelveAlarm(**KEY, comment="crane", until=now + 3600 * NS))
    assert ask(runtime, ShelveAlarm(**KEY, comment="crane", until=now + 1500 * NS)) == ""
    before = state(runtime)
    runtime.restart()
    runtime.crash()
    runtime.advance(300)
    assert state(runtime) == before
    assert before.state_name is AlarmStateName.SHELVED
    assert folded(runtime)["gate-base", "pole-live"] == before.to_json()
    with SiteQuery(runtime.site, clock=lambda: runtime.now) as query:
        (row,) = [one for one in query.alarms() if one.rule == "pole-live"]
    assert row.plain()["suppressors"][0] == {
        "kind": "shelved", "since": row.suppressors[0].since, "until": now + 1500 * NS, "person": "li",
        "comment": "crane", "once": False, "ticket": "", "overdue": False, "state": "",
    }  # fmt: skip
    assert told(runtime) == [Purpose.RAISED, Purpose.SUPPRESSED]
    runtime.restart(down=1800)
    runtime.advance(120)
    assert state(runtime).state_name is AlarmStateName.UNACKNOWLEDGED
    assert told(runtime) == [Purpose.RAISED, Purpose.SUPPRESSED, Purpose.REALARMED]


@pytest.mark.parametrize(
    ("device", "rule"), [("gate-base", ""), ("gate-base", "no-rule"), ("", ""), ("no", "x")]
)
def test_what_is_no_alarm_of_the_site_cannot_be_suppressed(
    runtime: VirtualRuntime, device: str, rule: str
) -> None:
    about = {"device": device, "rule": rule, "person": "li", "comment": "crane"}
    assert "that is judged" in ask(runtime, ShelveAlarm(**about))
    assert "that is judged" in ask(runtime, TakeOutOfService(**about, ticket="T-7"))
    with JournalReader.open(runtime.journal) as reader:
        assert (device, rule) not in {(one.device, one.rule) for one in reader.alarms()}
    with SiteQuery(runtime.site, clock=lambda: runtime.now) as query:
        assert query.devices([])


def test_in_maintenance_only_danger_is_told_and_it_ends_by_itself_over_a_restart(
    runtime: VirtualRuntime,
) -> None:
    asked = StartMaintenance(device="gate-base", person="li", reason="lamps", until=runtime.now + 3600 * NS)
    assert "within 24 hours" in ask(runtime, asked.model_copy(update={"id": "a", "until": 2**62}))
    assert ask(runtime, asked) == ""
    with SiteQuery(runtime.site, clock=lambda: runtime.now) as query:
        held = [row for row in query.alarms() if row.suppressors and row.suppressors[0].state]
    assert len(held) > 10
    assert {(row.suppressors[0].state, row.suppressors[0].comment) for row in held} == {
        ("maintenance", "lamps")
    }
    rules = runtime.site.devices["gate-base"].family.rules
    assert {rules[row.rule].at_stake for row in held}.isdisjoint({"safety"})
    assert state(runtime).state_name is AlarmStateName.UNACKNOWLEDGED, "a live pole is told all the same"
    runtime.fault("gate-base", "L1")
    runtime.restart()
    runtime.advance(1800)
    quiet = {one.rule for one in runtime.mailbox.taken}
    runtime.advance(3600)
    loud = {one.rule for one in runtime.mailbox.taken} - quiet
    assert quiet.isdisjoint({row.rule for row in held})
    assert loud, "what goes on at the end is told"
    assert folded(runtime)["gate-base", min(loud)]
    again = asked.model_copy(update={"id": "b", "until": runtime.now + 3600 * NS})
    stop = StopMaintenance(device="gate-base", person="li")
    assert ask(runtime, again) == ""
    assert ask(runtime, stop) == ""
    assert "is not in maintenance" in ask(runtime, stop.model_copy(update={"id": "c"}))


def test_out_of_service_is_told_on_the_day_of_its_review_and_returned(runtime: VirtualRuntime) -> None:
    asked = TakeOutOfService(**KEY, comment="cable is out", ticket="WP-12", until=runtime.now + 1800 * NS)
    assert ask(runtime, asked) == ""
    runtime.restart(down=3600)
    runtime.advance(120)
    assert told(runtime) == [Purpose.RAISED, Purpose.SUPPRESSED, Purpose.REVIEW]
    runtime.restart()
    runtime.advance(120)
    assert ask(runtime, ReturnToService(**KEY, comment="cable is back")) == ""
    assert told(runtime) == [Purpose.RAISED, Purpose.SUPPRESSED, Purpose.REVIEW, Purpose.REALARMED]
    with JournalReader.open(runtime.journal) as reader:
        kinds = [row.change.kind for row in reader.changes() if row.change.rule == "pole-live"]
    assert kinds.count(ChangeKind.REVIEW) == 1
    assert folded(runtime)["gate-base", "pole-live"] == state(runtime).to_json()
