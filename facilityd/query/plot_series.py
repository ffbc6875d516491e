"""What a plot shows, wherever it is drawn: a line with its band, times without data, and marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from facilityd.model.sample import NS
from facilityd.model.text import Language
from facilityd.notify.value_text import scaled
from facilityd.query.history import HistoryAnswer
from facilityd.query.instants import show_second
from facilityd.query.occurrences import OccurrenceRow
from facilityd.query.runs import RunEnvelope, RunsAnswer

TICKS = 5
DAY = 86_400 * NS


class PlotPoint(NamedTuple):
    """At ``x``: the line's ``y`` and the edges of the band; None where there is nothing."""

    x: float
    y: float | None
    low: float | None = None
    high: float | None = None


class PlotMark(NamedTuple):
    """Something at ``x``, in words."""

    x: float
    text: str
    priority: str = ""


@dataclass(frozen=True, slots=True)
class PlotPanel:
    """One signal. ``gaps``: from x to x there is no value, and why; ``ticks``: x with what stands below.

    ``end``: x goes from 0 to it. ``second``: another line, such as the newest run.
    """

    title: str
    unit: str
    end: float
    points: tuple[PlotPoint, ...]
    gaps: tuple[tuple[float, float, str], ...] = ()
    marks: tuple[PlotMark, ...] = ()
    ticks: tuple[tuple[float, str], ...] = ()
    second: tuple[tuple[float, float | None], ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is no value at all."""
        return not any(point.y is not None for point in self.points)

    def limits(self) -> tuple[float, float]:
        """Return the least and the greatest of all that is drawn, apart where they are one."""
        values = [v for point in self.points for v in point[1:] if v is not None]
        values += [value for _, value in self.second if value is not None]
        low, high = (min(values), max(values)) if values else (0.0, 1.0)
        return (low, high) if low < high else (low - 0.5, high + 0.5)

    def segments(self) -> list[list[PlotPoint]]:
        """Return the points in stretches that neither a missing value nor a gap interrupts."""
        found: list[list[PlotPoint]] = []
        last: PlotPoint | None = None
        edges = [since for since, _, _ in self.gaps]
        for point in self.points:
            if point.y is None:
                last = None
                continue
            if last is None or any(last.x <= edge < point.x for edge in edges):
                found.append([])
            found[-1].append(point)
            last = point
        return found


def history_panel(
    answer: HistoryAnswer, alarms: Sequence[OccurrenceRow], language: Language, *, device: str = ""
) -> PlotPanel:
    """Return a signal over time: means with their extremes, gaps with their reasons, alarms as marks."""
    asked, about = answer.query, answer.signal
    length = asked.until - asked.since
    _, _, unit = scaled(0.0, about, about.unit)

    def shown(value: float | None) -> float | None:
        return None if value is None else scaled(float(value), about, about.unit)[0]

    points = tuple(
        PlotPoint(
            min(length, max(0, one.at - asked.since) + asked.bucket / 2) / NS,
            shown(one.mean), shown(one.least), shown(one.greatest),
        )
        for one in answer.buckets
        if one.mean is not None  # a value holds on; where it does not there is a gap
    )  # fmt: skip
    gaps = tuple(
        ((max(gap.since, asked.since) - asked.since) / NS, (min(gap.until, asked.until) - asked.since) / NS,
         gap.text(language))
        for gap in answer.gaps
    )  # fmt: skip
    marks = tuple(
        PlotMark((row.since - asked.since) / NS, _alarm(row, answer.zone, language), row.priority)
        for row in alarms
        if asked.since <= row.since < asked.until
    )
    name = device or asked.device
    title = f"{name}  {about.name.in_(language)}"
    return PlotPanel(
        title, unit, length / NS, points, gaps, marks, time_ticks(asked.since, length, answer.zone)
    )


def _alarm(row: OccurrenceRow, zone: str, language: Language) -> str:
    return f"{show_second(row.since, zone)[11:16]} {row.what.in_(language)}"


def time_ticks(since: int, length: int, zone: str) -> tuple[tuple[float, str], ...]:
    """Return times along an axis: the day too where it is longer than one."""
    ticks = []
    for n in range(TICKS):
        part = length * n // (TICKS - 1)
        text = show_second(since + part, zone)
        ticks.append((part / NS, text[5:16] if length > DAY else text[11 : 16 if length > 600 * NS else 19]))
    return tuple(ticks)


def run_panel(answer: RunsAnswer, one: RunEnvelope, language: Language) -> PlotPanel:
    """Return the envelope of a signal over all runs, with the newest run."""
    about = one.about
    _, _, unit = scaled(0.0, about, about.unit)

    def shown(value: float | None) -> float | None:
        return None if value is None else scaled(value, about, about.unit)[0]

    columns = zip(one.seconds, one.middle, one.low, one.high, strict=True)
    points = tuple(PlotPoint(x, shown(y), shown(low), shown(high)) for x, y, low, high in columns)
    end = one.seconds[-1] if one.seconds else 0.0
    ticks = tuple((end * n / (TICKS - 1), f"{end * n / (TICKS - 1):.0f} s") for n in range(TICKS))
    newest = tuple((x, shown(y)) for x, y in zip(one.seconds, one.newest, strict=True))
    title = f"{answer.where.in_(language)}  {about.name.in_(language)}"
    return PlotPanel(title, unit, end, points, ticks=ticks, second=newest)
