"""In a flood what is not critical comes in digests: nothing is lost in them, and no end before its beginning."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from support.commands import operate
from support.notification_fixtures import ALARM_CONTEXT, SITE_CONTEXT, RecordedLedger
from support.rule_harness import START

from facilityd.alarm import AlarmManager
from facilityd.errors import UsageError
from facilityd.model.alarm import Change
from facilityd.model.finding import Evidence, Finding
from facilityd.model.notice import Notice, Purpose
from facilityd.model.people import DutyPlan, Hours, QuietHours
from facilityd.model.rule import Priority
from facilityd.model.sample import NS
from facilityd.model.settings import ChannelSettings, RecipientSettings
from facilityd.model.text import Text
from facilityd.notify.digest import plan_digests
from facilityd.notify.gather import GATHERED, MANY, SOON, gone_together
from facilityd.notify.plan import TELLING
from facilityd.notify.planner import NotificationPlanner
from facilityd.notify.render import AlarmContext

WRONG = Evidence("limit-above", {"value": 12.5, "limit": 10.0, "unit": "A", "for_s": 3.0}, "current")
LESS = ALARM_CONTEXT.rule.model_copy(update={"at_stake": "appearance"})
SERIOUS = ALARM_CONTEXT.rule.model_copy(update={"at_stake": "asset"})
GRAVE, HIGH = "grave", "high"
DEVICES = ("a", "b", "c", "d", "e", "f", "g", GRAVE)
RULES = {GRAVE: ALARM_CONTEXT.rule, HIGH: SERIOUS}
CONTEXTS = {
    (device, "drag"): AlarmContext(
        Text(zh=f"设备{device}", en=f"Device {device}"),
        RULES.get(device, LESS),
        ALARM_CONTEXT.signals,
    )
    for device in (*DEVICES, HIGH)
}
NIGHT = QuietHours(Hours(22 * 60 + 30, 23 * 60), Priority.CRITICAL)
Alarm = tuple[str, str, int]


def someone(name: str, *kinds: str, quiet: tuple[QuietHours, ...] = ()) -> RecipientSettings:
    channels = tuple(ChannelSettings(f"{name}-{n}-{kind}", kind, {}) for n, kind in enumerate(kinds, start=1))
    return RecipientSettings(name, Text(zh=name, en=name), "zh", Priority.LOW, channels, quiet=quiet)


class FloodedCrew:
    """Alarms, a planner and a journal's outbox in memory, whose digests go when they are due."""

    def __init__(self, *people: RecipientSettings) -> None:
        self.people, self.at = people, START
        self.alarms, self.ledger = AlarmManager(), RecordedLedger()
        self.deferred: list[Notice] = []
        self.read: dict[str, list[Notice]] = defaultdict(list)
        """What each channel brought, in that order."""
        self.restart()

    def restart(self) -> None:
        self.planner = NotificationPlanner(SITE_CONTEXT, CONTEXTS, self.people, self.ledger, DutyPlan())

    def wait(self, seconds: int) -> None:
        until = self.at + seconds * NS
        while dues := [n.not_before for n in self.deferred if n.not_before <= until]:
            self.at = max(self.at, min(dues))
            self._release()
        self.at = until

    def _release(self) -> None:
        for channel in dict.fromkeys(n.channel for n in self.deferred):
            mine = gone_together([n for n in self.deferred if n.channel == channel], self.at)
            self.deferred = [n for n in self.deferred if n not in mine]
            if not mine:
                continue
            kind = channel.rpartition("-")[2]
            digests = plan_digests(mine, self.alarms.state, SITE_CONTEXT, self.at, kind)
            self.read[channel] += mine if len(mine) == 1 else digests

    def find(self, device: str, verdict: bool) -> list[Notice]:
        return self._tell(self.alarms.apply(Finding(device, "drag", verdict, self.at, self.at, WRONG)))

    def acknowledge(self, device: str) -> list[Notice]:
        return self._tell(operate(self.alarms, "a", (device, "drag"), self.at, "Zhao"))

    def _tell(self, change: Change | None) -> list[Notice]:
        if change is None:
            return []
        notices = self.planner.tell(change, self.alarms.state(change.device, change.rule))
        self.ledger.sent += notices
        for notice in notices:
            if notice.not_before:
                self.deferred.append(notice)
            else:
                self.read[notice.channel].append(notice)
        return notices


