"""Samples as an InfluxDB has them, read back: what is asked in Flux and in SQL, and what comes of it.

What a line said (``line_protocol``) is said again: a value by its signal's type, and of the field ``bad`` the
reason of this one signal.
"""

from __future__ import annotations

import csv
import json
import re
from calendar import timegm
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from time import strptime
from typing import Any

from facilityd.model.quality import Reason
from facilityd.model.reserved import ALARM, BAD
from facilityd.model.sample import NS, SignalType, Value
from facilityd.store.sealed import Point

_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)?")


@dataclass(frozen=True, slots=True)
class InfluxSeries:
    """What one unit says of one signal: ``family`` is the measurement, ``signal`` the field."""

    family: str
    site: str
    device: str
    unit: str
    signal: str
    type: SignalType


def read_instant(text: str) -> int:
    """Return ns UTC of an instant as Flux or SQL writes it, to the last digit. Raises ValueError."""
    found = _INSTANT.fullmatch(text)
    if not found:
        raise ValueError(text)
    day, hour, minute, second, fraction = found.groups()
    seconds = _midnight(day) + int(hour) * 3600 + int(minute) * 60 + int(second)
    return seconds * NS + int((fraction or "").ljust(9, "0"))


@lru_cache(maxsize=64)
def _midnight(day: str) -> int:
    return timegm(strptime(day, "%Y-%m-%d"))


def _whole(value: object) -> int:
    if isinstance(value, float):
        raise TypeError
    return int(str(value))


def _switch(value: object) -> bool:
    if value not in (True, False, "true", "false"):
        raise ValueError
    return value in (True, "true")


_READ: dict[SignalType, Callable[[Any], Value]] = {
    SignalType.FLOAT: float,
    SignalType.INT: _whole,
    SignalType.ENUM: _whole,
    SignalType.BOOL: _switch,
    SignalType.TEXT: str,
}


@dataclass(slots=True)
class _Told:
    """What was said at one instant."""

    value: Any = None
    bad: str = ""


@dataclass(slots=True)
class PointCollector:
    """Puts values and reasons of one series together, whichever comes first."""

    series: InfluxSeries
    told: dict[int, _Told] = field(default_factory=dict)

    def add(self, at: int, name: str, value: Any) -> None:
        """Take in a field of the point at an instant (ns UTC)."""
        one = self.told.setdefault(at, _Told())
        if name == BAD:
            one.bad = str(value)
        elif name == self.series.signal:
            one.value = value

    def points(self) -> Iterator[Point]:
        """Iterate over (at, value, reason), in order; a point that says nothing of the signal has none."""
        for at, one in sorted(self.told.items()):
            reason = bad_reason(one.bad, self.series.signal) if one.bad else None
            if one.value is not None:
                yield at, *self._read(one.value, reason)
            elif reason is not None:
                yield at, None, reason

    def _read(self, value: Any, reason: Reason | None) -> tuple[Value | None, Reason | None]:
        try:
            return _READ[self.series.type](value), reason
        except (ValueError, TypeError):
            # Somebody else's field under the same name; the rest of the answer is none the worse.
            return None, Reason.WRONG_TYPE


@lru_cache(maxsize=1024)
def bad_reason(text: str, signal: str) -> Reason | None:
    """Return why a signal is not good by what the field ``bad`` says, None where it does not name it."""
    for part in text.split(","):
        name, _, reason = part.partition(":")
        if name in (signal, "*"):
            try:
                return Reason(reason)
            except ValueError:
                return Reason.DAMAGED  # not what was written
    return None


# Flux -------------------------------------------------------------------------------------------------


