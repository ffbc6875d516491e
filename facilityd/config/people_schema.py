"""What a site file may say of people: how each is reached, when they are there, and who is asked next."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from facilityd.config.channel_schema import Channel
from facilityd.config.fields import BaseUrl, Name, Secret, Url, Whole, each_once
from facilityd.model.measure import Duration, within
from facilityd.model.message import Wording
from facilityd.model.sample import NS
from facilityd.model.text import Language, Strict

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)|24:00")
CLOCK_PATTERN = r"^(([01]?[0-9]|2[0-3]):[0-5][0-9]|24:00)$"
MOST_PEOPLE = 100
Urgency = Literal["low", "medium", "high", "critical"]


def clock(text: object) -> int:
    """Return the minutes since midnight of '22:00'."""
    if isinstance(text, int) and not isinstance(text, bool):
        raise ValueError(Wording("config.time-day-needs-quotes-for"))  # noqa: TRY004
    if not isinstance(text, str) or not _CLOCK.fullmatch(text):
        raise ValueError(Wording("config.time-day-expected-such-as"))
    hour, minute = text.split(":")
    return 60 * int(hour) + int(minute)


def day(value: object) -> date:
    """Return a date."""
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(Wording("config.date-expected-such-as")) from None


ClockTime = Annotated[
    int, BeforeValidator(clock, json_schema_input_type=Annotated[str, Field(pattern=CLOCK_PATTERN)])
]
Day = Annotated[date, BeforeValidator(day)]
DayName = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "workdays", "restdays", "all"]
Ids = Annotated[tuple[str, ...], AfterValidator(each_once), Field(max_length=MOST_PEOPLE)]
Days = Annotated[tuple[DayName, ...], Field(min_length=1)]
_WAIT = within(30 * NS, 30 * 86400 * NS)


class QuietConfig(Strict):
    """Hours in which only what is urgent is reported at once; the rest comes as one digest at their end."""

    from_: ClockTime = Field(alias="from")
    until: ClockTime = Field(description="not after 'from': of the next day")
    days: Days = ("all",)
    least: Urgency = Field(default="critical", description="told at once from this priority on")


class MorningConfig(Strict):
    """One message a day: what happened at night, what is open, what is ready."""

    at: ClockTime = Field(description='when, such as "07:30"')
    since: ClockTime = Field(default=18 * 60, description="what came since then, of the day before")
    days: Days = ("all",)
    when_quiet: bool = Field(default=True, description="also where there is nothing to say")


class RecipientConfig(Strict):
    """Somebody who is notified."""

    name: Name
    language: Language
    minimum: Urgency = "low"
    channels: tuple[Channel, ...] = Field(
        min_length=1, description="in order: the next where one takes nothing"
    )
    every_channel: bool = Field(default=False, description="each channel carries everything")
    standby: bool = Field(default=False, description="told of nothing but what escalates to them")
    families: Ids = Field(default=(), description="kinds of device that they answer for")
    devices: Ids = Field(default=(), description="devices that they answer for; neither given: everything")
    quiet_hours: tuple[QuietConfig, ...] = Field(default=(), max_length=20)
    morning: MorningConfig | None = None


class ShiftConfig(Strict):
    """Hours of a rota and who is on duty in them: all of them, or in turns of some days."""

    from_: ClockTime = Field(alias="from")
    until: ClockTime = Field(description="not after 'from': of the next day")
    days: Days = ("all",)
    people: Ids = Field(min_length=1)
    turn_days: Whole = Field(default=0, ge=0, le=366, description="one after another, so many days each")
    start: Day | None = Field(default=None, description="first day of the first one's turn")

    @model_validator(mode="after")
    def _has_a_start(self) -> ShiftConfig:
        if bool(self.turn_days) != (self.start is not None):
            raise ValueError(Wording("config.turn-days-start-belong-together"))
        return self


class RotaConfig(Strict):
    """Who is on duty when: as a table of shifts, or as an iCal file whose events name people."""

    shifts: tuple[ShiftConfig, ...] = Field(default=(), max_length=200)
    ical: str = Field(default="", description="an .ics file beside this one")

    @model_validator(mode="after")
    def _says_something(self) -> RotaConfig:
        if not self.shifts and not self.ical:
            raise ValueError(Wording("config.shifts-or-ical-needed"))
        return self


class SubstituteConfig(Strict):
    """Who stands in for somebody, from a day up to, but not with, another."""

    person: str
    by: str
    from_: Day = Field(alias="from")
    until: Day


class StepConfig(Strict):
    """One step: who is notified when nobody has answered for so long."""

    after: Annotated[Duration, AfterValidator(_WAIT)]
    to: Ids = Field(min_length=1, description="ids of people and rotas, or next-channel")


class StillOnItConfig(Strict):
    """After how long an acknowledgement of what goes on is asked about."""

    critical: Annotated[Duration, AfterValidator(_WAIT)] | None = None
    high: Annotated[Duration, AfterValidator(_WAIT)] | None = None
    medium: Annotated[Duration, AfterValidator(_WAIT)] | None = None
    low: Annotated[Duration, AfterValidator(_WAIT)] | None = None


class ProofOfLifeConfig(Strict):
    """How people see that they would be notified."""

    test_message: ClockTime | None = Field(
        default=None, description='when a harmless message goes over every channel, such as "09:00"'
    )
    days: Days = Field(default=("all",), description="on which it does")
    heartbeat: Url = Field(
        default="", description="called every minute: who is outside and misses it tells you (healthchecks)"
    )
    every: Annotated[Duration, AfterValidator(within(10 * NS, 86400 * NS))] = 60 * NS


class AlertmanagerConfig(Strict):
    """An Alertmanager that gets every alarm, again and again while it stands."""

    url: BaseUrl = Field(description="such as http://host:9093; /api/v2/alerts is put there by itself")
    token: Secret | None = None
    every: Annotated[Duration, AfterValidator(within(10 * NS, 3600 * NS))] = 60 * NS


class EscalationConfig(Strict):
    """What happens to an alarm that nobody answers."""

    least: Urgency = Field(default="high", description="alarms from this priority on")
    steps: tuple[StepConfig, ...] = Field(default=(), max_length=20)
    still_on_it: StillOnItConfig = StillOnItConfig()
