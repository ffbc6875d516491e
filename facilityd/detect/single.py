"""Kinds ``robust-z`` and ``ewma``: one signal against its own healthy level, learned per operating mode.

Method and figures: docs/reference/anomalies.md §3, layers 1 and 2.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from math import exp
from statistics import median
from typing import Any, Protocol

from facilityd.detect.device_state import NEVER, DeviceState
from facilityd.detect.learned import FitRefused, LearnedDetector, against
from facilityd.detect.residual_fit import enough
from facilityd.detect.statistics import GAP, MOfN, quantile, stretches
from facilityd.model.baseline import HealthyReading
from facilityd.model.charts import Ewma, RobustZ
from facilityd.model.finding import Evidence
from facilityd.model.sample import NS

READINGS, LEVEL, LEAST = 5, 0.995, 60
_FLOOR, _TINY = 1e-3, 1e-9


class _Smoother(Protocol):
    def checkpoint(self) -> list[float]:
        """Return what it holds."""

    def restore(self, held: Sequence[float]) -> None:
        """Go on from what it held."""

    def take(self, value: float, passed: int) -> float:
        """Return the smoothed value; ``passed`` ns since the last one."""


class MedianFilter:
    """The median of the last five readings."""

    def __init__(self) -> None:
        self._last: deque[float] = deque(maxlen=READINGS)

    def take(self, value: float, passed: int) -> float:  # noqa: ARG002 - readings count, not time
        """Return the smoothed value."""
        self._last.append(value)
        return median(self._last)

    def checkpoint(self) -> list[float]:
        """Return the readings."""
        return list(self._last)

    def restore(self, held: Sequence[float]) -> None:
        """Go on from these readings."""
        self._last.extend(held)


class EwmaFilter:
    """An exponentially weighted mean over ``smooth`` ns, whatever the interval of the readings."""

    def __init__(self, smooth: int) -> None:
        self._smooth = max(smooth, 1)
        self._now: float | None = None

    def take(self, value: float, passed: int) -> float:
        """Return the smoothed value."""
        share = 1 - exp(-passed / self._smooth)
        self._now = value if self._now is None else self._now + share * (value - self._now)
        return self._now

    def checkpoint(self) -> list[float]:
        """Return the mean, if there is one."""
        return [] if self._now is None else [self._now]

    def restore(self, held: Sequence[float]) -> None:
        """Go on from this mean."""
        self._now = held[0] if held else None


def smoother(rule: RobustZ | Ewma) -> _Smoother:
    """Return what the rule smooths with, empty."""
    return MedianFilter() if isinstance(rule, RobustZ) else EwmaFilter(rule.smooth)


def fit_single(rule: RobustZ | Ewma, rows: Sequence[HealthyReading]) -> dict[str, Any]:
    """Return per operating mode the healthy middle and the 99.5 % level around it. Raises Unfit."""
    enough(rule, rows)
    by_state: dict[str, list[list[HealthyReading]]] = {}
    for stretch in stretches(rows):
        by_state.setdefault(stretch[0].state, []).append(stretch)
    states = {state: _levels(rule, runs) for state, runs in by_state.items() if sum(map(len, runs)) >= LEAST}
    if not states:
        seen = (rows[-1].steady - rows[0].steady) / NS
        raise FitRefused("unfit-short", state="", seen_s=seen, most_s=rule.least / NS)
    return {"states": states}


def _levels(rule: RobustZ | Ewma, runs: Sequence[Sequence[HealthyReading]]) -> dict[str, float]:
    middle = median([row.values[0] for rows in runs for row in rows])
    away = []
    for rows in runs:
        smooth, before = smoother(rule), rows[0].steady
        for row in rows:
            away.append(abs(smooth.take(row.values[0], row.steady - before) - middle))
            before = row.steady
    return {"middle": middle, "level": max(quantile(away, LEVEL), _FLOOR * abs(middle), _TINY)}


class SingleDetector(LearnedDetector):
    """Unknown in an operating mode that was not learned. A pause or another mode restarts the smoothing."""

    def __init__(self, rule: RobustZ | Ewma, device_state: DeviceState) -> None:
        super().__init__(rule, device_state)
        self._rule = rule
        self._votes = MOfN(rule.of, rule.out_of)
        self._smooth = smoother(rule)
        self._gap = GAP * self.signal_states[0].expected
        self.forget()

    def forget(self) -> None:
        """A new baseline: nothing seen yet."""
        self._votes = MOfN(self._rule.of, self._rule.out_of)
        self._level, self._range = 0.0, (0.0, 0.0)
        self._learned = True
        self._state = ""
        self._last = NEVER

    def disabled(self, now: int) -> None:  # noqa: ARG002 - whenever it was
        """Readings before a pause say nothing about those after it."""
        self._last = NEVER

    def resume(self, verdict: bool) -> None:
        """Take over the verdict from before a restart."""
        super().resume(verdict)
        self._votes.verdict = verdict

    def compare(self, row: HealthyReading | None, now: int) -> bool | None:
        """Return what the last readings say."""
        if row is not None:
            self._take(row)
        stale = self.signal_states[0].good(now) is None
        return None if stale or not self._learned else self._votes.verdict

    def _take(self, row: HealthyReading) -> None:
        known = self.data["states"].get(row.state)
        self._learned = known is not None
        if known is None:
            self._last = NEVER
            return
        if row.steady - self._last > self._gap or row.state != self._state:
            self._smooth, self._last, self._state = smoother(self._rule), row.steady, row.state
            self._votes.forget()
        self._level = self._smooth.take(row.values[0], row.steady - self._last)
        self._last = row.steady
        room = max(self._rule.factor * known["level"], self._rule.band)
        self._range = (known["middle"] - room, known["middle"] + room)
        self._votes.see(self._beyond())

    def _beyond(self) -> bool:
        low, high = self._range
        side = self._rule.side
        return (side != "above" and self._level < low) or (side != "below" and self._level > high)

    def kind_checkpoint(self) -> Any:
        """Return what is smoothed and voted, and under which version."""
        by = self.baseline.version if self.baseline else 0
        known = {"read": self._read, "last": self._last, "state": self._state, "level": self._level}
        known |= {"range": list(self._range), "learned": self._learned}
        return known | {"by": by, "smooth": self._smooth.checkpoint(), "votes": self._votes.checkpoint()}

    def restore_kind(self, kept: Any) -> None:
        """Go on smoothing, unless another baseline has been learned since."""
        if kept["by"] != (self.baseline.version if self.baseline else 0):
            return
        self._read, self._last, self._state, self._level = (
            kept[n] for n in ("read", "last", "state", "level")
        )
        self._range, self._learned = (kept["range"][0], kept["range"][1]), kept["learned"]
        self._smooth = smoother(self._rule)
        self._smooth.restore(kept["smooth"])
        self._votes.restore(kept["votes"])

    def known_evidence(self, now: int) -> Evidence:  # noqa: ARG002 - as of the newest reading
        """Return the smoothed value and its healthy range."""
        return against(self, self.signal_states[0], self._level, self._range)

    def evidence(self, now: int) -> Evidence:
        """Return what the verdict rests on; also that this operating mode was never learned."""
        if self.baseline is not None and not self._learned and self.signal_states[0].good(now) is not None:
            return Evidence("unknown-outside", {}, self._rule.signal)
        return super().evidence(now)
