"""Channels in order: the first begins, the next one takes over where it fails, and no news is lost by it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.notification_fixtures import ALARM_CONTEXT, KEY, SITE_CONTEXT, RecordedLedger, notice, person
from support.rule_harness import START, text

from facilityd.alarm import AlarmManager
from facilityd.model.finding import Evidence, Finding
from facilityd.model.notice import DeliveryOutcome, DeliveryResult, Purpose
from facilityd.model.people import NEXT_CHANNEL
from facilityd.model.readiness import BEFORE, Check, CheckedItem, Item, ItemOutcome
from facilityd.notify.fallback import ENDS, PATIENT, TOLD_ONCE, falls_back, over_next_channel
from facilityd.notify.planner import NotificationPlanner
from facilityd.notify.readiness import ReadinessContext, plan_check
from facilityd.notify.render import AlarmContext

WRONG = Evidence("limit-above", {"value": 12.5, "limit": 10.0, "unit": "A", "for_s": 3.0}, "current")
LI = person("li", channels=3, every_channel=False)
LOW = AlarmContext(
    ALARM_CONTEXT.device,
    ALARM_CONTEXT.rule.model_copy(update={"at_stake": "appearance"}),
    ALARM_CONTEXT.signals,
)


def raised(context: AlarmContext = ALARM_CONTEXT, troubled: tuple[str, ...] = ()) -> list[str]:
    planner = NotificationPlanner(SITE_CONTEXT, {KEY: context}, [LI], RecordedLedger())
    planner.troubled = lambda: troubled
    alarms = AlarmManager()
    change = alarms.apply(Finding(*KEY, True, START, START, WRONG))
    return [one.channel for one in planner.tell(change, alarms.state(*KEY))]


def test_the_first_channel_begins() -> None:
    assert raised() == ["li-1"]


def test_while_it_is_in_trouble_what_is_critical_goes_over_the_next_sound_one_too() -> None:
    assert raised(troubled=("li-1", "li-2")) == ["li-1", "li-3"]
    assert raised(LOW, troubled=("li-1",)) == ["li-1"]


def test_the_alarm_of_a_channel_does_not_begin_with_it() -> None:
    channel = AlarmContext(ALARM_CONTEXT.device, ALARM_CONTEXT.rule, ALARM_CONTEXT.signals, channel="li-1")
    assert raised(channel) == ["li-2"]


def test_nobody_is_told_that_a_channel_is_broken_over_that_channel() -> None:
    """Not in an escalation either: the next channel is the next sound one."""
    context = AlarmContext(ALARM_CONTEXT.device, ALARM_CONTEXT.rule, ALARM_CONTEXT.signals, channel="li-1")
    ledger = RecordedLedger()
    planner = NotificationPlanner(SITE_CONTEXT, {KEY: context}, [LI], ledger)
    alarms = AlarmManager()
    change = alarms.apply(Finding(*KEY, True, START, START, WRONG))
    state, used = alarms.state(*KEY), []
    ledger.sent += planner.tell(change, state)
    for step in range(1, 4):
        told = planner.escalate(change, state, (NEXT_CHANNEL,), START + step, START + step)
        used += [one.channel for one in told]
        ledger.sent += told
    assert used == ["li-3", "li-2", "li-2"]


@pytest.mark.parametrize("result", [one for one in DeliveryOutcome if one is not DeliveryOutcome.ACCEPTED])
def test_a_critical_beginning_falls_back_at_once_whatever_kept_it(result: DeliveryOutcome) -> None:
    assert falls_back(notice(), DeliveryResult(result), 1)
    assert not falls_back(notice(), DeliveryResult(DeliveryOutcome.ACCEPTED), 1)


def test_what_is_less_urgent_waits_for_its_channel_a_while() -> None:
    low, down = notice(priority=2), DeliveryResult(DeliveryOutcome.TRANSIENT)
    assert [falls_back(low, down, attempts) for attempts in range(1, PATIENT + 1)] == [False] * (
        PATIENT - 1
    ) + [True]
    assert falls_back(low, DeliveryResult(DeliveryOutcome.REJECTED), 1), "refused for good: no use to wait"


@pytest.mark.parametrize("purpose", [*TOLD_ONCE, *ENDS])
def test_what_is_told_once_and_ends_go_over_the_next_channel_too(purpose: Purpose) -> None:
    one = replace(notice(priority=2), purpose=purpose, occurrence=0 if purpose in TOLD_ONCE else 1)
    assert falls_back(one, DeliveryResult(DeliveryOutcome.REJECTED), 1)
    seen = [one]
    while (again := over_next_channel(seen[-1], {"li": LI})) is not None:
        seen.append(again)
    assert [n.channel for n in seen] == ["li-1", "li-2", "li-3"]
    assert len({n.key for n in seen}) == 3


def test_an_end_is_not_doubled_at_the_first_hitch_even_of_what_is_critical() -> None:
    end, down = replace(notice(), purpose=Purpose.CLEARED), DeliveryResult(DeliveryOutcome.TRANSIENT)
    assert [falls_back(end, down, attempts) for attempts in (1, PATIENT)] == [False, True]


def test_a_test_message_stays_on_its_channel() -> None:
    """It proves this channel alone; that it does not arrive is told by the channel's alarm."""
    one = replace(notice(), purpose=Purpose.TEST, occurrence=0)
    assert not falls_back(one, DeliveryResult(DeliveryOutcome.REJECTED), 9)
    assert over_next_channel(one, {"li": LI}) is None


