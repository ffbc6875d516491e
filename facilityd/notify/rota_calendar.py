"""A rota kept as an iCal file: each event's summary names who is on duty."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from facilityd.model.sample import NS

_BETWEEN = re.compile(r"[,;，；、/&+]|\s+and\s+|和")
LONGEST = 2**20
"""Bytes of such a file."""
MOST = 100
"""Events that may be on at one time; more are not looked at."""


def named(summary: str, names: Mapping[str, str]) -> frozenset[str]:
    """Return the ids of the people that a summary names; ``names`` has ids by id and by each name."""
    parts = (part.strip().casefold() for part in _BETWEEN.split(summary))
    return frozenset(names[part] for part in parts if part in names)


@lru_cache(maxsize=8)
def _query(text: str) -> Any:
    """Return the calendar to be asked. Raises ValueError for what is none."""
    import icalendar  # noqa: PLC0415 - slow to import, and few sites have such a file
    import recurring_ical_events  # noqa: PLC0415

    return recurring_ical_events.of(icalendar.Calendar.from_ical(text))


def check_calendar(text: str) -> int:
    """Return how many events a file has. Raises ValueError for what is no iCal file."""
    import icalendar  # noqa: PLC0415

    return sum(1 for _ in icalendar.Calendar.from_ical(text).walk("VEVENT"))


def summaries(text: str) -> set[str]:
    """Return the summaries of all events of a file. Raises ValueError for what is no iCal file."""
    import icalendar  # noqa: PLC0415

    return {str(one.get("SUMMARY", "")) for one in icalendar.Calendar.from_ical(text).walk("VEVENT")}


def on_duty(text: str, at: int, zone: ZoneInfo, names: Mapping[str, str]) -> frozenset[str]:
    """Return the ids of the people whose events are on at an instant (ns UTC).

    Times without a zone, and days, are those of the site. Raises ValueError for what is no iCal file.
    """
    moment = datetime.fromtimestamp(at // NS, zone)
    events = _query(text).between(moment, moment + timedelta(seconds=1))
    people: set[str] = set()
    for event in events[:MOST]:
        people |= named(str(event.get("SUMMARY", "")), names)
    return frozenset(people)
