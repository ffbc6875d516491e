"""Who is told of what is shelved, out of service or a mere consequence: nobody, and its end to those who knew."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.commands import EVENTS, operate
from support.notification_fixtures import ALARM_CONTEXT, KEY, SITE_CONTEXT, RecordedLedger, person
from support.rule_harness import START

from facilityd.alarm import AlarmManager
from facilityd.errors import UsageError
from facilityd.model.alarm import AlarmState, Change
from facilityd.model.finding import Evidence, Finding
from facilityd.model.notice import Notice, Purpose
from facilityd.model.people import DutyPlan, EscalationPolicy, EscalationStep
from facilityd.model.rule import Priority
from facilityd.model.sample import NS
from facilityd.model.suppression import SuppressionLimits
from facilityd.notify.planner import NotificationPlanner
from facilityd.notify.render import AlarmContext

WRONG = Evidence("limit-above", {"value": 12.5, "limit": 10.0, "unit": "A", "for_s": 3.0}, "current")
HOUR = 3600 * NS
LIMITS = {KEY: SuppressionLimits(HOUR, HOUR)}
LI, WANG = person("li"), person("wang", "en")
LOW = AlarmContext(
    ALARM_CONTEXT.device,
    ALARM_CONTEXT.rule.model_copy(update={"at_stake": "appearance"}),
    ALARM_CONTEXT.signals,
)


class QuietDay:
    """Alarms with a planner behind them; every step is a minute, '>' two hours, 'R' a restart."""

    def __init__(
        self,
        *people,
        context: AlarmContext = ALARM_CONTEXT,
        latching: bool = False,
        duty: DutyPlan | None = None,
    ) -> None:
        self.duty = duty or DutyPlan()
        self.people, self.context, self.latching = people, context, latching
        self.alarms = AlarmManager((), {KEY} if latching else (), limits=LIMITS)
        self.ledger, self.at = RecordedLedger(), START
        self.restart()

    def restart(self) -> list[Notice]:
        stored = [AlarmState.from_json(one.to_json()) for one in self.alarms.states.values()]
        self.alarms = AlarmManager(stored, {KEY} if self.latching else (), limits=LIMITS)
        self.planner = NotificationPlanner(
            SITE_CONTEXT, {KEY: self.context}, self.people, self.ledger, self.duty
        )
        return []

    def _told(self, *changes: Change | None) -> list[Notice]:
        told = [
            one for change in changes if change for one in self.planner.tell(change, self.alarms.state(*KEY))
        ]
        self.ledger.sent += told
        return told

    def step(self, mark: str, who: str = "Zhao", **more: object) -> list[Notice]:
        self.at += 2 * HOUR if mark == ">" else 60 * NS
        if mark == "R":
            return self.restart()
        if mark == ">":
            return self._told(*self.alarms.tick(self.at))
        if mark in "#x.?":
            verdict = {"#": True, "x": True, ".": False, "?": None}[mark]
            why = Evidence(WRONG.slug, WRONG.numbers, "current", cause="jam" if mark == "x" else "")
            return self._told(self.alarms.apply(Finding(*KEY, verdict, self.at, self.at, why)))
        if mark == "1":
            mark, more = "s", {"once": True}
        return self._told(operate(self.alarms, mark, KEY, self.at, who, **more))

    def walk(self, story: str) -> list[str]:
        return [" ".join(f"{n.recipient}:{n.purpose}" for n in self.step(mark)) for mark in story]


@pytest.mark.parametrize(
    ("story", "told"),
    [
        ("s#.", ["", "", ""]),
        ("s#>.", ["", "", "li:re-alarmed", "li:cleared"]),
        ("s#u.", ["", "", "", ""]),
        ("#s.", ["li:raised", "", "li:cleared"]),
        ("#s>", ["li:raised", "", "li:re-alarmed"]),
        ("#s.>", ["li:raised", "", "li:cleared", ""]),
        ("1#.#", ["", "", "", "li:raised"]),
        ("o#b.", ["", "", "li:re-alarmed", "li:cleared"]),
        ("#sR>", ["li:raised", "", "", "li:re-alarmed"]),
        ("sx>#", ["", "", "", "li:raised"]),
        ("s#oR>b", ["", "", "", "", "li:review", "li:re-alarmed"]),
        ("#ac>", ["li:raised", "li:acknowledged", "", "li:re-alarmed"]),
    ],
)
def test_who_is_told_of_what_is_suppressed(story: str, told: list[str]) -> None:
    alone = QuietDay(LI, context=AlarmContext(ALARM_CONTEXT.device, HIGH, ALARM_CONTEXT.signals))
    assert alone.walk(story) == told


HIGH = ALARM_CONTEXT.rule.model_copy(update={"at_stake": "safety", "respond": 3 * HOUR})


def test_that_a_critical_alarm_is_shelved_or_out_of_service_is_told_to_the_others() -> None:
    day = QuietDay(LI, WANG)
    day.step("#")
    (shelved,) = day.step("s", "li")
    assert (shelved.recipient, shelved.purpose) == ("wang", Purpose.SUPPRESSED)
    assert shelved.subject == "[Shelved] Flag hoist: Motor current high"
    assert shelved.body.startswith(
        "li shelved this alarm of priority CRITICAL: nobody is told until 2026-09-21 23:15"
    )
    assert "Why: on my way" in shelved.body
    (removed,) = day.step("o", "wang", ticket="T-9")
    assert removed.subject == "【已停用】国旗旗杆：Motor current high（中文）"
    assert "wang已停用此紧急报警，工作票 T-9" in removed.body
    assert QuietDay(LI, context=LOW).walk("#so") == ["li:raised", "", ""]


def test_that_a_critical_alarm_is_shelved_is_told_to_the_supervisor_who_wants_no_alarms_else() -> None:
    boss = replace(person("boss", "zh", Priority.CRITICAL), devices=frozenset({"elsewhere"}))
    steps = (EscalationStep(60 * NS, ("wang",)), EscalationStep(120 * NS, ("boss",)))
    duty = DutyPlan(escalation=EscalationPolicy(steps=steps))
    day = QuietDay(LI, boss, duty=duty, context=replace(ALARM_CONTEXT, scope=(("hoist", "hoist"),)))
    assert day.walk("#s") == ["li:raised", "li:suppressed boss:suppressed"]


def test_what_comes_back_says_what_it_rests_on_and_a_review_what_was_removed() -> None:
    day = QuietDay(WANG)
    day.step("#")
    day.step("s")
    (back,) = day.step(">")
    assert back.subject == "[CRIT] Flag hoist: Motor current high, shelf over"
    assert back.body.splitlines()[:2] == [
        "Motor current is 12.5 A, above the limit of 10.0 A, for 3 s",
        "The time of the shelf is over, and the alarm goes on.",
    ]
    day.step("o", "li")
    (review,) = day.step(">")
    assert review.subject == "[Review] Flag hoist: Motor current high, out of service"
    assert "Taken out of service by li at" in review.body
    assert "ticket T-7" in review.body
    (returned,) = day.step("b", "li")
    assert returned.subject == "[CRIT] Flag hoist: Motor current high, back in service"
    assert "li returned this alarm to service, and it goes on." in returned.body


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=["#", ".", "x", "?", "1", ">", "R", *EVENTS], max_size=40), st.booleans())
def test_told_raised_is_told_cleared_once_whatever_lies_over_it(story: str, latching: bool) -> None:
    day, sent = QuietDay(LI, WANG, latching=latching), []
    for mark in story:
        before = day.alarms.state(*KEY)
        try:
            told = day.step(mark)
        except UsageError:
            continue
        sent += told
        after = day.alarms.state(*KEY)
        quiet = {Purpose.RAISED, Purpose.REALARMED, Purpose.WORSENED}
        assert not (after.suppressors and {one.purpose for one in told} & quiet), (before, mark)
    state = day.alarms.state(*KEY)
    for occurrence in range(1, state.occurrence + 1):
        mine = [one for one in sent if one.occurrence == occurrence]
        knew = {one.channel for one in mine if one.purpose in (Purpose.RAISED, Purpose.REALARMED)}
        ends = Counter(one.channel for one in mine if one.purpose is Purpose.CLEARED)
        over = occurrence < state.occurrence or not (state.active or state.latched)
        latched_again = latching and occurrence < state.occurrence
        assert max(ends.values(), default=0) <= 1
        assert set(ends) == knew if over and not latched_again else set(ends) <= knew
    assert len({one.key for one in sent}) == len(sent)
