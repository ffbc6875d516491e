"""The first 40 characters of every notice say how bad, where and what: every rule, purpose, channel and language."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.notification_fixtures import ALARM_CONTEXT, notice
from support.robots import FakeDingTalk, FakeFeishu, FakeWeCom

from devices.tables import families
from facilityd.app.builtin import all_devices
from facilityd.app.outputs import make_planner
from facilityd.config.load import load
from facilityd.config.site import Device
from facilityd.model.alarm import AlarmState, Change, ChangeKind
from facilityd.model.finding import Evidence
from facilityd.model.notice import DeliveryOutcome, Notice
from facilityd.model.text import LANGUAGES, SHORTEST, Language, ShortText, Text
from facilityd.notify.headline import GLANCE, headline, named, unsaid
from facilityd.notify.mail import message
from facilityd.notify.render import PURPOSES, AlarmContext, SiteContext, render, render_escalation
from facilityd.notify.robots import DingTalkRobot, FeishuRobot, WeComRobot
from facilityd.notify.split import cut
from facilityd.notify.texts import texts
from facilityd.notify.unwatched import plan_unwatched
from facilityd.notify.webhook import payload
from facilityd.scenario.load import square

AT = 1_790_000_000_000_000_000
PLACE = SiteContext(Text(zh="市民广场", en="Civic square"), ZoneInfo("Asia/Shanghai"))
WRONG = Evidence("unknown-yet", {})
MARKS: dict[ChangeKind, tuple[str, ...]] = {
    ChangeKind.ACKNOWLEDGE: ("已有人处理", "Taken on"),
    ChangeKind.LATCH: ("待检查复位", "待复位", "Inspect and reset", "Latched"),
    ChangeKind.CLEAR: ("已恢复", "Cleared"),
    ChangeKind.RESET: ("已恢复", "Cleared"),
    ChangeKind.SHELVE: ("已搁置", "Shelved"),
    ChangeKind.OUT_OF_SERVICE: ("已停用", "Out of service", "Removed"),
    ChangeKind.REVIEW: ("待复查", "Review"),
}
"""What stands for how bad it is where that is no priority: it is over, or people know."""
DETAILS = {"until": AT, "ticket": "T-7", "state": "drained", "expired": True}


@cache
def devices() -> dict[str, Device]:
    return all_devices(load(square(), secrets=False))


def longest(language: Language) -> Iterator[Device]:
    """Yield of each family of the demo site the device with the longest name."""
    by_family: dict[str, list[Device]] = {}
    for device in devices().values():
        by_family.setdefault(device.family.family, []).append(device)
    for some in by_family.values():
        yield max(some, key=lambda one: len(one.name.in_(language)))


def subjects(device: Device, rule: str, language: Language) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield subject and body of everything that is told of an alarm, and what may say how bad it is."""
    record = device.family.rules[rule]
    context = AlarmContext(device.name, record, device.family.signals)
    priority = record.priority.name.lower()
    grave = tuple(
        f"{opens}{table[priority].in_(language)}"
        for table in (texts().priority, texts().priority_short)
        for opens in ("【", "[")
    )
    state = AlarmState(device.id, rule, raised_at=AT, occurrence=1)
    for kind in PURPOSES:
        change = Change(AT, device.id, rule, 1, kind, WRONG, "Li", details=DETAILS)
        yield *render(change, state, context, PLACE, language), MARKS.get(kind, grave)
    change = Change(AT, device.id, rule, 1, ChangeKind.RAISE, WRONG)
    yield *render_escalation(change, state, context, PLACE, language, AT, ["Li"]), grave
    told = notice(device=device.id, rule=rule)
    retired = Change(AT, device.id, rule, 1, ChangeKind.RETIRE, Evidence("unwatched-device", {}))
    key = (device.id, rule)
    (ended,) = plan_unwatched(retired, state, [replace(told, language=language)], {key: context}, PLACE)
    yield ended.subject, ended.body, ("不再监测", "No longer watched", "Unwatched")


@pytest.mark.parametrize("language", LANGUAGES)
def test_forty_characters_of_every_rule_say_how_bad_where_and_what(language: Language) -> None:
    seen = 0
    for device in longest(language):
        for rule, record in device.family.rules.items():
            for subject, body, grave in subjects(device, rule, language):
                shown, seen = subject[:GLANCE], seen + 1
                assert any(mark in shown for mark in grave), shown
                assert any(place in shown for place in _ends_of(device, language)), (device.id, shown)
                name = record.name.in_(language)
                assert name in shown or record.brief(language) in shown, (rule, shown)
                assert name in subject or body.splitlines()[0] == name, (rule, "the whole name stands below")
    assert seen > 3000


def _ends_of(device: Device, language: Language) -> tuple[str, ...]:
    """Return what names a device: its name, its id; of a person's channel the beginning is enough."""
    name = device.name.in_(language)
    built_in = device.family.family in ("channel", "link")
    return (name, device.id, *([name[:5]] if built_in else []))


@pytest.mark.parametrize("family", families(None))
def test_every_shipped_rule_has_a_name_that_fits(family: str) -> None:
    """Where the name itself is longer, `short` stands below it in the family's table."""
    for name, rule in families(None)[family].rules.items():
        for language in LANGUAGES:
            assert len(rule.brief(language)) <= SHORTEST, (
                f"{family}/{name}: give it a short name ({language})"
            )
        assert not any("\u4e00" <= sign <= "\u9fff" for sign in rule.short.en), name