def alarm(notice: Notice) -> Alarm:
    return notice.device, notice.rule, notice.occurrence


def test_the_sixth_push_in_ten_minutes_waits_for_others_and_a_critical_one_never() -> None:
    crew = FloodedCrew(someone("li", "ntfy"))
    told = [crew.find(device, True)[0] for device in DEVICES]
    assert [bool(n.not_before) for n in told] == [False] * MANY + [True, True, False]
    assert {n.not_before for n in told[MANY:-1]} == {crew.at + GATHERED}
    crew.wait(600)
    (digest,) = [n for n in crew.read["li-1-ntfy"] if n.purpose is Purpose.DIGEST]
    assert digest.subject == "【一般·合并】广场：2 项报警，2 项未解除"
    assert digest.body.splitlines()[0].startswith("短时间内报警较多")
    assert [one[0] for one in digest.alarms] == ["f", "g"]


def test_what_is_of_high_priority_waits_a_minute_at_most_and_takes_along_what_waits() -> None:
    crew = FloodedCrew(someone("li", "ntfy"))
    for device in DEVICES[:7]:
        crew.find(device, True)
    crew.wait(20)
    since = crew.at
    (told,) = crew.find(HIGH, True)
    assert told.not_before == since + SOON
    crew.wait(61)
    (digest,) = [n for n in crew.read["li-1-ntfy"] if n.purpose is Purpose.DIGEST]
    assert digest.at == since + SOON
    assert digest.subject == "【重要·合并】广场：3 项报警，3 项未解除"
    assert [one[0] for one in digest.alarms] == [HIGH, "f", "g"], "the gravest first"
    assert crew.deferred == [], "and the others need not wait for their own five minutes"


def test_a_second_one_goes_with_the_first_and_one_alone_goes_as_it_is() -> None:
    crew = FloodedCrew(someone("li", "ntfy"))
    for device in DEVICES[:MANY]:
        crew.find(device, True)
    (first,) = crew.find(HIGH, True)
    crew.wait(61)
    assert crew.read["li-1-ntfy"][-1] == first, "alone: its own words, not a digest of one"
    (other,) = crew.find("f", True)
    crew.wait(10)
    crew.find(HIGH, False)
    (again,) = crew.find(HIGH, True)
    assert again.not_before == crew.at + SOON < other.not_before


def test_what_waits_for_quiet_hours_is_not_taken_along() -> None:
    """Else the end of an alarm, minutes before the quiet hours end, would go without its beginning."""
    crew = FloodedCrew(someone("li", "ntfy"))
    for device in DEVICES[:6]:
        crew.find(device, True)
    (high,) = crew.find(HIGH, True)
    ends = high.not_before + 30 * NS
    quiet = [
        replace(high, key=f"q{n}", device="q", at=at, not_before=ends)
        for n, at in enumerate((START - 900 * NS, START))
    ]
    going = gone_together([*crew.deferred, *quiet], high.not_before)
    assert {one.device for one in going} == {HIGH, "f"}
    assert len(gone_together([*crew.deferred, *quiet], ends)) == 4
    assert gone_together([*crew.deferred, *quiet], high.not_before - 1) == []


def test_a_program_at_the_other_end_gets_each() -> None:
    crew = FloodedCrew(someone("li", "webhook"), someone("wang", "mqtt"))
    assert not any(n.not_before for device in DEVICES for n in crew.find(device, True))


def test_the_flood_of_one_person_is_not_anothers() -> None:
    busy, idle = someone("li", "ntfy"), someone("wang", "ntfy")
    crew = FloodedCrew(busy)
    for device in DEVICES[:MANY]:
        crew.find(device, True)
    crew.people = (busy, idle)
    crew.restart()
    told = {n.recipient: n.not_before for n in crew.find("f", True)}
    assert told == {"li": crew.at + GATHERED, "wang": 0}


def test_the_flood_is_over_when_ten_minutes_were_quieter() -> None:
    crew = FloodedCrew(someone("li", "ntfy"))
    for device in DEVICES[:6]:
        crew.find(device, True)
    crew.wait(601)
    assert [n.not_before for n in crew.find("g", True)] == [0]


