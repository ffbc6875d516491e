"""What comes and goes is one occurrence, told once, and over once it has stayed well."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.tables import families
from facilityd.alarm.alarms import AlarmManager
from facilityd.alarm.repeats import RepeatLimits
from facilityd.model.alarm import AlarmCondition, AlarmState, Change, ChangeKind
from facilityd.model.finding import Evidence, Finding
from facilityd.model.sample import NS
from facilityd.notify.evidence_text import EvidenceFormatter

KEY = ("fountain-2", "leakage")
LIMITS = RepeatLimits()
SEEN = Evidence("limit-above", {"value": 0.02, "limit": 0.015, "unit": "A", "for_s": 2}, "leakage")
GONE = Evidence("clear-above", {"value": 0.001, "limit": 0.01, "unit": "A", "for_s": 10}, "leakage")
MINUTE = 60 * NS


class OneAlarm:
    """An alarm and every change of it; ``at`` in minutes."""

    def __init__(self, latching: bool = False) -> None:
        self.alarms = AlarmManager((), {KEY} if latching else (), repeats={KEY: LIMITS})
        self.changes: list[Change] = []

    def judge(self, minute: float, verdict: bool | None, cause: str = "") -> None:
        at = round(minute * MINUTE)
        self.changes += self.alarms.tick(at)
        evidence = SEEN if verdict else GONE
        if cause:
            evidence = Evidence(evidence.slug, evidence.numbers, evidence.signal, cause=cause)
        change = self.alarms.apply(Finding(*KEY, verdict, at, at, evidence))
        self.changes += [change] if change else []

    def wait(self, minute: float) -> None:
        self.changes += self.alarms.tick(round(minute * MINUTE))

    @property
    def kinds(self) -> list[str]:
        return [change.kind.value for change in self.changes]

    @property
    def state(self) -> AlarmState:
        return self.alarms.state(*KEY)


def comes_and_goes(one: OneAlarm, times: int, every: float, lasts: float) -> None:
    for n in range(times):
        one.judge(10 + n * every, True)
        one.judge(10 + n * every + lasts, False)


def test_eight_leaks_of_half_a_minute_are_one_alarm() -> None:
    one = OneAlarm()
    comes_and_goes(one, 8, every=17, lasts=0.5)
    assert one.kinds == ["raise", *["subside", "recur"] * 7, "subside"]
    assert (one.state.active, one.state.condition) == (True, AlarmCondition.FALSE)
    one.wait(10 + 7 * 17 + 0.5 + 119)
    assert one.state.active, "two hours is what it must stay well"
    one.wait(10 + 7 * 17 + 0.5 + 120)
    assert one.kinds[-1] == "clear"
    assert one.state.occurrence == 1
    said = one.changes[-1].evidence
    assert said is not None
    assert said.numbers["came_n"] == 8
    signals = families()["fountain"].signals
    assert (
        EvidenceFormatter(signals, "en").evidence(said).endswith("it comes and goes (8 times in 1 h 59 min)")
    )
    assert "时有时无" in EvidenceFormatter(signals, "zh").evidence(said)


def test_what_lasted_is_over_at_once_and_what_was_brief_after_half_an_hour() -> None:
    lasted, brief = OneAlarm(), OneAlarm()
    lasted.judge(0, True)
    lasted.judge(6, False)
    assert lasted.kinds == ["raise", "clear"]
    brief.judge(0, True)
    brief.judge(0.5, False)
    brief.wait(30.4)
    assert brief.kinds == ["raise", "subside"]
    brief.wait(30.5)
    assert brief.kinds == ["raise", "subside", "clear"]


def test_what_comes_again_after_its_end_is_held_from_then_on() -> None:
    one = OneAlarm()
    comes_and_goes(one, 4, every=60, lasts=20)
    assert one.kinds == ["raise", "clear", "raise", "subside", "recur", "subside", "recur", "subside"]
    assert one.state.occurrence == 2
    later = OneAlarm()
    comes_and_goes(later, 2, every=180, lasts=20)
    assert later.kinds == ["raise", "clear"] * 2, "three hours apart they are two troubles"


def test_nobody_waits_for_what_is_said_to_be_repaired_or_was_told_to_nobody() -> None:
    hidden = OneAlarm()
    hidden.judge(0, True, cause="seal-leaks")
    hidden.judge(0.5, False)
    assert hidden.kinds == ["raise", "clear"]
    latched = OneAlarm(latching=True)
    latched.judge(0, True)
    latched.judge(0.5, False)
    assert latched.kinds == ["raise", "latch"], "what latches waits for a person anyhow"


def test_what_cannot_be_judged_meanwhile_is_not_well() -> None:
    one = OneAlarm()
    one.judge(0, True)
    one.judge(0.5, False)
    one.judge(20, None)
    one.wait(60)
    assert one.state.active
    one.judge(61, False)
    one.wait(90.9)
    assert one.state.active
    one.wait(91)
    assert one.kinds == ["raise", "subside", "lose", "subside", "clear"]


def test_a_cause_that_is_found_meanwhile_takes_it_over() -> None:
    one = OneAlarm()
    one.judge(0, True)
    one.judge(0.5, False)
    one.judge(5, True, cause="seal-leaks")
    assert one.kinds == ["raise", "subside", "suppress"]
    one.judge(6, False)
    assert one.kinds[-1] == "clear", "nobody waits for what is only a consequence"


@given(
    marks=st.lists(st.tuples(st.floats(0.1, 150), st.sampled_from([True, False, None])), max_size=25),
    cut=st.integers(0, 25),
)
def test_a_restart_at_any_moment_changes_nothing(marks: list[tuple[float, bool | None]], cut: int) -> None:
    whole, first = OneAlarm(), OneAlarm()
    minute = 0.0
    for n, (after, verdict) in enumerate(marks):
        minute += after
        if n == cut:
            stored = AlarmState.from_json(first.state.to_json())
            first.alarms = AlarmManager([stored], repeats={KEY: LIMITS})
        whole.judge(minute, verdict)
        first.judge(minute, verdict)
    assert first.kinds == whole.kinds
    assert first.state == whole.state
    assert ChangeKind.CLEAR.value not in json.dumps(first.kinds[-1:]) or not first.state.active
    replayed = AlarmManager(repeats={KEY: LIMITS})
    for change in whole.changes:
        replayed.replay(Change.from_json(change.to_json()))
    assert replayed.state(*KEY) == whole.state


@given(st.lists(st.tuples(st.floats(0.02, 40), st.floats(0.02, 40)), min_size=2, max_size=40))
def test_no_alarm_chatters_or_is_fleeting(spans: list[tuple[float, float]]) -> None:
    """Figures of ISA-18.2: three occurrences in a minute; one that was over within a minute."""
    one, minute = OneAlarm(), 0.0
    for on, off in spans:
        one.judge(minute, True)
        one.judge(minute + on, False)
        minute += on + off
    raised = [change.at for change in one.changes if change.kind is ChangeKind.RAISE]
    cleared = [change.at for change in one.changes if change.kind is ChangeKind.CLEAR]
    assert all(end - begin >= MINUTE for begin, end in zip(raised, cleared, strict=False))
    assert all(later - earlier >= MINUTE for earlier, later in pairwise(raised))


@pytest.mark.parametrize("kind", [ChangeKind.SUBSIDE, ChangeKind.RECUR])
def test_what_is_held_disturbs_nobody(kind: ChangeKind) -> None:
    from facilityd.notify.render import PURPOSES

    assert kind not in PURPOSES
