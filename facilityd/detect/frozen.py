"""Kind ``frozen``: a signal that should move stands still."""

from __future__ import annotations

from typing import Any

from facilityd.detect.conditional import ConditionalDetector, good_float
from facilityd.detect.detector import in_seconds
from facilityd.detect.device_state import DeviceState
from facilityd.model.finding import Evidence, Number
from facilityd.model.rule import Frozen


class FrozenDetector(ConditionalDetector):
    """Still is what stays within ``least`` of where it was when it last moved. The delay counts how long."""

    def __init__(self, rule: Frozen, device_state: DeviceState) -> None:
        super().__init__(rule, device_state)
        self._least, self._signal_state = rule.least, self.signal_states[0]
        self._stood: float | None = None
        self._still: bool | None = None

    def evaluate(self, now: int) -> bool | None:
        """Return whether it stands where it stood."""
        value = good_float(self._signal_state, now)
        if value is None:
            return None
        if self.fresh():
            if self._stood is None:  # one value is no evidence of moving, nor of standing still
                self._stood, self._still = value, None
                return self.delay.verdict
            self._still = abs(value - self._stood) <= self._least
            if not self._still:
                self._stood = value
        return self.delay.verdict if self._still is None else self._still

    def disabled(self, now: int) -> None:  # noqa: ARG002 - whenever it was
        """Where it stood while it need not move says nothing."""
        self._stood, self._still = None, None

    def kind_checkpoint(self) -> Any:
        """Return where it stood."""
        return [self._stood, self._still]

    def restore_kind(self, kept: Any) -> None:
        """Go on from where it stood."""
        self._stood, self._still = kept

    def known_evidence(self, now: int) -> Evidence:
        """Return where it stands and since when."""
        value = good_float(self._signal_state, now)
        numbers: dict[str, Number] = {
            "value": value if value is not None else "?",
            "unit": self._signal_state.measure,
        }
        if not self.delay.verdict:
            return Evidence("frozen-over", numbers, self._signal_state.signal)
        numbers |= {"least": self._least, "for_s": in_seconds(self.delay.held)}
        return Evidence("frozen-still", numbers, self._signal_state.signal)
