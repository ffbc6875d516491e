"""Instants and spans as people type and read them."""

from __future__ import annotations

import time
from datetime import datetime
from zoneinfo import ZoneInfo

import click

from facilityd.model.measure import duration
from facilityd.model.sample import NS

NEVER = 2**62
"""An age of nothing that was ever seen."""


class Instant(click.ParamType[int]):
    """'1h' (that long ago) or '2026-11-23T06:10' (in the site's time zone unless it says another)."""

    name = "time"

    def __init__(self, zone: str = "") -> None:
        self._zone = zone

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return ns UTC."""
        if isinstance(value, int):
            return value
        text = str(value)
        try:
            return time.time_ns() - duration(text)
        except ValueError:
            pass
        try:
            when = datetime.fromisoformat(text)
        except ValueError:
            self.fail(
                f"{text!r} is neither a span such as 1h nor a time such as 2026-11-23T06:10", param, ctx
            )
        return int(when.timestamp() * NS)


class Span(click.ParamType[int]):
    """'30s', '5min', '1h', '7d'."""

    name = "span"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return ns."""
        if isinstance(value, int):
            return value
        try:
            return duration(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def show_instant(at: int, zone: str, *, date: bool = True) -> str:
    """Return an instant in the site's time zone, to the millisecond."""
    when = datetime.fromtimestamp(at // NS, ZoneInfo(zone))
    pattern = "%Y-%m-%d %H:%M:%S" if date else "%H:%M:%S"
    return f"{when:{pattern}}.{at % NS // 1_000_000:03d}"


def show_span(ns: float) -> str:
    """Return a span as a person says it: 0.4 s, 12 s, 5 min, 3 h, 2 d."""
    if ns >= NEVER:
        return "—"
    seconds = ns / NS
    for size, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"  # noqa: PLR2004
