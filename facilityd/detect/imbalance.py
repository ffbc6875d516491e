"""Kind ``imbalance``: the phases of a supply or a motor differ more than they may."""

from __future__ import annotations

from facilityd.detect.conditional import ConditionalDetector, good_float
from facilityd.detect.detector import in_seconds
from facilityd.detect.device_state import DeviceState, SignalState
from facilityd.model.finding import Evidence, Number
from facilityd.model.rule import Imbalance


class ImbalanceDetector(ConditionalDetector):
    """Largest deviation from the mean in % of the mean (NEMA MG 1). Below ``least`` nothing is wrong."""

    def __init__(self, rule: Imbalance, device_state: DeviceState) -> None:
        super().__init__(rule, device_state)
        self._rule = rule
        self._share, self._mean = 0.0, 0.0
        self._worst: SignalState = self.signal_states[0]

    repeatable = True

    def evaluate(self, now: int) -> bool | None:
        """Return whether a phase is too far from the mean; None where one is not known."""
        found = [
            value
            for signal_state in self.signal_states
            if (value := good_float(signal_state, now)) is not None
        ]
        if len(found) < len(self.signal_states):
            return None
        self._mean = mean = sum(found) / len(found)
        if mean <= 0 or mean <= self._rule.least:
            self._share = 0.0
            return None if self.delay.verdict is None else False  # at rest nothing is seen of the phases
        away = [abs(value - mean) for value in found]
        worst = max(range(len(away)), key=away.__getitem__)
        self._worst, self._share = self.signal_states[worst], 100.0 * away[worst] / mean
        back = self._rule.hysteresis if self.delay.verdict else 0.0
        return self._share > self._rule.above - back

    @property
    def size(self) -> float:  # type: ignore[override]
        """How far the worst phase is from the mean, in %."""
        return self._share

    def known_evidence(self, now: int) -> Evidence:
        """Return the phase farthest off, and the mean of all."""
        value = self._worst.good(now)
        numbers: dict[str, Number] = {
            "value": value if value is not None else "?",
            "unit": self._worst.measure,
        }
        numbers |= {"mean": self._mean, "share_n": round(self._share, 1), "most_n": self._rule.above}
        if not self.delay.verdict:
            return Evidence("imbalance-over", numbers, self._worst.signal)
        numbers["for_s"] = in_seconds(self.delay.held)
        return Evidence("imbalance-above", numbers, self._worst.signal)
