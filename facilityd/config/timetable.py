"""The published times of the ceremonies: a CSV file beside the site, ``date,sunrise,sunset``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from facilityd.model.message import Wording
from facilityd.model.regular import read_regular
from facilityd.model.sample import NS
from facilityd.yaml_source import Problem, SourceLocation

MAX_BYTES = 2**20
COLUMNS = ["date", "sunrise", "sunset"]
_DATE, _TIME = re.compile(r"\d{4}-\d\d-\d\d"), re.compile(r"\d?\d:\d\d")
YEARS = range(1970, 2200)
"""Beyond them instants do not fit in ns, and nobody publishes anything."""
_EXAMPLE = Wording("config.line-example")


@dataclass(frozen=True, slots=True)
class PublishedTimes:
    """Two instants of one local date in ns UTC, and the line they stand on."""

    sunrise: int
    sunset: int
    line: int


@dataclass(frozen=True, slots=True)
class CeremonyTimetable:
    """What was published, by local date; ``file`` as a person would type it."""

    file: str
    days: Mapping[date, PublishedTimes]


def read_timetable(path: Path, zone: ZoneInfo) -> tuple[CeremonyTimetable, list[Problem]]:
    """Return what a file says, without its bad lines, and a problem for each of those."""
    try:
        # Spreadsheets put a byte order mark before what they save as UTF-8.
        lines = read_regular(path, MAX_BYTES).decode("utf-8-sig").splitlines()
    except OSError as error:
        return CeremonyTimetable(str(path), {}), [
            Problem(SourceLocation(str(path)), Wording("config.cannot-read", strerror=error.strerror))
        ]
    except UnicodeDecodeError as error:
        return CeremonyTimetable(str(path), {}), [
            Problem(SourceLocation(str(path)), Wording("config.not-utf-at-byte", start=error.start))
        ]
    days: dict[date, PublishedTimes] = {}
    problems: list[Problem] = []
    head = [text for text, _ in _cells(lines[0])] if lines else []
    if head != COLUMNS:
        problems.append(
            Problem(
                SourceLocation(str(path)),
                Wording("config.first-line-not", columns=",".join(COLUMNS)),
            )
        )
        return CeremonyTimetable(str(path), {}), problems
    for number, line in enumerate(lines[1:], start=2):
        if line.strip(" ,"):
            problems += _line(str(path), number, line, zone, days)
    return CeremonyTimetable(str(path), days), problems


def _cells(line: str) -> Iterator[tuple[str, int]]:
    """Yield each cell and its column, counted from 1."""
    start = 1
    for cell in line.split(","):
        yield cell.strip(' "'), start + len(cell) - len(cell.lstrip(' "'))
        start += len(cell) + 1


def _line(
    file: str, number: int, line: str, zone: ZoneInfo, days: dict[date, PublishedTimes]
) -> list[Problem]:
    """Add one line to ``days``, or return what is wrong with it."""
    cells = list(_cells(line))
    if len(cells) != len(COLUMNS):
        return [
            Problem(
                SourceLocation(file, number),
                Wording("config.columns-instead", cells=len(cells), columns=len(COLUMNS)),
                _EXAMPLE,
            )
        ]
    problems: list[Problem] = []

    def cell(index: int, parse: Callable[[str], object], what: str) -> object:
        text, column = cells[index]
        try:
            return parse(text)
        except ValueError:
            problems.append(
                Problem(
                    SourceLocation(file, number, column),
                    Wording("config.not", text=text, what=what),
                    _EXAMPLE,
                )
            )
            return None

    day = cell(0, _date, Wording("config.date-form"))
    rise, down = (cell(index, _time, Wording("config.time-form")) for index in (1, 2))
    if not (isinstance(day, date) and isinstance(rise, time) and isinstance(down, time)):
        return problems
    if rise >= down:
        return [
            Problem(
                SourceLocation(file, number, cells[1][1]),
                Wording("config.sunrise-not-before-sunset"),
                _EXAMPLE,
            )
        ]
    if day in days:
        first = Wording("config.first-in-line", line=days[day].line)
        return [
            Problem(
                SourceLocation(file, number, cells[0][1]),
                Wording("config.stands-twice-3", day=day),
                first,
            )
        ]
    at = [round(datetime.combine(day, wall, zone).timestamp()) * NS for wall in (rise, down)]
    days[day] = PublishedTimes(at[0], at[1], number)
    return []


def _date(text: str) -> date:
    if not _DATE.fullmatch(text):
        raise ValueError(text)
    day = date.fromisoformat(text)
    if day.year not in YEARS:
        raise ValueError(text)
    return day


def _time(text: str) -> time:
    if not _TIME.fullmatch(text):
        raise ValueError(text)
    return time.fromisoformat(text.zfill(5))
