"""What the learned kinds share: without a baseline that a person signed, their verdict is unknown."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from facilityd.detect.conditional import ConditionalDetector
from facilityd.detect.detector import in_seconds
from facilityd.detect.device_state import DeviceState, SignalState
from facilityd.model.baseline import Baseline, HealthyReading
from facilityd.model.charts import Learned
from facilityd.model.finding import Evidence, Number
from facilityd.model.sample import STALE_PERIODS


class FitRefused(Exception):
    """Data that nothing can be learned from. ``slug`` of the text table, ``numbers`` that go into it."""

    def __init__(self, slug: str, **numbers: float | str) -> None:
        super().__init__(slug)
        self.slug, self.numbers = slug, numbers


class LearnedDetector(ConditionalDetector):
    """Evaluates with ``self.data``; with ``record`` it also keeps the rows a baseline is fitted to."""

    def __init__(self, rule: Learned, device_state: DeviceState) -> None:
        super().__init__(rule, device_state)
        self._vector = tuple(device_state.signal_states[signal] for signal in rule.vector)
        self.data: Mapping[str, Any] = {}
        self.baseline: Baseline | None = None
        self.rows: list[HealthyReading] | None = None
        self._read = -1

    def set_baseline(self, baseline: Baseline | None) -> None:
        """Evaluate against this baseline from now on. None: against none, as after a service."""
        self.baseline = baseline
        self.data = baseline.data if baseline else {}
        self.forget()

    def serviced(self) -> None:
        """What is normal has to be learned anew."""
        self.set_baseline(None)

    @property
    def in_force(self) -> bool:
        """Whether a person has signed what is normal here."""
        return self.baseline is not None

    def record(self) -> None:
        """Begin to keep rows: every reading counts."""
        self.rows, self.repeatable = [], False

    @abstractmethod
    def forget(self) -> None:
        """A new baseline begins: drop what was gathered under the old one."""

    def evaluate(self, now: int) -> bool | None:
        """Return what is seen; None where there is no baseline."""
        if not self.data and self.rows is None:
            return None
        row = self._row(now)
        if row is not None and self.rows is not None:
            self.rows.append(row)
        if not self.data:
            return None
        return self.compare(row, now)

    @abstractmethod
    def compare(self, row: HealthyReading | None, now: int) -> bool | None:
        """Return what is seen; ``row`` is None where nothing new has come since the last time."""

    def _row(self, now: int) -> HealthyReading | None:
        newest = max(signal_state.steady for signal_state in self._vector)
        if newest == self._read:
            return None
        values = [signal_state.good(now) for signal_state in self._vector]
        if None in values:
            return None
        covers = self._covers(newest) if self.rows is not None else None
        self._read = newest
        good = (*(float(value) for value in values if value is not None), *self.beside(now))
        return HealthyReading(newest, self.device_state.mode(now), good, covers)

    def beside(self, now: int) -> tuple[float, ...]:  # noqa: ARG002 - most kinds look at signals alone
        """Return what else explains a row, behind the values of its signals."""
        return ()

    def _covers(self, newest: int) -> int:
        """Return the time (ns) since the reading before, where both are of one stay and none was lost."""
        gap = newest - self._read
        together = self.enable.always or self.enable.entered <= self._read
        longest = STALE_PERIODS * max(signal_state.expected for signal_state in self._vector)
        return gap if self._read >= 0 and together and gap <= longest else 0

    def evidence(self, now: int) -> Evidence:
        """Return what the newest verdict rests on, or why there is none."""
        if self.baseline is None:
            return Evidence("unknown-unlearned", {}, self.signal_states[0].signal)
        return super().evidence(now)


def against(
    detector: LearnedDetector, signal_state: SignalState, level: float, allowed: tuple[float, float]
) -> Evidence:
    """Return a smoothed ``level`` beside the range learned for its signal, and which version says so."""
    by, (low, high) = detector.baseline, allowed
    numbers: dict[str, Number] = {"value": level, "low": low, "high": high, "unit": signal_state.measure}
    numbers |= {"learned_at": by.at if by else 0, "version_n": by.version if by else 0}
    if not detector.delay.verdict:
        return Evidence("learned-over", numbers, signal_state.signal)
    side = "above" if level > high else "below" if level < low else "astray"
    return Evidence(
        f"learned-{side}", numbers | {"for_s": in_seconds(detector.delay.held)}, signal_state.signal
    )
