"""The shape of ``seasons`` in a site's files: parts of each year in which devices are in a state."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from facilityd.config.people_schema import Ids
from facilityd.model.message import Wording
from facilityd.model.text import Strict

DAY_PATTERN = r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
_MOST_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
MonthDay = tuple[int, int]


def month_day(text: object) -> MonthDay:
    """Return month and day of '11-15'. Raises ValueError."""
    if not isinstance(text, str) or not re.fullmatch(DAY_PATTERN, text):
        raise ValueError(Wording("config.day-of-year-expected"))
    month, day = (int(part) for part in text.split("-"))
    if day > _MOST_DAYS[month - 1]:
        raise ValueError(Wording("config.day-of-year-expected"))
    return month, day


YearDay = Annotated[
    MonthDay,
    BeforeValidator(month_day, json_schema_input_type=Annotated[str, Field(pattern=DAY_PATTERN)]),
]


class SeasonConfig(Strict):
    """Days of each year in which devices are in a state: nobody is told of them, but of danger to people."""

    state: Literal["drained", "show-off"]
    from_: YearDay = Field(alias="from", description='the first day, such as "11-15"')
    until: YearDay = Field(description="the day on which it is over; not after 'from': of the next year")
    devices: Ids = Field(default=(), description="ids of devices")
    families: Ids = Field(default=(), description="kinds of device")
    reason: Annotated[str, Field(max_length=200)] = ""
    also: Ids = Field(
        default=(), description="rules that concern danger to people, and of which nobody is told either"
    )

    @model_validator(mode="after")
    def _of_something(self) -> SeasonConfig:
        if not self.devices and not self.families:
            raise ValueError(Wording("config.season-of-nothing"))
        if self.from_ == self.until:
            raise ValueError(Wording("config.season-without-end"))
        return self
