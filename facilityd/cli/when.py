"""Instants and spans as people type and read them."""

from __future__ import annotations

import math
import re
import time
from datetime import datetime, timedelta
from datetime import time as clock_time
from typing import Self
from zoneinfo import ZoneInfo

import click

from facilityd.cli.language import in_words, named
from facilityd.config.site import Site
from facilityd.errors import UsageError
from facilityd.model.measure import duration
from facilityd.model.message import Wording
from facilityd.model.sample import NS
from facilityd.query.instants import show_second

LONGEST_S = 10_000_000
WEEK = 7 * 86_400 * NS
EARLIEST, LATEST = 0, 2**63 - 1
_DAYS = {"today": 0, "yesterday": 1, "今天": 0, "昨天": 1}
_HOUR = re.compile(r"\d{1,2}:\d\d(:\d\d)?")
_FORMS = Wording("ask.instant-forms")


class LocalTime(int):
    """A time without a zone, as typed; what it means is known once the site's zone is (``at_site``)."""

    text: str

    def __new__(cls, text: str) -> Self:
        """Return one; its number means nothing yet."""
        made = super().__new__(cls, 0)
        made.text = text
        return made


def at_site(moment: int, zone: str) -> int:
    """Return the instant, ns UTC, that a person on site means. Raises UsageError where there is none.

    Where the clock is put back, an hour comes twice: the first is meant.
    """
    if not isinstance(moment, LocalTime):
        return moment
    here = ZoneInfo(zone)
    now, text = datetime.now(here), moment.text
    if text in _DAYS:
        day = now.date() - timedelta(days=_DAYS[text])
        when = datetime.combine(day, clock_time(), here)
    elif _HOUR.fullmatch(text):
        when = datetime.combine(now.date(), clock_time.fromisoformat(text.zfill(5)), here)
        if when > now:  # 21:30 in the morning is last night's
            when = datetime.combine(now.date() - timedelta(days=1), when.time(), here)
    else:
        when = datetime.fromisoformat(text).replace(tzinfo=here)
    return _bounded(when)


def between(site: Site, since: int, until: int | None) -> tuple[int, int]:
    """Return a span of time in ns UTC, to now if ``until`` is not given. Raises UsageError."""
    first = at_site(since, site.timezone)
    last = time.time_ns() if until is None else at_site(until, site.timezone)
    if first >= last:
        shown = {"first": show_second(first, site.timezone), "last": show_second(last, site.timezone)}
        hint = Wording("ask.times-site-own")
        raise UsageError(Wording("ask.since-not-before-until", **shown), hint=hint)
    return first, last


def _bounded(when: datetime) -> int:
    """Return ns UTC. Raises UsageError for a year that no journal holds."""
    try:
        instant = int(when.timestamp()) * NS
    except (OverflowError, ValueError, OSError):
        instant = -1
    if not EARLIEST <= instant <= LATEST:
        raise UsageError(Wording("ask.no-time-that-can-stored", when=when), hint=Wording("ask.give-one-from"))
    return instant


class InstantParam(click.ParamType[int]):
    """'1h' (that long ago), '2026-11-23T06:10', '21:30', 'yesterday': on the site's clock (``at_site``)."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return ns UTC, or a time that the site's zone is still to be applied to."""
        if isinstance(value, int):
            return value
        text = str(value).strip()
        try:
            return max(EARLIEST, time.time_ns() - span(text))
        except ValueError:
            pass
        if text in _DAYS:
            return LocalTime(text)
        try:
            if _HOUR.fullmatch(text):
                clock_time.fromisoformat(text.zfill(5))
                return LocalTime(text)
            when = datetime.fromisoformat(text)
            return _bounded(when) if when.tzinfo else LocalTime(text)
        except ValueError:
            self.fail(in_words(Wording("ask.not", text=text, forms=_FORMS)), param, ctx)
        except UsageError as error:
            self.fail(named(error), param, ctx)


def span(text: str) -> int:
    """Return ns of a span, weeks too. Raises ValueError."""
    found = re.fullmatch(r"(\d{1,4})\s*w", text)
    if found:
        return int(found[1]) * WEEK
    return duration(text)


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