def test_a_check_begins_on_the_first_channel_and_on_the_next_sound_one_too() -> None:
    item = Item(name=text("brake"), rules=("drag",), first=text("look"))
    context = ReadinessContext(text("hoist"), {"brake": item}, {}, {"": {}}, SITE_CONTEXT.zone)
    failed = CheckedItem("brake", ItemOutcome.FAIL, {})
    check = Check(START + min(BEFORE), min(BEFORE), "hoist", "sunrise", START, (failed,))
    for troubled, channels in (((), ["li-1"]), (("li-1",), ["li-1", "li-2"])):
        told = plan_check(check, context, SITE_CONTEXT, [LI], (), troubled)
        assert [one.channel for one in told] == channels


def test_the_next_channel_has_a_key_of_its_own_and_after_the_last_there_is_none() -> None:
    people, seen, one = {"li": LI}, [notice()], notice()
    while (one := over_next_channel(one, people)) is not None:
        seen.append(one)
    assert [n.channel for n in seen] == ["li-1", "li-2", "li-3"]
    assert len({n.key for n in seen}) == 3
    assert {n.body for n in seen} == {notice().body}
    assert {n.purpose for n in seen} == {Purpose.RAISED}


def test_nobody_who_has_every_channel_or_is_gone_falls_back() -> None:
    assert over_next_channel(notice(), {"li": person("li", channels=3)}) is None
    assert over_next_channel(notice(), {}) is None
    removed = over_next_channel(notice("li-9"), {"li": LI})
    assert removed is not None
    assert removed.channel == "li-1", "its channel is gone: begin with the first"


def test_who_is_on_standby_is_told_of_no_check_unless_there_is_nobody_else() -> None:
    item = Item(name=text("brake"), rules=("drag",), first=text("look"))
    context = ReadinessContext(text("hoist"), {"brake": item}, {}, {"": {}}, SITE_CONTEXT.zone)
    check = Check(
        START + min(BEFORE),
        min(BEFORE),
        "hoist",
        "sunrise",
        START,
        (CheckedItem("brake", ItemOutcome.FAIL, {}),),
    )
    boss = replace(person("boss"), standby=True)
    for people, told in (([LI, boss], {"li"}), ([boss], {"boss"})):
        assert {one.recipient for one in plan_check(check, context, SITE_CONTEXT, people)} == told
