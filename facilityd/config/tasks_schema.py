"""The shape of tasks in a site's files: how long repairs may take, and the inspections that come round."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from facilityd.config.fields import Name, Whole
from facilityd.config.people_schema import Day
from facilityd.model.measure import Duration, within
from facilityd.model.sample import NS
from facilityd.model.settings import DUE
from facilityd.model.text import Strict, Text

DAY = 86_400 * NS
_Span = Annotated[Duration, AfterValidator(within(60 * NS, 366 * DAY))]


class DueConfig(Strict):
    """Within how long the repair of an alarm of each priority is to be done."""

    critical: _Span = DUE["critical"]
    high: _Span = DUE["high"]
    medium: _Span = DUE["medium"]
    low: _Span = DUE["low"]


class TasksConfig(Strict):
    """Repair tasks: when they are due, and when the data have shown that a repair was one."""

    due: DueConfig = DueConfig()
    verify_for: _Span = Field(default=1800 * NS, description="the rule was right for so long")
    occasions: Whole = Field(
        default=2, ge=1, le=100, description="or on so many runs, where it is judged in runs only"
    )


class InspectionConfig(Strict):
    """An inspection of a device that comes round."""

    device: str
    name: Name
    first: Day = Field(description="the day by whose end it is due for the first time")
    every: Annotated[Duration, AfterValidator(within(DAY, 3660 * DAY))]
    ahead: Annotated[Duration, AfterValidator(within(0, 366 * DAY))] = Field(
        default=7 * DAY, description="the task is there so long before"
    )
    steps: tuple[Text, ...] = Field(default=(), max_length=50, description="what is to be done, in order")
