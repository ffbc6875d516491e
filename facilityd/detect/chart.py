"""Kind ``chart``: several fast signals of one machine together, learned per operating mode (``charts``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from facilityd.detect.device_state import NEVER, DeviceState
from facilityd.detect.learned import FitRefused, LearnedDetector, against
from facilityd.detect.residual_fit import enough
from facilityd.detect.statistics import GAP, stretches
from facilityd.detect.var_residuals import LEAST, VarLimits, VarResidualChart, fit
from facilityd.model import charts as kinds
from facilityd.model.baseline import HealthyReading
from facilityd.model.finding import Evidence
from facilityd.model.sample import NS


def fit_chart(rule: kinds.Chart, rows: Sequence[HealthyReading]) -> dict[str, Any]:
    """Return the limits per operating mode. Raises Unfit."""
    enough(rule, rows)
    by_state: dict[str, list[list[tuple[float, ...]]]] = {}
    for stretch in stretches(rows):
        by_state.setdefault(stretch[0].state, []).append([row.values for row in stretch])
    # A stretch must outlast the settling of the smoothing, or nothing can be fitted to it.
    usable = {state: [r for r in runs if len(r) > LEAST // 5] for state, runs in by_state.items()}
    states = {state: fit(runs).as_dict() for state, runs in usable.items() if sum(map(len, runs)) >= LEAST}
    if not states:
        seen = (rows[-1].steady - rows[0].steady) / NS
        raise FitRefused("unfit-short", state="", seen_s=seen, most_s=rule.least / NS)
    return {"states": states}


class ChartDetector(LearnedDetector):
    """Unknown in an operating mode that was not learned. After a pause readings are gathered anew."""

    def __init__(self, rule: kinds.Chart, device_state: DeviceState) -> None:
        super().__init__(rule, device_state)
        self._over = rule.over / NS
        self._pace = max(signal_state.expected for signal_state in self.signal_states)
        self._gap = GAP * self._pace
        self.forget()

    def forget(self) -> None:
        """A new baseline: its limits, and nothing seen yet."""
        states = self.data.get("states", {})
        self._charts = {
            state: VarResidualChart(VarLimits.from_dict(limits), self._over)
            for state, limits in states.items()
        }
        self._chart: VarResidualChart | None = None
        self._verdict: bool | None = None
        self._learned = True
        self._last = NEVER

    def disabled(self, now: int) -> None:  # noqa: ARG002 - whenever it was
        """Readings before a pause say nothing about those after it."""
        self._last = NEVER

    def resume(self, verdict: bool) -> None:
        """Take over the verdict from before a restart."""
        super().resume(verdict)
        self._verdict = verdict

    def compare(self, row: HealthyReading | None, now: int) -> bool | None:
        """Return what the last readings say."""
        if row is not None:
            self._take(row)
        stale = any(signal_state.good(now) is None for signal_state in self.signal_states)
        return None if stale or not self._learned else self._verdict

    def _take(self, row: HealthyReading) -> None:
        chart = self._charts.get(row.state)
        self._learned = chart is not None
        if chart is None:
            self._last = NEVER
            return
        if chart is not self._chart or row.steady - self._last > self._gap:
            self._chart, chart.verdict = chart, self._verdict
            chart.forget()
            self._last = row.steady
        lasted = min(row.steady - self._last, self._pace) / NS  # what was lost is no proof of anything
        self._last = row.steady
        self._verdict = chart.step(row.values, lasted)

    def known_evidence(self, now: int) -> Evidence:  # noqa: ARG002 - as of the newest reading
        """Return the guilty signal, its level and its healthy range."""
        if self._chart is None:
            return Evidence("unknown-yet")
        guilty = self._chart.guilty
        level = self._chart.trace.level.now[guilty]
        return against(self, self.signal_states[guilty], level, self._chart.allowed(guilty))

    def evidence(self, now: int) -> Evidence:
        """Return what the verdict rests on; also that this operating mode was never learned."""
        seen = all(signal_state.good(now) is not None for signal_state in self.signal_states)
        if self.baseline is not None and not self._learned and seen:
            return Evidence("unknown-outside", {}, self.signal_states[0].signal)
        return super().evidence(now)
