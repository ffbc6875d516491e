"""The hours of a forecast out of a provider's JSON, by its mapping."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import NoReturn

from devices.forecast.mapping import ForecastMapping, QuantityPlace
from devices.pointer import ABSENT, find, steps_of
from facilityd.errors import UnreadableForecast
from facilityd.model.forecast import QUANTITIES, ForecastHour
from facilityd.model.measure import conversion
from facilityd.model.message import Wording
from facilityd.model.plain import plain
from facilityd.model.sample import NS

MOST = 1000
"""Hours of one forecast: sixteen days are 384."""
_BRACKETS = 10_000
"""Brackets in a document of that many hours, at most."""
_UNITS = {"°C": "°C", "C": "°C", "°F": "degF", "F": "degF", "K": "K", "km/h": "km/h", "kmh": "km/h",
          "m/s": "m/s", "ms": "m/s", "mp/h": "mph", "mph": "mph", "kn": "knot", "kt": "knot", "mm": "mm",
          "cm": "cm", "inch": "inch", "%": "%"}  # fmt: skip
"""What a document may say of units, and what is meant: no other foreign text is worked out."""
Read = tuple[int | None, tuple[ForecastHour, ...]]


def read_hours(content: bytes, where: str, mapping: ForecastMapping) -> Read:
    """Return when a forecast was made (ns UTC; None where it does not say) and its hours, in order.

    Raises UnreadableForecast with line and column, or with the pointer at which something else stands.
    """
    return _Document(_parsed(content, where), where, mapping).read()


def _parsed(content: bytes, where: str) -> object:
    try:
        text = content.decode("utf-8-sig")
        if text.count("[") + text.count("{") > _BRACKETS:
            raise UnreadableForecast(Wording("forecast.json-too-much"), where=where)
        return json.loads(text)
    except json.JSONDecodeError as error:
        what = Wording("forecast.json", said=error.msg)
        raise UnreadableForecast(what, where=f"{where}:{error.lineno}:{error.colno}") from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        raise UnreadableForecast(Wording("forecast.no-utf8"), where=f"{where}:{line}:{column}") from error
    except (RecursionError, ValueError) as error:  # nested too deeply; a number of thousands of digits
        raise UnreadableForecast(Wording("forecast.json-too-much"), where=where) from error


class _Document:
    def __init__(self, document: object, where: str, mapping: ForecastMapping) -> None:
        self._document, self._where, self._mapping = document, where, mapping

    def read(self) -> Read:
        hours = self._rows() if self._mapping.rows is not None else self._lists()
        if not hours:
            self._bad(self._mapping.rows or self._mapping.time, Wording("forecast.no-hours"))
        issued = self._issued() if self._mapping.issued else None
        return issued, tuple(ForecastHour(at, hours[at]) for at in sorted(hours))

    def _bad(self, pointer: str, what: str) -> NoReturn:
        raise UnreadableForecast(what, where=f"{self._where}#{pointer}")

    def _find(self, pointer: str) -> object:
        return find(self._document, steps_of(pointer))

    def _list(self, pointer: str) -> list[object]:
        found = self._find(pointer)
        if not isinstance(found, list):
            self._bad(pointer, Wording("forecast.list-expected"))
        if len(found) > MOST:
            self._bad(pointer, Wording("forecast.too-many-hours", most=MOST))
        return found

    def _rows(self) -> dict[int, Mapping[str, float | None]]:
        mapping, found = self._mapping, dict[int, Mapping[str, float | None]]()
        rows, time = mapping.rows or "", steps_of(mapping.time)
        read = {name: (steps_of(p.at), self._reader(name, p)) for name, p in mapping.places.items()}
        for number, row in enumerate(self._list(rows)):
            at = self._time(find(row, time), f"{rows}/{number}{mapping.time}")
            found[at] = {n: of(find(row, at_), f"{rows}/{number}") for n, (at_, of) in read.items()}
        return found

    def _lists(self) -> dict[int, Mapping[str, float | None]]:
        mapping = self._mapping
        times = [self._time(t, f"{mapping.time}/{n}") for n, t in enumerate(self._list(mapping.time))]
        columns: dict[str, list[float | None]] = {}
        for name, place in mapping.places.items():
            if self._find(place.at) in (ABSENT, None):
                continue  # not every provider sends every quantity
            values, read = self._list(place.at), self._reader(name, place)
            if len(values) != len(times):
                what = Wording("forecast.lists-differ", values=len(values), hours=len(times))
                self._bad(place.at, what)
            columns[name] = [read(value, f"{place.at}/{number}") for number, value in enumerate(values)]
        return {at: {name: one[row] for name, one in columns.items()} for row, at in enumerate(times)}

    def _reader(self, name: str, place: QuantityPlace) -> Callable[[object, str], float | None]:
        """Return what reads a number in the unit that the mapping or the document says."""
        told = self._find(place.unit_at) if place.unit_at else ABSENT
        own, low, high = QUANTITIES[name]
        unit = _UNITS.get(told, "") if isinstance(told, str) else place.unit or own
        try:
            scale, offset = conversion(unit, own)
        except ValueError:
            self._bad(place.unit_at or place.at, Wording("forecast.unit", unit=plain(str(told), 20), own=own))

        def read(value: object, pointer: str) -> float | None:
            if value is None or value is ABSENT:
                return None
            if isinstance(value, bool) or not isinstance(value, int | float):
                self._bad(pointer, Wording("forecast.number-expected", name=name))
            try:
                number = float(value) * scale + offset
            except OverflowError:
                return None
            return round(number, 3) if math.isfinite(number) and low <= number <= high else None

        return read

    def _issued(self) -> int | None:
        found = self._find(self._mapping.issued)
        return None if found is ABSENT or found is None else self._time(found, self._mapping.issued)

    def _time(self, value: object, pointer: str) -> int:
        """Return ns UTC of a text, or of seconds since 1970."""
        try:
            if isinstance(value, int | float) and not isinstance(value, bool):
                return round(datetime.fromtimestamp(value, UTC).timestamp()) * NS
            if isinstance(value, str):
                told = datetime.fromisoformat(value.strip())
                return round((told if told.tzinfo else told.replace(tzinfo=self._zone())).timestamp()) * NS
        except (ValueError, OverflowError, OSError):
            pass
        return self._bad(pointer, Wording("forecast.time-expected"))

    def _zone(self) -> timezone:
        """Return the zone of times that say none."""
        found = self._find(self._mapping.offset) if self._mapping.offset else ABSENT
        if found is ABSENT:
            return UTC
        if isinstance(found, bool) or not isinstance(found, int | float) or abs(found) > 18 * 3600:
            self._bad(self._mapping.offset, Wording("forecast.number-expected", name="offset"))
        return timezone(timedelta(seconds=found))
