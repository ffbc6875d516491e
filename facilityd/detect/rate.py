"""Kind ``rate``: a signal rises or falls faster than allowed over a window: a leak, a wet cable."""

from __future__ import annotations

from collections import deque
from statistics import median
from typing import Any

from facilityd.detect.conditional import ConditionalDetector, good_float
from facilityd.detect.detector import in_seconds
from facilityd.detect.device_state import DeviceState
from facilityd.detect.residual import ResidualDetector
from facilityd.detect.slope import theil_sen
from facilityd.model.finding import Evidence, Number
from facilityd.model.rule import Rate

PARTS, FEWEST = 24, 8
"""The window's parts, each one point; so many must have been seen, over half of it, to say anything."""


class RateDetector(ConditionalDetector):
    """Theil-Sen slope over the means of the window's parts: waves and single readings do not count.

    Before the whole window was seen, the step must be as big as one that the whole window allows.
    """

    def __init__(self, rule: Rate, device_state: DeviceState) -> None:
        super().__init__(rule, device_state)
        self._rule, self._signal_state = rule, self.signal_states[0]
        self._weather = device_state.rules.get(rule.weather_of)
        self._limit = rule.above if rule.above is not None else rule.below or 0.0
        self._part = max(1, rule.over // PARTS)
        self._points: deque[tuple[int, float]] = deque(maxlen=PARTS)
        self._now: list[float] = [0, 0.0, 0]  # part, sum, readings
        self._slope: float | None = None
        self._share = 1.0
        """How much of the window was seen: half of the allowed step in half of it is no haste."""

    def evaluate(self, now: int) -> bool | None:
        """Return whether it moves too fast; None while too little was seen of the window."""
        value = good_float(self._signal_state, now)
        if value is None:
            return None
        if self.fresh():
            weather = self._weather.of_weather if isinstance(self._weather, ResidualDetector) else 0.0
            self._take(self._signal_state.steady // self._part, value - weather)
        if self._slope is None:
            return None
        moved = self._slope * self._share
        back = self._rule.hysteresis if self.delay.verdict else 0.0
        return moved > self._limit - back if self._rule.above is not None else moved < self._limit + back

    def _take(self, part: int, value: float) -> None:
        if part > self._now[0]:
            if self._now[2]:
                self._points.append((int(self._now[0]), self._now[1] / self._now[2]))
            self._now = [part, 0.0, 0]
            self._measure(part)
        self._now[1] += value
        self._now[2] += 1

    def _measure(self, part: int) -> None:
        """Work out the slope, in the signal's unit per ``per``, once for each part of the window."""
        while self._points and self._points[0][0] < part - PARTS:
            self._points.popleft()
        points = self._points
        if len(points) < FEWEST or points[-1][0] - points[0][0] < PARTS // 2:
            self._slope = None
            return
        values = [value for _, value in points]
        slope = theil_sen([float(part) for part, _ in points], values).middle
        # Behind a step that is over (a leak that was mended) the window still slopes: a signal that is back
        # in the window's other half does not move any more.
        over = (values[-1] - median(values)) * slope < 0
        self._slope = 0.0 if over else slope * self._rule.per / self._part
        self._share = min(1.0, (points[-1][0] - points[0][0]) / (PARTS - 1))

    def disabled(self, now: int) -> None:  # noqa: ARG002 - whenever it was
        """What it did while it was not looked at, such as a run between two rests, is no slope."""
        self._points.clear()
        self._now, self._slope = [0, 0.0, 0], None

    def serviced(self) -> None:
        """Look at what comes."""
        self._points.clear()
        self._now, self._slope = [0, 0.0, 0], None

    def known_evidence(self, now: int) -> Evidence:
        """Return the value and its slope against what is allowed."""
        value = self._signal_state.good(now)
        numbers: dict[str, Number] = {
            "value": value if value is not None else "?",
            "unit": self._signal_state.measure,
        }
        numbers |= {
            "slope": f"{self._slope or 0.0:+.3g}",
            "most": self._limit,
            "per_s": in_seconds(self._rule.per),
        }
        if not self.delay.verdict:
            return Evidence("rate-over", numbers, self._signal_state.signal)
        side = "above" if self._rule.above is not None else "below"
        return Evidence(f"rate-{side}", numbers, self._signal_state.signal)

    def evidence(self, now: int) -> Evidence:
        """Return the slope, or that too little was seen of the window."""
        young = not self._known and self._slope is None and self._signal_state.good(now) is not None
        if young:
            return Evidence(
                "unknown-window", {"over_s": in_seconds(self._rule.over)}, self._signal_state.signal
            )
        return super().evidence(now)

    def kind_checkpoint(self) -> Any:
        """Return the window."""
        points = [list(point) for point in self._points]
        return {"points": points, "now": list(self._now), "slope": self._slope, "share": self._share}

    def restore_kind(self, kept: Any) -> None:
        """Go on from the window."""
        self._slope, self._share = kept["slope"], kept.get("share", 1.0)
        self._now = list(kept["now"])
        self._points = deque(((int(p), float(v)) for p, v in kept["points"]), maxlen=PARTS)
