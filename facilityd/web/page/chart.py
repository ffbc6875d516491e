"""A signal over time as SVG: its band from least to greatest, its mean, gaps as gaps, what was bad, alarms.

Instants are ns UTC; sizes are those of the drawing, which stretches with its page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from markupsafe import Markup

from facilityd.query.history import HistoryAnswer, HistoryBucket
from facilityd.web.page.chart_axes import SIZES, TOP, ChartAxes, ChartSize, time_marks


@dataclass(frozen=True, slots=True)
class ChartFlag:
    """Something that happened: an alarm was raised, a mark was set."""

    at: int
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class ChartBand:
    """From ``low`` to ``high`` a value is as a rule expects it; None is open."""

    low: float | None
    high: float | None
    text: str


@dataclass(frozen=True, slots=True)
class ChartShade:
    """What it was from ``since`` to ``until`` on the whole site: ``night`` or ``ceremony``."""

    since: int
    until: int
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class SignalChart:
    """What is drawn. ``show`` says a value with its unit in the reader's language.

    ``before``: the same signal over a span of the same length, laid under it.
    """

    answer: HistoryAnswer
    label: str
    show: Callable[[float], str]
    flags: Sequence[ChartFlag] = ()
    band: ChartBand | None = None
    shades: Sequence[ChartShade] = ()
    before: HistoryAnswer | None = None

    @property
    def since(self) -> int:
        """The first instant, ns UTC."""
        return self.answer.query.since

    @property
    def until(self) -> int:
        """The end, ns UTC."""
        return self.answer.query.until

    @property
    def has_values(self) -> bool:
        """Whether there is any value."""
        return any(one.count for one in self.answer.buckets)

    def say(self, value: float | None) -> str:
        """Return a value with its unit; "—" where there is none."""
        return "—" if value is None else self.show(value) or f"{value:.2f}"

    def earlier(self, number: int) -> float | None:
        """Return the mean of a bucket of the span before, by its place."""
        buckets = self.before.buckets if self.before else ()
        return buckets[number].mean if number < len(buckets) else None

    def extent(self) -> tuple[float, float]:
        """Return the least and the greatest that are drawn, with some air."""
        buckets = self.answer.buckets + (self.before.buckets if self.before else ())
        lows = [one.least for one in buckets if one.least is not None]
        highs = [one.greatest for one in buckets if one.greatest is not None]
        edges = [edge for edge in ((self.band.low, self.band.high) if self.band else ()) if edge is not None]
        low, high = min(lows + edges, default=0.0), max(highs + edges, default=1.0)
        air = (high - low) * 0.08 or max(abs(high) * 0.1, 0.5)
        return low - air, high + air

    def svg(self) -> Markup:
        """Return the drawing, once for wide windows and once for phones."""
        return Markup("").join(self._drawn(size) for size in SIZES)

    def _drawn(self, size: ChartSize) -> Markup:
        place = ChartAxes(self.since, self.until, *self.extent(), size).with_room(self.show)
        marks = time_marks(self.since, self.until, ZoneInfo(self.answer.zone), size.marks)
        parts = [
            *_shades(self.shades, place), *place.values(self.show), *_gaps(self.answer, place),
            *_expected(self.band, place), *_earlier(self.before, place), *_bands(self.answer, place),
            *_flags(self.flags, place), *place.below(marks),
        ]  # fmt: skip
        return Markup(
            '<svg class="chart {}" viewBox="0 0 {} {}" role="img" aria-label="{}" data-since="{}" '
            'data-until="{}" data-plot="{:.4f} {:.4f}">{}</svg>'
        ).format(
            size.name, int(size.width), int(size.height), self.label, self.since // 1_000_000,
            self.until // 1_000_000, place.left / size.width, place.right / size.width,
            Markup("").join(parts),
        )  # fmt: skip


def runs_of(answer: HistoryAnswer) -> list[list[HistoryBucket]]:
    """Return what hangs together: nothing is drawn across a gap; a slow signal's empty buckets are none."""
    runs: list[list[HistoryBucket]] = [[]]
    gaps, before = [gap for gap in answer.gaps if not gap.known], 0
    for one in answer.buckets:
        if not one.count:
            continue
        if any(gap.since < one.at and gap.until > before for gap in gaps):
            runs.append([])
        gaps = [gap for gap in gaps if gap.until > one.at]
        runs[-1].append(one)
        before = one.at
    return [run for run in runs if run]


