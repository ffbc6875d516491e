"""Where things stand in a drawing: sizes, marks of values and of time, the widths of columns.

Instants are ns UTC; sizes are those of the drawing, which stretches with its page.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from unicodedata import east_asian_width
from zoneinfo import ZoneInfo

from markupsafe import Markup

from facilityd.model.sample import NS

RIGHT, TOP, BOTTOM = 8.0, 12.0, 26.0
AWAY = 6.0
"""Between a value of the axis and the drawing."""
POINTS = 320
"""Buckets over the width: three pixels each."""
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800,
          604800, 1209600, 2592000)  # fmt: skip
"""Seconds between two marks of the axis of time."""
_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600)
"""Months between two marks where days are too close to each other."""
_MONTH = 30.44 * 86_400
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class ChartSize:
    """How large a drawing is, and the room of its values at the left; a page shows the one that fits."""

    name: str
    width: float
    height: float
    left: float
    marks: int
    letter: float
    """Width of a Latin letter on its axes; a Chinese one has two."""

    def with_room(self, texts: Iterable[str]) -> ChartSize:
        """Return it with so much room at the left as texts of the axis need; half of the drawing at most."""
        longest = max(map(_letters, texts), default=0)
        return replace(self, left=min(self.width / 2, max(self.left, longest * self.letter + AWAY + 2.0)))


def _letters(text: str) -> int:
    """Return how many Latin letters wide a text is."""
    return sum(2 if east_asian_width(one) in "WF" else 1 for one in text)


SIZES = (ChartSize("wide", 960.0, 260.0, 68.0, 7, 8.3), ChartSize("small", 420.0, 240.0, 64.0, 3, 9.6))


@dataclass(frozen=True, slots=True)
class ChartAxes:
    """From ``since`` to ``until`` over the width, ``low`` to ``high`` over the height, in any unit."""

    since: float
    until: float
    low: float
    high: float
    size: ChartSize

    @property
    def left(self) -> float:
        """Where the drawing begins, behind the values of its axis."""
        return self.size.left

    @property
    def right(self) -> float:
        """Where it ends."""
        return self.size.width - RIGHT

    @property
    def foot(self) -> float:
        """Where it stands, above the marks of time."""
        return self.size.height - BOTTOM

    def x(self, at: float) -> float:
        """Return where an instant is; what lies outside is put on the edge."""
        share = (at - self.since) / ((self.until - self.since) or 1)
        return self.left + min(1.0, max(0.0, share)) * (self.right - self.left)

    def y(self, value: float) -> float:
        """Return where a value is."""
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return self.foot - min(1.0, max(0.0, share)) * (self.foot - TOP)

    def values(self, show: Callable[[float], str]) -> Iterator[Markup]:
        """Yield the lines of the axis of values, each with its value."""
        for value, text in self._told_apart(show):
            y = self.y(value)
            yield Markup('<path class="grid" d="M{} {:.1f}H{}"/>').format(int(self.left), y, int(self.right))
            yield Markup('<text class="axis" x="{}" y="{:.1f}" text-anchor="end">{}</text>').format(
                int(self.left - AWAY), y + 4, text
            )

    def with_room(self, show: Callable[[float], str]) -> ChartAxes:
        """Return them with room for what stands at their lines."""
        return replace(self, size=self.size.with_room(text for _, text in self._told_apart(show)))

    def _told_apart(self, show: Callable[[float], str]) -> list[tuple[float, str]]:
        """Return the marks with their texts; of several that read alike (of a constant) the middle one."""
        alike: dict[str, list[float]] = {}
        for value in value_marks(self.low, self.high):
            alike.setdefault(show(value), []).append(value)
        return [(values[len(values) // 2], text) for text, values in alike.items()]

    def below(self, marks: Iterable[tuple[float, str]]) -> Iterator[Markup]:
        """Yield what stands under the drawing."""
        for at, text in marks:
            half = _letters(text) * self.size.letter / 2
            yield Markup('<text class="axis" x="{:.1f}" y="{}" text-anchor="middle">{}</text>').format(
                min(self.size.width - half, max(half, self.x(at))), int(self.size.height - 7), text
            )


def bucket_of(since: int, until: int, points: int = POINTS) -> int:
    """Return the width (ns) of buckets so that at most so many are drawn: a step that people count in."""
    wanted = (until - since) / NS / points
    return next((step for step in _STEPS if step >= wanted), math.ceil(wanted / _DAY) * _DAY) * NS


def value_marks(low: float, high: float, most: int = 5) -> list[float]:
    """Return the round values between two: steps of 1, 2 or 5."""
    raw = (high - low) / most
    if not math.isfinite(raw) or raw <= 0:
        return []
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * n for n in (1, 2, 5, 10) if size * n >= raw)
    first = math.ceil(low / step)
    return [n * step for n in range(first, math.floor(high / step) + 1)]


def time_marks(since: int, until: int, zone: ZoneInfo, most: int) -> list[tuple[int, str]]:
    """Return some ``most`` round instants on the site's clock between two, and how they are written."""
    seconds = (until - since) / NS
    step = next((one for one in _STEPS[:-1] if seconds / one <= most), 0)
    if not step:
        return _month_marks(since, until, zone, seconds / _MONTH / most)
    first = datetime.fromtimestamp(since / NS, zone)
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
    start = midnight + timedelta(seconds=math.ceil((first - midnight).total_seconds() / step) * step)
    found, at = list[tuple[int, str]](), start
    while (instant := round(at.timestamp()) * NS) <= until:
        pattern = "%m-%d" if step >= _DAY else "%H:%M" if step >= 60 else "%H:%M:%S"  # noqa: PLR2004
        if not found or instant > found[-1][0]:  # the clock may have jumped over an hour
            found.append((instant, f"{datetime.fromtimestamp(instant / NS, zone):{pattern}}"))
        at += timedelta(seconds=step)
    return found


def _month_marks(since: int, until: int, zone: ZoneInfo, wanted: float) -> list[tuple[int, str]]:
    """Return the beginnings of months between two instants, ``wanted`` months apart or a few more."""
    step = next((one for one in _MONTHS if one >= wanted), _MONTHS[-1])
    first = datetime.fromtimestamp(since / NS, zone)
    found, month = list[tuple[int, str]](), -(-(first.year * 12 + first.month) // step) * step
    while (at := datetime(month // 12, month % 12 + 1, 1, tzinfo=zone)).timestamp() * NS <= until:
        found.append((round(at.timestamp()) * NS, f"{at:%Y-%m}"))
        month += step
    return found
