"""Who is told what: the words, the choice of people, and told raised ⇒ told cleared."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from support.commands import operate
from support.notification_fixtures import ALARM_CONTEXT, KEY, SITE_CONTEXT, RecordedLedger, person
from support.rule_harness import START

from facilityd.alarm import AlarmManager
from facilityd.errors import UsageError
from facilityd.model.alarm import Change
from facilityd.model.finding import Evidence, Finding
from facilityd.model.notice import Notice, Purpose
from facilityd.model.rule import Priority
from facilityd.model.sample import NS
from facilityd.notify.planner import NotificationPlanner
from facilityd.notify.render import AlarmContext
from facilityd.notify.send import plan_test

WRONG = Evidence("limit-above", {"value": 12.5, "limit": 10.0, "unit": "A", "for_s": 3.0}, "current")
RIGHT = Evidence("clear-above", {"value": 3.0, "limit": 8.0, "unit": "A", "for_s": 0.0}, "current")
LI, WANG, CHIEF = person("li"), person("wang", "en"), person("chief", "zh", Priority.CRITICAL)
LOW = AlarmContext(
    ALARM_CONTEXT.device,
    ALARM_CONTEXT.rule.model_copy(update={"at_stake": "appearance"}),
    ALARM_CONTEXT.signals,
)


class Day:
    """Alarms with a teller behind them; every step is a minute."""

    def __init__(self, *people, alarm_context: AlarmContext = ALARM_CONTEXT, latching: bool = False) -> None:
        self.alarms, self.ledger = AlarmManager((), {KEY} if latching else set()), RecordedLedger()
        self.planner = NotificationPlanner(SITE_CONTEXT, {KEY: alarm_context}, people, self.ledger)
        self.minute = 0
        self.people, self.alarm_context = people, alarm_context

    def _told(self, change: Change | None) -> list[Notice]:
        notices = self.planner.tell(change, self.alarms.state(*KEY)) if change else []
        self.ledger.sent += notices
        return notices

    def step(self, mark: str, who: str = "Zhao") -> list[Notice]:
        self.minute += 1
        at = START + self.minute * 60 * NS
        if mark in "#.?":
            verdict = {"#": True, ".": False, "?": None}[mark]
            evidence = {True: WRONG, False: RIGHT, None: Evidence("unknown-yet")}[verdict]
            return self._told(self.alarms.apply(Finding(*KEY, verdict, at, at, evidence)))
        return self._told(operate(self.alarms, mark, KEY, at, who))

    def walk(self, story: str) -> list[str]:
        return [" ".join(f"{n.recipient}:{n.purpose}" for n in self.step(mark)) for mark in story]


def test_a_message_says_what_why_when_and_what_to_do_first() -> None:
    day = Day(LI, WANG)
    zh, en = day.step("#")
    assert zh.subject == "【紧急】国旗旗杆：Motor current high（中文）"
    assert en.subject == "[CRIT] Flag hoist: Motor current high"
    assert en.body.splitlines() == [
        "Motor current is 12.5 A, above the limit of 10.0 A, for 3 s",
        "Do first: Look at the brake",
        "When: 2026-09-21 22:14:20 (Asia/Shanghai)",
        "Priority: CRITICAL, act within 5 min",
        "If nothing is done: trip",
        "Likely cause: brake drags",
        "Check on site: Listen",
        "Device: Flag hoist (hoist, Square), alarm no. 1",
        "Acknowledge: facilityd ack hoist drag",
    ]
    assert zh.body.splitlines()[0] == "电机电流 12.5 A，高于限值 10.0 A，已持续 3 秒"
    assert zh.key == f"hoist/drag/1/raised/li/li-1/{START + 60 * NS}"


def test_the_end_says_how_long_and_whether_somebody_has_looked() -> None:
    day = Day(WANG)
    day.step("#")
    unseen = day.step(".")[0]
    assert unseen.subject == "[Cleared] Flag hoist: Motor current high, unseen"
    assert "cleared: 2026-09-21 22:15, after 1 min" in unseen.body
    assert "facilityd ack hoist drag" in unseen.body
    day.step("#")
    day.step("a")
    assert day.step(".")[0].subject == "[Cleared] Flag hoist: Motor current high"


def test_who_is_told_over_a_day() -> None:
    told = ["li:raised wang:raised", "li:acknowledged wang:acknowledged", "", "", "li:cleared wang:cleared"]
    assert Day(LI, WANG).walk("#a?#.") == told
    again = ["li:raised", "li:cleared", "", "li:raised", "li:cleared"]
    assert Day(LI).walk("#.a#.") == again
    assert Day(LI).walk("#a!a.") == [
        "li:raised",
        "li:acknowledged",
        "li:re-alarmed",
        "li:acknowledged",
        "li:cleared",
    ]


def test_a_latched_alarm_ends_with_its_reset() -> None:
    told = Day(LI, latching=True).walk("#.ar")
    assert told == ["li:raised", "li:latched", "li:acknowledged", "li:cleared"]


def test_below_somebodys_minimum_they_are_told_nothing_from_beginning_to_end() -> None:
    assert Day(LI, CHIEF, alarm_context=LOW).walk("#a!.") == ["li:raised", "", "li:re-alarmed", "li:cleared"]


def test_the_person_who_acknowledges_is_not_told_what_they_did() -> None:
    for who in ("li", "li师傅", "Li"):
        day = Day(LI, WANG)
        day.step("#")
        assert [n.recipient for n in day.step("a", who)] == ["wang"]


def test_all_channels_of_a_person_carry_it_and_each_has_its_key() -> None:
    notices = Day(person("li", channels=2)).step("#")
    assert [n.channel for n in notices] == ["li-1", "li-2"]
    assert len({n.key for n in notices}) == 2


def test_keys_are_plain_ascii_for_any_name() -> None:
    planner = NotificationPlanner(
        SITE_CONTEXT, {("旗杆 1", "电流/高"): ALARM_CONTEXT}, [LI], RecordedLedger()
    )
    alarms = AlarmManager()
    change = alarms.apply(Finding("旗杆 1", "电流/高", True, START, START, WRONG))
    (told,) = planner.tell(change, alarms.state("旗杆 1", "电流/高"))
    assert told.key.isascii()
    assert told.key.isprintable()
    assert told.key.count("/") == 6
    assert "facilityd ack '旗杆 1' 电流/高" in told.body or "facilityd ack '旗杆 1' '电流/高'" in told.body


def test_a_raise_that_was_refused_has_no_end_to_tell() -> None:
    day = Day(LI, WANG)
    day.ledger.sent.remove(day.step("#")[0])
    assert [n.recipient for n in day.step(".")] == ["wang"]


def test_a_restart_remembers_who_was_told_even_if_they_would_not_be_now() -> None:
    day = Day(LI, CHIEF)
    day.step("#")
    day.planner = NotificationPlanner(SITE_CONTEXT, {KEY: LOW}, [LI, CHIEF, WANG], day.ledger)
    assert [n.recipient for n in day.step(".")] == ["li", "chief"]


def test_what_is_no_longer_configured_is_told_to_nobody() -> None:
    change = AlarmManager().apply(Finding("gone", "drag", True, START, START, WRONG))
    planner = NotificationPlanner(SITE_CONTEXT, {KEY: ALARM_CONTEXT}, [LI], RecordedLedger())
    assert planner.tell(change, AlarmManager().state("gone", "drag")) == []


def test_a_test_message_for_each_channel() -> None:
    zh, en = plan_test(START, SITE_CONTEXT, [LI, WANG])
    assert (zh.purpose, zh.subject) == (Purpose.TEST, "【测试】广场：通知渠道正常")
    assert (
        en.body == "This is a test message from Square, sent at 2026-09-21 22:13. Nothing needs to be done."
    )


@settings(max_examples=200, deadline=None)
@given(
    st.text(alphabet="##..?aar!R", max_size=40),
    st.booleans(),
    st.lists(st.tuples(st.sampled_from(Priority), st.integers(1, 2)), max_size=3),
    st.sampled_from(["safety", "ceremony", "asset", "appearance"]),
)
def test_told_raised_is_told_cleared_and_nobody_else(story, latching, crew, at_stake) -> None:
    """Over random lives and restarts (R), each occurrence ends for exactly those it began for."""
    people = [
        person(f"p{n}", "zh" if n % 2 else "en", minimum, channels)
        for n, (minimum, channels) in enumerate(crew)
    ]
    alarm_context = AlarmContext(
        ALARM_CONTEXT.device,
        ALARM_CONTEXT.rule.model_copy(update={"at_stake": at_stake}),
        ALARM_CONTEXT.signals,
    )
    day, sent = Day(*people, alarm_context=alarm_context, latching=latching), []
    for mark in story:
        if mark == "R":
            day.planner = NotificationPlanner(SITE_CONTEXT, {KEY: alarm_context}, people, day.ledger)
            continue
        try:
            sent += day.step(mark)
        except UsageError:
            continue
    state = day.alarms.state(*KEY)
    for occurrence in range(1, state.occurrence + 1):
        per = {
            p: [(n.recipient, n.channel) for n in sent if (n.occurrence, n.purpose) == (occurrence, p)]
            for p in Purpose
        }
        assert len(set(per[Purpose.RAISED])) == len(per[Purpose.RAISED])
        over = occurrence < state.occurrence or not (state.active or state.latched)
        ends = per[Purpose.CLEARED] or per[Purpose.LATCHED] if latching else per[Purpose.CLEARED]
        assert sorted(ends) == (
            sorted(per[Purpose.RAISED]) if over or (latching and not state.active) else []
        )
        assert set(per[Purpose.ACKNOWLEDGED]) <= set(per[Purpose.RAISED])
    assert len({n.key for n in sent}) == len(sent)


CHANNEL = AlarmContext(
    ALARM_CONTEXT.device,
    ALARM_CONTEXT.rule.model_copy(update={"at_stake": "asset"}),
    ALARM_CONTEXT.signals,
    channel="li-1",
)
BOSS = person("boss", "en", Priority.CRITICAL)


def addresses(notices: list[Notice]) -> set[str]:
    return {notice.channel for notice in notices}


def test_a_broken_channel_is_told_over_the_others_too() -> None:
    day = Day(LI, WANG, BOSS, alarm_context=CHANNEL)
    assert addresses(day.step("#")) == {"li-1", "wang-1"}, "the boss wants only what is critical"
    assert addresses(day.step(".")) == {"li-1", "wang-1"}


def test_where_only_the_broken_channel_would_say_it_the_others_are_told() -> None:
    day = Day(LI, BOSS, alarm_context=CHANNEL)
    assert addresses(day.step("#")) == {"li-1", "boss-1"}, "better the boss than nobody"
    assert addresses(day.step(".")) == {"li-1", "boss-1"}, "and who was told hears the end of it"


def test_another_broken_channel_counts_for_nothing() -> None:
    day = Day(LI, WANG, BOSS, alarm_context=CHANNEL)
    day.planner.troubled = lambda: {"wang-1"}
    assert addresses(day.step("#")) == {"li-1", "wang-1", "boss-1"}


def test_somebody_with_two_channels_hears_of_one_over_the_other() -> None:
    day = Day(person("li", channels=2), BOSS, alarm_context=CHANNEL)
    assert addresses(day.step("#")) == {"li-1", "li-2"}


@given(st.lists(st.tuples(st.sampled_from(Priority), st.integers(0, 3)), min_size=1, max_size=5), st.data())
@settings(max_examples=100, deadline=None)
def test_whoever_can_be_reached_is_not_all_left_out(
    people: list[tuple[Priority, int]], data: st.DataObject
) -> None:
    crew = [
        person(f"p{n}", minimum=minimum, channels=channels) for n, (minimum, channels) in enumerate(people)
    ]
    every = [channel.id for one in crew for channel in one.channels]
    if not every:
        return
    broken = data.draw(st.sets(st.sampled_from(every), min_size=1))
    alarm_context = AlarmContext(
        ALARM_CONTEXT.device, CHANNEL.rule, ALARM_CONTEXT.signals, channel=min(broken)
    )
    day = Day(*crew, alarm_context=alarm_context)
    day.planner.troubled = lambda: broken
    assert set(every) <= broken or addresses(day.step("#")) - broken
