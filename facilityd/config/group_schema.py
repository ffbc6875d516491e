"""Section ``groups`` of a site file."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from facilityd.config.fields import Name, Whole
from facilityd.model.measure import Span, within
from facilityd.model.sample import NS
from facilityd.model.text import Strict

_Within = Annotated[Span, AfterValidator(within(NS, 86_400 * NS))]


class GroupConfig(Strict):
    """Devices with a common cause: a feeder, a panel, a chamber."""

    name: Name
    members: tuple[str, ...] = Field(min_length=2, description="devices; a link is called link-ID")
    rules: tuple[str, ...] = Field(
        default=(),
        description="the members' rules that it explains; else: out of reach, or without supply",
    )
    causes: tuple[str, ...] = Field(
        default=(), description="alarms that speak for the members, as DEVICE.RULE, such as a flood contact"
    )
    least: Whole | None = Field(
        default=None, ge=2, description="so many in alarm mean that all are lost; if not given, all of them"
    )
    within: _Within = Field(
        default=60 * NS, description="the longest time from the cause to its consequences"
    )
