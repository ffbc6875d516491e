"""Answers of the read model as JSON that makes the very same answers again: for programs of ours.

Instants are ns UTC, arrays are lists with null for NaN. What is read back is checked field by field.
"""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, TypeAdapter

from facilityd.query.alarms import AlarmRow
from facilityd.query.as_of import ValueAsOf
from facilityd.query.compare import CompareAnswer
from facilityd.query.devices import DeviceRow
from facilityd.query.history import HistoryAnswer
from facilityd.query.history_columns import HistoryColumns, SignalColumns

T = TypeVar("T")
Numbers = list[float | None]


class SiteHead(BaseModel):
    """What a client must know to ask: the site, its zone, and the present time there (ns UTC)."""

    id: str
    timezone: str
    now: int


class ColumnsOfSignal(BaseModel):
    """One signal's columns; as ``SignalColumns``."""

    device: str
    signal: str
    unit: str
    mean: Numbers
    least: Numbers
    greatest: Numbers
    count: list[int]
    bad: list[int]
    good: list[float]


class ColumnsAnswer(BaseModel):
    """``HistoryColumns`` as lists."""

    zone: str
    start: list[int]
    end: list[int]
    signals: list[ColumnsOfSignal]


ANSWERS: dict[str, Any] = {
    "site": SiteHead,
    "signals": list[tuple[str, str]],
    "devices": list[DeviceRow],
    "alarms": list[AlarmRow],
    "history": HistoryAnswer,
    "columns": ColumnsAnswer,
    "comparison": CompareAnswer,
    "as-of": list[ValueAsOf],
}
"""The type of each question's answer."""


@cache
def _adapter(question: str) -> TypeAdapter[Any]:
    return TypeAdapter(ANSWERS[question])


def to_json(question: str, answer: object) -> bytes:
    """Return an answer as JSON."""
    return _adapter(question).dump_json(answer)


def from_json(question: str, text: bytes) -> Any:
    """Return the answer. Raises ValueError for what is none."""
    return _adapter(question).validate_json(text)


def columns_answer(found: HistoryColumns) -> ColumnsAnswer:
    """Return arrays as lists."""
    signals = [
        ColumnsOfSignal(
            device=one.device, signal=one.signal, unit=one.unit, mean=_listed(one.mean),
            least=_listed(one.least), greatest=_listed(one.greatest), count=one.count.tolist(),
            bad=one.bad.tolist(), good=one.good.tolist(),
        )
        for one in found.signals.values()
    ]  # fmt: skip
    return ColumnsAnswer(zone=found.zone, start=found.start.tolist(), end=found.end.tolist(), signals=signals)


def columns_of_answer(found: ColumnsAnswer) -> HistoryColumns:
    """Return lists as arrays."""
    signals = {
        (one.device, one.signal): SignalColumns(
            one.device, one.signal, one.unit, _array(one.mean), _array(one.least), _array(one.greatest),
            np.array(one.count, np.int64), np.array(one.bad, np.int64), np.array(one.good, np.float64),
        )
        for one in found.signals
    }  # fmt: skip
    return HistoryColumns(found.zone, np.array(found.start, np.int64), np.array(found.end, np.int64), signals)


def _listed(values: NDArray[np.float64]) -> Numbers:
    return [None if value != value else value for value in values.tolist()]  # noqa: PLR0124 - NaN is not itself


def _array(values: Numbers) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], np.float64)
