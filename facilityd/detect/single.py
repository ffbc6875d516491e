"""Kinds ``robust-z`` and ``ewma``: one signal against its own healthy level, learned per duty state.

Method and figures: docs/reference/anomalies.md §3, layers 1 and 2.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from math import exp
from statistics import median
from typing import Any, Protocol

from facilityd.detect.learned import LearnedDetector, Unfit, against
from facilityd.detect.residual_fit import enough
from facilityd.detect.statistics import GAP, Votes, quantile, stretches
from facilityd.detect.view import NEVER, View
from facilityd.model.baseline import Row
from facilityd.model.charts import Ewma, RobustZ
from facilityd.model.finding import Evidence
from facilityd.model.sample import NS

READINGS, LEVEL, LEAST = 5, 0.995, 60
_FLOOR, _TINY = 1e-3, 1e-9


class _Smoother(Protocol):
    def memory(self) -> list[float]:
        """Return what it holds."""

    def recall(self, held: Sequence[float]) -> None:
        """Go on from what it held."""

    def take(self, value: float, passed: int) -> float:
        """Return the smoothed value; ``passed`` ns since the last one."""


class Median:
    """The median of the last five readings."""

    def __init__(self) -> None:
        self._last: deque[float] = deque(maxlen=READINGS)

    def take(self, value: float, passed: int) -> float:  # noqa: ARG002 - readings count, not time
        """Return the smoothed value."""
        self._last.append(value)
        return median(self._last)

    def memory(self) -> list[float]:
        """Return the readings."""
        return list(self._last)

    def recall(self, held: Sequence[float]) -> None:
        """Go on from these readings."""
        self._last.extend(held)


class Mean:
    """An exponentially weighted mean over ``smooth`` ns, whatever the pace of the readings."""

    def __init__(self, smooth: int) -> None:
        self._smooth = max(smooth, 1)
        self._now: float | None = None

    def take(self, value: float, passed: int) -> float:
        """Return the smoothed value."""
        share = 1 - exp(-passed / self._smooth)
        self._now = value if self._now is None else self._now + share * (value - self._now)
        return self._now

    def memory(self) -> list[float]:
        """Return the mean, if there is one."""
        return [] if self._now is None else [self._now]

    def recall(self, held: Sequence[float]) -> None:
        """Go on from this mean."""
        self._now = held[0] if held else None


def smoother(rule: RobustZ | Ewma) -> _Smoother:
    """Return what the rule smooths with, empty."""
    return Median() if isinstance(rule, RobustZ) else Mean(rule.smooth)


def fit_single(rule: RobustZ | Ewma, rows: Sequence[Row]) -> dict[str, Any]:
    """Return per duty state the healthy middle and the 99.5 % level around it. Raises Unfit."""
    enough(rule, rows)
    by_state: dict[str, list[list[Row]]] = {}
    for stretch in stretches(rows):
        by_state.setdefault(stretch[0].state, []).append(stretch)
    states = {state: _levels(rule, runs) for state, runs in by_state.items() if sum(map(len, runs)) >= LEAST}
    if not states:
        seen = (rows[-1].steady - rows[0].steady) / NS
        raise Unfit("unfit-short", state="", seen_s=seen, most_s=rule.least / NS)
    return {"states": states}


def _levels(rule: RobustZ | Ewma, runs: Sequence[Sequence[Row]]) -> dict[str, float]:
    middle = median([row.values[0] for rows in runs for row in rows])
    away = []
    for rows in runs:
        smooth, before = smoother(rule), rows[0].steady
        for row in rows:
            away.append(abs(smooth.take(row.values[0], row.steady - before) - middle))
            before = row.steady
    return {"middle": middle, "level": max(quantile(away, LEVEL), _FLOOR * abs(middle), _TINY)}


class SingleDetector(LearnedDetector):
    """Unknown in a duty state that was not learned. A pause or another state begins the smoothing anew."""

    def __init__(self, rule: RobustZ | Ewma, view: View) -> None:
        super().__init__(rule, view)
        self._rule = rule
        self._votes = Votes(rule.of, rule.out_of)
        self._smooth = smoother(rule)
        self._gap = GAP * self.cells[0].expected
        self.forget()

    def forget(self) -> None:
        """A new baseline: nothing seen yet."""
        self._votes = Votes(self._rule.of, self._rule.out_of)
        self._level, self._range = 0.0, (0.0, 0.0)
        self._learned = True
        self._state = ""
        self._last = NEVER

    def left(self, now: int) -> None:  # noqa: ARG002 - whenever it was
        """Readings before a pause say nothing about those after it."""
        self._last = NEVER

    def resume(self, verdict: bool) -> None:
        """Take over the verdict from before a restart."""
        super().resume(verdict)
        self._votes.verdict = verdict

    def compare(self, row: Row | None, now: int) -> bool | None:
        """Return what the last readings say."""
        if row is not None:
            self._take(row)
        stale = self.cells[0].good(now) is None
        return None if stale or not self._learned else self._votes.verdict

    def _take(self, row: Row) -> None:
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

    def keep(self) -> Any:
        """Return what is smoothed and voted, and under which version."""
        by = self.baseline.version if self.baseline else 0
        known = {"read": self._read, "last": self._last, "state": self._state, "level": self._level}
        known |= {"range": list(self._range), "learned": self._learned}
        return known | {"by": by, "smooth": self._smooth.memory(), "votes": self._votes.memory()}

    def take_back(self, kept: Any) -> None:
        """Go on smoothing, unless another baseline has been learned since."""
        if kept["by"] != (self.baseline.version if self.baseline else 0):
            return
        self._read, self._last, self._state, self._level = (
            kept[n] for n in ("read", "last", "state", "level")
        )
        self._range, self._learned = (kept["range"][0], kept["range"][1]), kept["learned"]
        self._smooth = smoother(self._rule)
        self._smooth.recall(kept["smooth"])
        self._votes.recall(kept["votes"])

    def told(self, now: int) -> Evidence:  # noqa: ARG002 - as of the newest reading
        """Return the smoothed value and its healthy range."""
        return against(self, self.cells[0], self._level, self._range)

    def evidence(self, now: int) -> Evidence:
        """Return what the verdict rests on; also that this duty was never learned."""
        if self.baseline is not None and not self._learned and self.cells[0].good(now) is not None:
            return Evidence("unknown-outside", {}, self._rule.signal)
        return super().evidence(now)
