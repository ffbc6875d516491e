"""Instants and spans as people type them: what click makes of them."""

from __future__ import annotations

import math

import click

from facilityd.cli.language import in_words, named
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.query.instant_text import (
    MONTHS,
    CalendarMonth,
    LocalTime,
    at_site,
    between,
    parse_instant,
    span,
)

LONGEST_S = 10_000_000
_FORMS = Wording("ask.instant-forms")
__all__ = [
    "BucketParam", "DurationParam", "InstantParam", "LocalTime", "SecondsParam", "SpeedParam", "at_site",
    "between", "span",
]  # fmt: skip


class InstantParam(click.ParamType[int]):
    """'1h' (that long ago), '2026-11-23T06:10', '21:30', 'yesterday': on the site's clock (``at_site``)."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return ns UTC, or a time that the site's zone is still to be applied to."""
        if isinstance(value, int):
            return value
        text = str(value).strip()
        try:
            return parse_instant(text)
        except ValueError:
            self.fail(in_words(Wording("ask.not", text=text, forms=_FORMS)), param, ctx)
        except UsageError as error:
            self.fail(named(error), param, ctx)


class DurationParam(click.ParamType[int]):
    """'30s', '5min', '1h', '7d', '2w'."""

    name = "span"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return ns."""
        if isinstance(value, int):
            return value
        try:
            length = span(str(value))
        except ValueError as error:
            self.fail(named(error), param, ctx)
        if length <= 0:
            self.fail(in_words(Wording("ask.span-longer-than-expected")), param, ctx)
        return length


class BucketParam(DurationParam):
    """'15min', '1d', 'month': how wide a bucket is."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return ns; of a month a ``CalendarMonth``."""
        return CalendarMonth() if str(value).strip() in MONTHS else super().convert(value, param, ctx)


class SecondsParam(click.ParamType[float]):
    """'2.5': how long something lasts; 0 where it lasts until Ctrl-C."""

    name = "seconds"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return s."""
        try:
            seconds = float(str(value))
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds <= LONGEST_S:  # nan is not
            said = Wording("ask.no-number-seconds-from", value=value, longest_s=LONGEST_S)
            self.fail(in_words(said), param, ctx)
        return seconds


class SpeedParam(click.FloatRange):
    """Times life; nan is none."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number."""
        speed = float(super().convert(value, param, ctx))  # type: ignore[arg-type]
        if math.isnan(speed):
            self.fail(in_words(Wording("ask.no-speed", value=value)), param, ctx)
        return speed
