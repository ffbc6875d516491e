"""Instants on the site's clock."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from facilityd.model.sample import NS


def show_instant(at: int, zone: str, *, date: bool = True) -> str:
    """Return an instant (ns UTC) in the site's time zone, to the millisecond."""
    when = datetime.fromtimestamp(at // NS, ZoneInfo(zone))
    pattern = "%Y-%m-%d %H:%M:%S" if date else "%H:%M:%S"
    return f"{when:{pattern}}.{at % NS // 1_000_000:03d}"


def show_second(at: int, zone: str) -> str:
    """Return an instant (ns UTC) in the site's time zone, to the second."""
    return f"{datetime.fromtimestamp(at // NS, ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}"


def iso_instant(at: int, zone: str) -> str:
    """Return the same as ``2026-11-23T06:10:00.000+08:00``: an hour that comes twice is told apart."""
    offset = datetime.fromtimestamp(at // NS, ZoneInfo(zone)).isoformat()[19:]
    return f"{show_instant(at, zone).replace(' ', 'T')}{offset}"
