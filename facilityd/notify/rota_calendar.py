"""A rota kept as an iCal file: each event's summary names who is on duty."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from facilityd.model.message import Wording
from facilityd.model.sample import NS

_BETWEEN = re.compile(r"[,;，；、/&+]|\s+and\s+|和")
LONGEST = 2**20
"""Bytes of such a file."""
MOST = 100
"""Events that may be on at one time; more are not looked at."""
MOST_REPEATING = 50
"""Events of a file that may repeat: each costs up to a millisecond for every month since it began."""
FIRST_YEAR = 2000
"""No repeating event begins before this year."""
_SELECTS = {
    "DAILY": frozenset({"BYDAY"}),
    "WEEKLY": frozenset({"BYDAY"}),
    "MONTHLY": frozenset({"BYDAY", "BYMONTHDAY", "BYSETPOS"}),
    "YEARLY": frozenset({"BYDAY", "BYMONTHDAY", "BYSETPOS", "BYMONTH"}),
}
"""How a duty may repeat, and which parts of a rule (RFC 5545, 3.3.10) may select its days.

A rule by the second, or by the day with days that never come (a 30 February), is gone through occurrence by
occurrence from its beginning to the year 9999, which would keep the event loop busy for minutes.
"""
_SHOWN = 80
_ANYWHERE = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST"})


class RotaUnusable(ValueError):
    """An event that says nothing, or cannot be looked up in bounded time; ``line`` is the text's, from 1."""

    def __init__(self, why: Wording, line: int, hint: str = "config.ical-repeats-by-day") -> None:
        super().__init__(why)
        self.why, self.line, self.hint = why, line, Wording(hint)


def named(summary: str, names: Mapping[str, str]) -> frozenset[str]:
    """Return the ids of the people that a summary names; ``names`` has ids by id and by each name."""
    parts = (part.strip().casefold() for part in _BETWEEN.split(summary))
    return frozenset(names[part] for part in parts if part in names)


@lru_cache(maxsize=8)
def _query(text: str) -> Any:
    """Return the calendar to be asked. Raises ValueError for what is none."""
    import recurring_ical_events  # noqa: PLC0415 - slow to import, and few sites have such a file

    return recurring_ical_events.of(_read(text))


def _read(text: str) -> Any:
    """Return a calendar that can be looked up in bounded time. Raises ValueError, RotaUnusable."""
    import icalendar  # noqa: PLC0415

    calendar = icalendar.Calendar.from_ical(text)
    repeating = 0
    for number, event in enumerate(calendar.walk("VEVENT")):
        rules = {name: _listed(event.get(name)) for name in ("RRULE", "EXRULE")}
        repeating += any(rules.values())
        if repeating > MOST_REPEATING:
            raise RotaUnusable(Wording("config.ical-repeats-often", most=MOST_REPEATING), _line(text, number))
        begins = getattr(event.get("DTSTART"), "dt", None)
        if any(rules.values()) and (begins is None or begins.year < FIRST_YEAR):
            why = Wording("config.ical-begins-early", year=FIRST_YEAR)
            raise RotaUnusable(why, _line(text, number, "DTSTART"))
        for name, rule in ((name, rule) for name, several in rules.items() for rule in several):
            if not _bounded({str(key).upper(): _listed(value) for key, value in rule.items()}):
                written = rule.to_ical().decode(errors="replace")
                why = Wording("config.ical-repeats-without-end", rule=f"{name}:{written[:_SHOWN]}")
                raise RotaUnusable(why, _line(text, number, name))
        if wrong := _wrong_times(event):
            raise RotaUnusable(wrong[0], _line(text, number, wrong[1]), "config.ical-write-event")
    return calendar


def _wrong_times(event: Any) -> tuple[Wording, str] | None:
    """Return what is wrong with when an event is, and in which property; None where it is usable."""
    begin, end = (getattr(event.get(name), "dt", None) for name in ("DTSTART", "DTEND"))
    if begin is None:
        return Wording("config.ical-begins-never"), ""
    for name, instant in (("DTSTART", begin), ("DTEND", end)):
        zone = event.get(name).params.get("TZID") if instant is not None else None
        if zone and getattr(instant, "tzinfo", None) is None:
            return Wording("config.ical-zone-unknown", zone=str(zone)[:_SHOWN]), name
    if end is not None and not _is_later(end, begin):
        return Wording("config.ical-ends-early"), "DTEND"
    return None


def _is_later(end: date, begin: date) -> bool:
    try:
        return type(end) is type(begin) and end > begin
    except TypeError:  # one with a zone, one without
        return False


def _bounded(rule: Mapping[str, list[Any]]) -> bool:
    """Return whether a rule is gone through in bounded time."""
    frequency = "".join(map(str, rule.get("FREQ", []))).upper()
    selects = _SELECTS.get(frequency)
    if selects is None or not rule.keys() <= selects | _ANYWHERE:
        return False
    return all(int(interval) >= 1 for interval in rule.get("INTERVAL", []))


def _line(text: str, number: int, name: str = "") -> int:
    """Return where the event of that number, counted from 0, says something; else where it begins."""
    begins, seen = 1, -1
    for at, line in enumerate(text.splitlines(), 1):
        key = line.strip().upper()
        if key == "BEGIN:VEVENT":
            seen, begins = seen + 1, at if seen < number else begins
        elif seen == number and name and re.split("[:;]", key, maxsplit=1)[0] == name:
            return at
        elif seen > number:
            break
    return begins


def _listed(value: Any) -> list[Any]:
    """Return what a property has, which a library gives as one or as several."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def summaries(text: str) -> set[str]:
    """Return the summaries of all events of a file. Raises ValueError for no iCal file, RotaUnusable."""
    return {str(one.get("SUMMARY", "")) for one in _read(text).walk("VEVENT")}


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
