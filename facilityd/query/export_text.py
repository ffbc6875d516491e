"""Rows of an export as text: for programs, and for people at a spreadsheet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from devices.family import Signal
from facilityd.app.builtin import all_devices
from facilityd.config.site import Site
from facilityd.model.sample import NS, Value
from facilityd.model.spreadsheet import harmless
from facilityd.model.text import Language, Text
from facilityd.notify.texts import texts
from facilityd.notify.value_text import scaled
from facilityd.query.export import NOT_RUNNING, NOTHING, ExportQuery, ExportRow, signal_of
from facilityd.query.words import query_words, say_reason, sentence

TableValue = str | float | int | bool | datetime | None
VALUES = ("time", "device", "signal", "value", "unit", "quality")
BUCKETS = ("time", "device", "signal", "value", "unit", "least", "greatest", "count", "bad")


def fields(query: ExportQuery) -> tuple[str, ...]:
    """Return the names of the columns, the same in every language; a bucket's ``value`` is its mean."""
    return BUCKETS if query.bucket else VALUES


def heads(query: ExportQuery, language: Language) -> list[str]:
    """Return the names of the columns for people."""
    words = query_words().export
    return [
        words["mean" if query.bucket and name == "value" else name].in_(language) for name in fields(query)
    ]


@dataclass(frozen=True, slots=True)
class ExportSignal:
    """How an export tells a signal: in which ``unit``, and by which ``scale`` from the signal's own."""

    signal: Signal
    unit: str
    decimals: int
    scale: Callable[[float], float]


class ExportText:
    """Makes rows of one export.

    ``people``: names, local times and states in their ``language``; else ids, instants with their offset
    from UTC, and codes.
    """

    def __init__(self, site: Site, query: ExportQuery, language: Language, *, people: bool) -> None:
        self._site, self._query, self._language, self._people = site, query, language, people
        self._zone = ZoneInfo(site.timezone)
        self._names: Mapping[str, Text] = {name: one.name for name, one in all_devices(site).items()}
        self._known = {name: export_signal(signal_of(site, name)) for name in query.signals}

    def cells(self, row: ExportRow) -> list[TableValue]:
        """Return the cells of a row, in the order of ``fields``."""
        known = self._known[row.device, row.signal]
        names = [row.device, row.signal]
        if self._people:
            names = [self._names[row.device].in_(self._language), known.signal.name.in_(self._language)]
        told: list[TableValue] = [self._time(row.at), *names, self._value(row.value, known), known.unit]
        if self._query.bucket:
            edges = [self._value(one, known) for one in (row.least, row.greatest)]
            return [*told, *edges, row.count, row.bad]
        return [*told, self._quality(row.quality)]

    def text(self, row: ExportRow) -> list[str]:
        """Return the cells as text, numbers at the signal's decimals."""
        decimals = self._known[row.device, row.signal].decimals
        return [self._plain(cell, decimals) for cell in self.cells(row)]

    def _plain(self, cell: TableValue, decimals: int) -> str:
        if cell is None:
            return ""
        if isinstance(cell, bool):
            return "true" if cell else "false"
        if isinstance(cell, float):
            shown = f"{cell:.{decimals}f}"
            return shown.removeprefix("-") if not float(shown) else shown
        if isinstance(cell, datetime):
            return f"{cell:%Y-%m-%d %H:%M:%S}"
        return harmless(cell) if self._people and isinstance(cell, str) else str(cell)

    def _time(self, at: int) -> TableValue:
        when = datetime.fromtimestamp(at // NS, self._zone)
        if self._people:
            return when.replace(tzinfo=None)
        offset = when.isoformat()[19:]
        return f"{when:%Y-%m-%dT%H:%M:%S}.{at % NS // 1_000_000:03d}{offset}"

    def _value(self, value: Value | None, known: ExportSignal) -> TableValue:
        if self._people and isinstance(value, bool):
            return texts().switch["on" if value else "off"].in_(self._language)
        words: Mapping[Any, Text] = {**known.signal.values, **known.signal.words}
        if self._people and not isinstance(value, float) and value in words:
            return words[value].in_(self._language)
        return known.scale(value) if isinstance(value, float) else value

    def _quality(self, quality: str) -> str:
        return say_quality(quality, self._language) if self._people else quality


def export_signal(signal: Signal) -> ExportSignal:
    """Return how a signal is told."""
    one, decimals, unit = scaled(1.0, signal, signal.unit)
    return ExportSignal(signal, unit, max(0, decimals), (lambda value: value * one) if one != 1.0 else float)


def say_quality(quality: str, language: Language) -> str:
    """Return the quality of a row in words."""
    if quality in (NOTHING, NOT_RUNNING):
        return sentence(quality, language)
    return say_reason(quality, language)


def csv_line(cells: Sequence[str]) -> str:
    """Return a line of CSV."""
    return ",".join(map(_csv_cell, cells)) + "\r\n"


def _csv_cell(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if any(mark in cell for mark in ',"\r\n') else cell