def _bands(answer: HistoryAnswer, place: ChartAxes) -> Iterator[Markup]:
    buckets = answer.buckets
    half = (buckets[1].at - buckets[0].at) / 2 if len(buckets) > 1 else 0
    for run in runs_of(answer):
        upper = [f"{place.x(one.at + half):.1f} {place.y(one.greatest or 0.0):.1f}" for one in run]
        lower = [f"{place.x(one.at + half):.1f} {place.y(one.least or 0.0):.1f}" for one in reversed(run)]
        middle = [f"{place.x(one.at + half):.1f} {place.y(one.mean or 0.0):.1f}" for one in run]
        if len(run) == 1:
            yield Markup('<circle class="dot" cx="{:.1f}" cy="{:.1f}" r="2.5"/>').format(
                *map(float, middle[0].split())
            )
            middle.append(f"{place.x(run[0].at + 2 * half):.1f} {place.y(run[0].mean or 0.0):.1f}")
        yield Markup('<path class="band" d="M{}Z"/><path class="mean" d="M{}"/>').format(
            "L".join(upper + lower), "L".join(middle)
        )
    for one in buckets:
        if one.bad and one.count:
            x, width = place.x(one.at), max(2.0, place.x(one.at + 2 * half) - place.x(one.at))
            yield Markup('<rect class="bad" x="{:.1f}" y="{}" width="{:.1f}" height="5"/>').format(
                x, int(place.foot - 5), width
            )


def _gaps(answer: HistoryAnswer, place: ChartAxes) -> Iterator[Markup]:
    for gap in answer.gaps:
        x = place.x(gap.since)
        yield Markup('<rect class="gap{}" x="{:.1f}" y="{}" width="{:.1f}" height="{}"/>').format(
            " reason" if gap.reason else " short" if gap.known else "",
            x,
            int(TOP),
            max(1.5, place.x(gap.until) - x),
            int(place.foot - TOP),
        )


def _expected(band: ChartBand | None, place: ChartAxes) -> Iterator[Markup]:
    if band is None:
        return
    top = place.y(band.high) if band.high is not None else TOP
    foot = place.y(band.low) if band.low is not None else place.foot
    yield Markup(
        '<rect class="expected" x="{}" y="{:.1f}" width="{}" height="{:.1f}"><title>{}</title></rect>'
    ).format(int(place.left), top, int(place.right - place.left), max(1.0, foot - top), band.text)
    for edge in (band.low, band.high):
        if edge is not None:
            yield Markup('<path class="limit" d="M{} {:.1f}H{}"/>').format(
                int(place.left), place.y(edge), int(place.right)
            )


def _flags(flags: Sequence[ChartFlag], place: ChartAxes) -> Iterator[Markup]:
    for flag in flags:
        if not place.since <= flag.at <= place.until:
            continue
        x = place.x(flag.at)
        yield Markup(
            '<g class="flag {}"><path d="M{:.1f} {}V{}"/>'
            '<path class="solid" d="M{:.1f} {}h11l-3 4 3 4h-11z"/><title>{}</title></g>'
        ).format(flag.kind, x, int(TOP), int(place.foot), x, int(TOP), flag.text)


def _shades(shades: Sequence[ChartShade], place: ChartAxes) -> Iterator[Markup]:
    for one in shades:
        x = place.x(one.since)
        yield Markup(
            '<rect class="shade {}" x="{:.1f}" y="{}" width="{:.1f}" height="{}"><title>{}</title></rect>'
        ).format(one.kind, x, int(TOP), max(1.5, place.x(one.until) - x), int(place.foot - TOP), one.text)


def _earlier(before: HistoryAnswer | None, place: ChartAxes) -> Iterator[Markup]:
    """Yield the means of the span before, as if they were of this one."""
    if before is None:
        return
    own = replace(place, since=before.query.since, until=before.query.until)
    for run in runs_of(before):
        points = [f"{own.x(one.at):.1f} {own.y(one.mean or 0.0):.1f}" for one in run]
        yield Markup('<path class="earlier" d="M{}"/>').format(
            "L".join(points * 2 if len(run) == 1 else points)
        )