def test_what_does_not_fit_one_message_makes_more_of_them() -> None:
    li = someone("li", "wecom-robot")
    notices = [
        Notice(
            f"k{n}", "li", "li-1-wecom-robot", Purpose.RAISED, "zh", f"【提示】{n} 号照明回路：灯具故障", "", f"lamp-{n}",
            "drag", 1, 1, START, START + 60 * NS,
        )
        for n in range(200)
    ]  # fmt: skip
    crew = FloodedCrew(li)
    found = plan_digests(notices, crew.alarms.state, SITE_CONTEXT, START + 60 * NS, "wecom-robot")
    lines = [line for one in found for line in one.body.splitlines()[1:]]
    assert len({one.key for one in found}) == len(found) > 1
    assert all(any(line.endswith(n.subject) for line in lines) for n in notices)
    assert len(lines) == len(notices)
    assert max(len(f"{one.subject}\n{one.body}".encode()) for one in found) <= 2048
    assert found[0].subject.endswith(f"(1/{len(found)})")


def test_an_end_whose_beginning_was_told_before_says_once_that_it_is_over() -> None:
    li = someone("li", "ntfy")
    ends = [
        Notice(
            f"k{n}", "li", "li-1-ntfy", Purpose.CLEARED, "zh", f"【已恢复】{n} 号照明回路：灯具故障", "", f"lamp-{n}",
            "drag", 1, 1, START, START + 60 * NS,
        )
        for n in range(2)
    ]  # fmt: skip
    (found,) = plan_digests(ends, FloodedCrew(li).alarms.state, SITE_CONTEXT, START + 60 * NS, "ntfy")
    lines = [line for line in found.body.splitlines() if "照明回路" in line]
    assert [line.count("已恢复") for line in lines] == [1, 1], found.body


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(("#", "#", ".", "a", "restart")),
        st.sampled_from((*DEVICES, HIGH)),
        st.integers(0, 200),
    ),
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(EVENTS)
def test_whatever_happens_who_was_told_the_beginning_is_told_the_end_after_it(
    events: list[tuple[str, str, int]],
) -> None:
    crew = FloodedCrew(
        someone("li", "ntfy"), someone("wang", "email", quiet=(NIGHT,)), someone("program", "webhook")
    )
    made: list[Notice] = []
    for what, device, pause in events:
        crew.wait(pause)
        if what == "restart":
            crew.restart()
        elif what == "a":
            made += _acknowledged(crew, device)
        else:
            made += crew.find(device, what == "#")
    crew.wait(7200)
    assert crew.deferred == []
    for channel, read in crew.read.items():
        _holds(read, [n for n in made if n.channel == channel], crew)


def _acknowledged(crew: FloodedCrew, device: str) -> list[Notice]:
    try:
        return crew.acknowledge(device)
    except UsageError:
        return []


def _holds(read: list[Notice], made: list[Notice], crew: FloodedCrew) -> None:
    digests = [n for n in read if n.purpose is Purpose.DIGEST]
    alone = {n.key for n in read}
    assert not any(one[0] == GRAVE for n in digests for one in n.alarms), "critical, in a digest"
    for notice in made:
        within = any(alarm(notice) in one.alarms and one.at >= notice.at for one in digests)
        assert notice.key in alone or within, "lost"
    for one in {alarm(n) for n in made if n.purpose in TELLING}:
        state = crew.alarms.state(one[0], one[1])
        said = list(_said(read, one))
        assert said[0] == "beginning", said
        over = state.occurrence > one[2] or not state.active
        assert (said[-1] == "end") is over, said


def _said(read: list[Notice], one: Alarm) -> Iterator[str]:
    """Yield what a channel said of an alarm, in order: a digest says both where it is over."""
    for notice in read:
        if notice.purpose is Purpose.DIGEST and one in notice.alarms:
            line = notice.body.splitlines()[1 + notice.alarms.index(one)]
            yield "beginning"
            if "已恢复" in line:
                yield "end"
        elif alarm(notice) == one:
            yield "end" if notice.purpose is Purpose.CLEARED else "beginning"