def test_no_two_alarms_of_a_device_begin_alike() -> None:
    """But where they are the same trouble, seen by different signs."""
    same = {"earth leak", "runs dry", "leakage rising", "sensor doubted", "传感器不可信", "水泵干转"}
    for family in families(None).values():
        for language in LANGUAGES:
            briefs = [rule.brief(language) for rule in family.rules.values()]
            twice = {one for one in briefs if briefs.count(one) > 1} - same
            assert not twice, (family.family, language, twice)


# What a phone shows first of a notice, by channel, made of what goes over the wire.
FIRST: dict[str, Callable[[Notice], str]] = {
    "email": lambda n: str(message(n, "a@square.example", "li@square.example")["Subject"]),
    "ntfy": lambda n: cut(n.subject, 250),
    "webhook": lambda n: json.loads(json.dumps(payload(n)))["subject"],
}


ROBOTS = {
    "wecom": (FakeWeCom, WeComRobot), "dingtalk": (FakeDingTalk, DingTalkRobot), "feishu": (FakeFeishu, FeishuRobot),
}  # fmt: skip


@pytest.mark.parametrize("kind", ROBOTS)
async def test_a_robot_shows_them_first_also_of_parts_and_before_whom_it_mentions(kind: str) -> None:
    fake_class, robot_class = ROBOTS[kind]
    told = [next(_told(language)) for language in LANGUAGES]
    fake = fake_class()
    async with fake.server() as server:
        robot = robot_class(url=str(server.make_url("/send")), token="k3y", users=["zhang"])
        for one in told:
            long = "\n".join([one.body] * (1 + 9000 // len(one.body)))
            for body in (one.body, long):
                known = len(fake.texts())
                sent = await robot.send(replace(one, body=body, key=f"notice {known}"))
                assert sent.result is DeliveryOutcome.ACCEPTED
                assert fake.texts()[known].startswith(one.subject[:GLANCE])


@pytest.mark.parametrize("kind", FIRST)
@pytest.mark.parametrize("size", [1, 3000])
def test_each_channel_shows_them_first(kind: str, size: int) -> None:
    """Also of a message that becomes several, and of one that mentions somebody."""
    told = [one for language in LANGUAGES for one in _told(language)]
    assert len(told) > 20
    for one in told:
        long = replace(one, body="\n".join([one.body] * (1 + size // len(one.body))))
        assert FIRST[kind](long).startswith(one.subject[:GLANCE])


def _told(language: Language) -> Iterator[Notice]:
    for device in longest(language):
        rule = next(iter(device.family.rules))
        for subject, body, _ in subjects(device, rule, language):
            yield notice(subject=subject, body=body)


def test_a_family_of_ones_own_needs_no_short_names() -> None:
    rule = ALARM_CONTEXT.rule.model_copy(
        update={"name": Text(zh="这是一条名称特别特别特别特别特别特别特别特别长的自定义规则", en="A rule of ours whose name goes on")}
    )  # fmt: skip
    device = Text(
        zh="东北角地下二层设备间内的第十二号循环水泵", en="Circulation pump 12 of the second basement"
    )
    zh = headline("raised", named(device, "circulation-pump-12-of-basement-2", rule, "zh"), "zh")
    en = headline("raised", named(device, "circulation-pump-12-of-basement-2", rule, "en"), "en")
    assert zh == "【紧急】东北角地下二层设备间内的第十…循环水泵：这是一条名称特别特别特…定义规则"
    assert en == "[CRIT] Circulatio…ment: A rule of o…s on"
    assert max(len(zh), len(en)) <= GLANCE
    assert unsaid(en, rule.name.en) == rule.name.en


NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60).filter(str.strip)


@settings(max_examples=150, deadline=None)
@given(
    NAMES, NAMES, st.sampled_from([n for n in texts().subject if n != "merged"]), st.sampled_from(LANGUAGES)
)
def test_no_name_pushes_out_how_bad_it_is(device: str, rule: str, which: str, language: Language) -> None:
    """Names hold braces, bars and blanks; what a phone shows begins with the mark all the same."""
    whole = dict.fromkeys(
        ("ceremony", "time", "left", "count", "standing", "part", "due", "person", "by"), "1"
    )
    fields = whole | {
        "device": device, "device-short": "d-1", "rule": rule, "what": rule, "site": device, "state": "检修",
        "mark": "", "gaps": "", "more": "", "priority": "CRITICAL", "priority-short": "CRIT",
    }  # fmt: skip
    said = headline(which, fields, language)
    assert said.startswith(("[", "【"))
    assert "\n" not in said
    mark = said[: said.index("]" if language == "en" else "】") + 1]
    assert len(mark) < GLANCE


def test_a_short_name_is_a_few_words() -> None:
    with pytest.raises(ValueError, match="at most 16 characters"):
        ShortText(en="seventeen letters")
    with pytest.raises(ValueError, match="few words"):
        ShortText(en="line\nbreak")
    assert ShortText(zh="漏电").in_("en") == ""


def test_what_the_daemon_sends_is_this() -> None:
    """The planner that the daemon builds makes the same first line."""
    planner = make_planner(load(square(), secrets=False), devices(), _Nobody())
    change = Change(AT, "fountain-2", "leakage", 1, ChangeKind.RAISE, WRONG)
    told = planner.tell(change, AlarmState("fountain-2", "leakage", raised_at=AT, occurrence=1))
    assert {one.subject[:GLANCE] for one in told} == {
        "【紧急】二号喷泉泵：水下设备漏电",
        "[CRITICAL] Fountain pump 2: earth leak",
    }


class _Nobody:
    def notices(self, *_: object) -> list[Notice]:
        return []

    def pushes(self, *_: object) -> list[Notice]:
        return []
