"""Kind ``trend``: where a signal is heading, and on which day it will be there.

Method: docs/reference/anomalies.md §3, layer 4. Evaluated once a day; between the days the verdict stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from facilityd.detect.conditional import ConditionalDetector, good_float
from facilityd.detect.daily import DAY, Daily
from facilityd.detect.device_state import DeviceState
from facilityd.detect.slope import theil_sen
from facilityd.model.finding import Evidence, Number
from facilityd.model.rule import Trend

SURE, DOUBT = 0.05, 0.10
"""p of no trend under which a trend is believed, and over which one that was believed is given up."""
BACK = 1.25
"""One that was told is taken back when its date is this much farther away than it need be."""
IN_A_ROW = 3
"""Days on which it must look so: a test repeated daily is right by chance sooner or later."""
FAR = 2
"""Nobody looks farther ahead than so many times what was seen."""
_CAP = 36_500.0


@dataclass(frozen=True, slots=True)
class Projection:
    """When the limit is reached, in days from the last point; ``slope`` in the signal's unit per day."""

    earliest: float
    likely: float
    latest: float
    slope: float
    day: int


class TrendDetector(ConditionalDetector):
    """Unknown until enough days were seen. A counter that was put back begins anew."""

    def __init__(self, rule: Trend, device_state: DeviceState) -> None:
        super().__init__(rule, device_state)
        self._rule, self._signal_state = rule, self.signal_states[0]
        self._limit = rule.above if rule.above is not None else rule.below or 0.0
        self._days = Daily()
        self._last: float | None = None
        self._heading: Projection | None = None
        self._wrong: bool | None = None
        self._row = 0

    def evaluate(self, now: int) -> bool | None:
        """Return whether the limit is near; None while too few days were seen."""
        value = good_float(self._signal_state, now)
        if value is None:
            return None
        if self.fresh():
            self._take(value)
        return True if self._reached() else self._wrong

    def _take(self, value: float) -> None:
        if self._rule.counter and self._last is not None and value < self._last:
            self.serviced()
        self._last = value
        if self._days.add(self._signal_state.steady, value):
            self._judge()

    def _reached(self) -> bool:
        """Return whether a counter has come to its end; other signals have limit rules for that."""
        return self._rule.counter and self._last is not None and self._last >= self._limit

    def serviced(self) -> None:
        """Begin anew, as where a counter was put back."""
        self._days.drop()
        self._heading, self._wrong, self._last, self._row = None, False, None, 0

    def _judge(self) -> None:
        points = self._days.points
        if len(points) < self._rule.points:
            return
        self._heading = self._project()
        back = BACK if self._wrong else 1.0
        within = self._rule.within * back / DAY
        near = self._heading is not None and self._heading.likely <= within
        self._row = self._row + 1 if near else 0
        self._wrong = self._row >= (1 if self._wrong else IN_A_ROW)

    def _project(self) -> Projection | None:
        """Return where it goes; None where there is no trend towards the limit, or only a far one."""
        points = self._days.points
        days = [float(day) for day, _ in points]
        slope = theil_sen(days, [value for _, value in points])
        sign = 1.0 if self._rule.above is not None else -1.0
        if slope.middle * sign <= 0 or not slope.certain or slope.p > (DOUBT if self._wrong else SURE):
            return None
        way = max(0.0, (self._limit - slope.level) * sign)
        fast, slow = sorted((abs(slope.low), abs(slope.high)), reverse=True)
        likely = way / abs(slope.middle)
        if not self._rule.counter and likely > FAR * (days[-1] - days[0]):
            return None
        return Projection(way / fast, likely, min(way / slow, _CAP), slope.middle, int(days[-1]))

    def evidence(self, now: int) -> Evidence:
        """Return the dates, or how many days are still wanting."""
        young = self._wrong is None and not self._known and self._signal_state.good(now) is not None
        if young:
            seen: dict[str, Number] = {"seen_n": len(self._days.points), "most_n": self._rule.points}
            return Evidence("unknown-young", seen, self._signal_state.signal)
        return super().evidence(now)

    def known_evidence(self, now: int) -> Evidence:
        """Return the value, its slope, and the earliest, likely and latest day."""
        value, heading = self._signal_state.good(now), self._heading
        numbers: dict[str, Number] = {"value": value if value is not None else "?", "limit": self._limit}
        numbers["unit"] = self._signal_state.measure
        if not self.delay.verdict:
            return Evidence("trend-over", numbers, self._signal_state.signal)
        if heading is None or self._reached():
            return Evidence("trend-reached", numbers, self._signal_state.signal)
        numbers |= {"slope": f"{heading.slope:+.3g}", "points_n": len(self._days.points)}
        for name in ("earliest", "likely", "latest"):
            numbers[f"{name}_at"] = round((heading.day + getattr(heading, name)) * DAY)
        return Evidence("trend-heads", numbers, self._signal_state.signal)

    def kind_checkpoint(self) -> Any:
        """Return the days, and what was made of them."""
        heading = self._heading
        kept = None if heading is None else [getattr(heading, name) for name in Projection.__slots__]
        known = {"last": self._last, "heading": kept, "wrong": self._wrong}
        known["row"] = self._row
        return {"days": self._days.checkpoint(), **known}

    def restore_kind(self, kept: Any) -> None:
        """Take back what ``kind_checkpoint`` returned."""
        self._days.restore(kept["days"])
        self._last, self._wrong = kept["last"], kept["wrong"]
        self._row = kept["row"]
        self._heading = Projection(*kept["heading"]) if kept["heading"] else None