def flux_text(text: str) -> str:
    """Return a literal of Flux: no text of ours or of a site's can say anything else with it."""
    inner = text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${").replace("\n", "\\n")
    return f'"{inner}"'


def flux_query(bucket: str, series: InfluxSeries, since: int, until: int, end: str = "") -> str:
    """Return what asks for both fields of a series in since <= at < until (ns UTC).

    ``end``: ``first`` or ``last``, of each field only that one.
    """
    names = {"_measurement": series.family, "site": series.site, "device": series.device, "unit": series.unit}
    same = " and ".join(f"r[{flux_text(key)}] == {flux_text(value)}" for key, value in names.items())
    fields = f'(r._field == {flux_text(series.signal)} or r._field == "{BAD}")'
    return "\n".join(
        [
            f"from(bucket: {flux_text(bucket)})",
            f"  |> range(start: time(v: {since}), stop: time(v: {until}))",
            f"  |> filter(fn: (r) => {same} and {fields})",
            *([f"  |> {end}()"] if end else []),
            '  |> keep(columns: ["_time", "_field", "_value"])',
        ]
    )


def flux_counts(bucket: str, site: str, since: int, until: int) -> str:
    """Return what asks how many points each series of samples has in since <= at < until (ns UTC).

    A point has several fields, and those that are bad not all of them: its instants are what is counted.
    """
    return "\n".join(
        [
            f"from(bucket: {flux_text(bucket)})",
            f"  |> range(start: time(v: {since}), stop: time(v: {until}))",
            f'  |> filter(fn: (r) => r.site == {flux_text(site)} and r._measurement != "{ALARM}")',
            '  |> keep(columns: ["_time", "_measurement", "device", "unit"])',
            '  |> unique(column: "_time") |> set(key: "points", value: "") |> count(column: "points")',
        ]
    )


def flux_changes(bucket: str, site: str) -> str:
    """Return what asks how many changes of alarms there are."""
    return "\n".join(
        [
            f"from(bucket: {flux_text(bucket)}) |> range(start: 0, stop: 2200-01-01T00:00:00Z)",
            f'  |> filter(fn: (r) => r._measurement == "{ALARM}" and r._field == "occurrence")',
            f"  |> filter(fn: (r) => r.site == {flux_text(site)})",
            '  |> group() |> count() |> rename(columns: {_value: "points"})',
        ]
    )


def flux_table(lines: Iterable[str], columns: Iterable[str]) -> Iterator[dict[str, str]]:
    """Iterate over the rows of an answer in CSV by the names of their columns, each of ``columns`` in all.

    Raises ValueError for what is no such answer, with what Flux says where it gave up in the middle.
    """
    head: list[str] | None = None
    for row in csv.reader(lines):
        if not row:
            head = None
        elif head is None:
            head = row
            _look_at_head(head, columns)
        elif _tells_error(head):
            raise ValueError(row[-2] if len(row) > 1 else "")
        elif len(row) != len(head):
            raise ValueError(f"{len(row)} values for {len(head)} columns")
        else:
            yield dict(zip(head, row, strict=True))
    if head is not None and _tells_error(head):
        raise ValueError("error")  # and the text of it did not come


def _look_at_head(head: list[str], columns: Iterable[str]) -> None:
    """Raise ValueError where columns are missing: where no row follows, nothing else tells a foreign text."""
    for name in () if _tells_error(head) else columns:
        head.index(name)


def _tells_error(head: list[str]) -> bool:
    return "error" in head and "reference" in head


def flux_rows(lines: Iterable[str]) -> Iterator[tuple[int, str, str]]:
    """Iterate over (at in ns UTC, field, value as text) of an answer in CSV.

    Raises ValueError for what is no such answer, with what Flux says where it gave up in the middle.
    """
    for row in flux_table(lines, ("_time", "_field", "_value")):
        yield read_instant(row["_time"]), row["_field"], row["_value"]


# SQL --------------------------------------------------------------------------------------------------


def sql_name(name: str) -> str:
    """Return a name in SQL."""
    return '"' + name.replace('"', '""') + '"'


SQL_COUNTS = (
    "SELECT device, unit, count(*) AS points FROM {table} WHERE site = $site"
    " AND time >= to_timestamp_nanos({since}) AND time < to_timestamp_nanos({until}) GROUP BY device, unit"
)
SQL_CHANGES = f"SELECT count(*) AS points FROM {ALARM} WHERE site = $site"  # noqa: S608
SQL_COLUMNS = "SELECT column_name FROM information_schema.columns WHERE table_name = $table"


def sql_query(series: InfluxSeries, columns: Iterable[str], since: int, until: int, end: str = "") -> str:
    """Return what asks for those ``columns`` of a series that its table has; as ``flux_query`` otherwise.

    Names of tags are parameters: site, device, unit.
    """
    chosen = ", ".join(["time", *map(sql_name, columns)])
    own = " AND ".join(f'"{name}" = ${name}' for name in ("site", "device", "unit"))
    span = f"time >= to_timestamp_nanos({since}) AND time < to_timestamp_nanos({until})"
    some = " OR ".join(f"{sql_name(name)} IS NOT NULL" for name in columns)
    order = " DESC" if end == "last" else ""
    limit = " LIMIT 1" if end else ""
    return (
        f"SELECT {chosen} FROM {sql_name(series.family)} WHERE {own} AND {span} AND ({some})"  # noqa: S608
        f" ORDER BY time{order}{limit}"
    )


def sql_parameters(series: InfluxSeries) -> dict[str, str]:
    """Return the parameters of ``sql_query``."""
    return {"site": series.site, "device": series.device, "unit": series.unit}


def sql_rows(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Iterate over the rows of an answer in JSON lines. Raises ValueError for what is none."""
    for line in lines:
        if not line.strip():
            continue
        row = json.loads(line)
        if not isinstance(row, dict):
            raise ValueError(line[:80])  # noqa: TRY004 - what came is not what was asked for
        yield row
