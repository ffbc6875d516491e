"""A desk at which messages are made as the daemon makes them: the demo site, two readers, and alarms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from facilityd.alarm import AlarmManager
from facilityd.alarm.events import AlarmEvent
from facilityd.app.builtin import all_devices
from facilityd.app.outputs import make_planner
from facilityd.config.load import load
from facilityd.model.alarm import AlarmState, Change
from facilityd.model.command import (
    AcknowledgeAlarm,
)
from facilityd.model.finding import Evidence, Finding
from facilityd.model.notice import Notice
from facilityd.model.rule import Priority
from facilityd.model.sample import NS
from facilityd.model.settings import ChannelSettings, RecipientSettings
from facilityd.model.text import Text
from facilityd.notify.render import SiteContext
from facilityd.notify.sparkline import Sparkline
from facilityd.scenario.load import square

MIN, HOUR = 60 * NS, 3600 * NS
LEAK, POLE, LINK, CHANNEL, STRAINER = (
    ("fountain-2", "leakage"), ("gate-base", "pole-live"), ("link-fountain-gateway", "down"),
    ("channel-crew-1-webhook", "refuses"), ("fountain-1", "strainer-clogged"),
)  # fmt: skip
LEAKING = Evidence("limit-above", {"value": 0.0214, "limit": 0.015, "for_s": 2.0, "unit": "A"}, "leakage")
DRY = Evidence("clear-above", {"value": 0.0031, "limit": 0.01, "for_s": 10.0, "unit": "A"}, "leakage")
LIVE = Evidence("limit-above", {"value": 0.0072, "limit": 0.005, "for_s": 10.0, "unit": "A"}, "pole_leakage")
Key = tuple[str, str]


def at(text: str) -> int:
    """Return an instant of the demo site, ns UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()) * NS


NIGHT = at("2026-06-10T22:14")


@dataclass(frozen=True, slots=True)
class Told:
    """One kind of message: when it is sent, and how it reads. ``says``: what a glance at it must show."""

    title: str
    when: str
    zh: Notice
    en: Notice
    says: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def glance(self, language: str) -> Sequence[str]:
        """Return what the first characters must say."""
        return self.says.get(language, ())


class Ledger:
    """Who was told what, in memory."""

    def __init__(self) -> None:
        self.sent: list[Notice] = []

    def notices(self, device: str, rule: str, occurrence: int) -> list[Notice]:
        """Return those of an occurrence."""
        mine = (device, rule, occurrence)
        return [one for one in self.sent if (one.device, one.rule, one.occurrence) == mine]

    def pushes(self, recipient: str, since: int) -> list[Notice]:
        """Return those to one reader from an instant on."""
        return [one for one in self.sent if one.recipient == recipient and one.at >= since]


def _person(name: str, zh: str, language: Any) -> RecipientSettings:
    channel = ChannelSettings(f"{name}-1-ntfy", "ntfy", {})
    return RecipientSettings(name, Text(zh=zh, en=name.title()), language, Priority.LOW, (channel,))


class Desk:
    """The demo site with two readers, and alarms to tell them of."""

    def __init__(self) -> None:
        people = (_person("li", "李师傅", "zh"), _person("ann", "安", "en"))
        self.site = replace(
            load(square(), secrets=False), source="square", recipients={p.id: p for p in people}
        )
        self.people, self.devices = people, all_devices(load(square(), secrets=False))
        self.place = SiteContext(self.site.name, ZoneInfo(self.site.timezone), "facilityd ack square")

    def alarm(self, key: Key, latching: bool = False) -> StagedAlarm:
        """Return a new alarm."""
        return StagedAlarm(self, key, latching=latching)


class StagedAlarm:
    """One alarm, and what is told of it step by step."""

    def __init__(self, desk: Desk, key: Key, *, latching: bool) -> None:
        self.key, self.ledger = key, Ledger()
        self.alarms = AlarmManager((), {key} if latching else frozenset(), {key: HOUR})
        self.planner = make_planner(desk.site, desk.devices, self.ledger)
        self.now = NIGHT
        self.sparkline: Sparkline | None = None

    def finds(self, verdict: bool, evidence: Evidence, **details: Any) -> tuple[Notice, ...]:
        """Let the rule say something new."""
        change = self.alarms.apply(Finding(*self.key, verdict, self.now, self.now, evidence))
        return self.tell(replace(change, details={**change.details, **details}) if change else None)

    def asks(self, event: AlarmEvent, command: Any) -> tuple[Notice, ...]:
        """Let a person ask something."""
        return self.tell(self.alarms.operate(event, command, self.now))

    def passes(self, ns: int) -> tuple[Notice, ...]:
        """Let time pass."""
        self.now += ns
        return tuple(n for change in self.alarms.tick(self.now) for n in self.tell(change))

    def tell(self, change: Change | None) -> tuple[Notice, ...]:
        """Return what is told of a change."""
        notices = self.planner.tell(change, self.state, self.sparkline) if change else []
        self.ledger.sent += notices
        return tuple(notices)

    @property
    def state(self) -> AlarmState:
        """How the alarm is."""
        return self.alarms.state(*self.key)

    def ack(self, person: str = "王师傅") -> tuple[Notice, ...]:
        """Let somebody acknowledge."""
        device, rule = self.key
        return self.asks(AlarmEvent.ACKNOWLEDGE, AcknowledgeAlarm(device=device, rule=rule, person=person))


def pair(
    title: str, when: str, notices: Sequence[Notice], zh: Sequence[str] = (), en: Sequence[str] = ()
) -> Told:
    """Return a kind of message from its notices: one in each language."""
    found = {one.language: one for one in notices}
    return Told(title, when, found["zh"], found["en"], {"zh": zh, "en": en})


def worse(desk: Desk) -> Told:
    """Return what is told where a fault worsens into a graver stage of its own."""
    device, rule = STRAINER
    staged = desk.alarm((device, "strainer-blocked"))
    deep = Evidence(
        "limit-below", {"value": -0.64, "limit": -0.6, "for_s": 30.0, "unit": "bar"}, "inlet_pressure"
    )
    return pair(
        "Worse",
        "The same fault has become worse: this alarm takes the place of the lesser one that was told.",
        staged.finds(True, deep, worse_than=rule, worse_since=staged.now - 6 * HOUR),
        ("一般", "一号喷泉泵", "滤网"),
        ("MED", "Fountain pump 1", "strainer blocked"),
    )


def eased(desk: Desk) -> Told:
    """Return what is told where the graver stage of a fault is over, and the lesser goes on."""
    device, rule = STRAINER
    staged = desk.alarm((device, rule))
    low = Evidence(
        "limit-below", {"value": -0.3, "limit": -0.2, "for_s": 30.0, "unit": "bar"}, "inlet_pressure"
    )
    staged.finds(True, low)
    staged.now += 6 * HOUR
    staged.finds(True, replace(low, cause="strainer-blocked"))
    staged.now += 2 * HOUR
    return pair(
        "Less",
        "The graver stage is over, and the lesser alarm that was told before it goes on.",
        staged.finds(True, low, eased_from="strainer-blocked", eased_since=staged.now - 2 * HOUR),
        ("减轻", "一号喷泉泵", "滤网"),
        ("LOW", "Fountain pump 1", "strainer"),
    )
