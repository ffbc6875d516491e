"""Kind ``invalid``: the unit answers, yet this signal has no usable value."""

from __future__ import annotations

from facilityd.detect.conditional import ConditionalDetector
from facilityd.model.finding import Evidence
from facilityd.model.quality import Reason

UNUSABLE = frozenset({Reason.NO_VALUE, Reason.OUT_OF_RANGE, Reason.NOT_A_NUMBER})
"""What a sensor or its transmitter is to blame for; all else is a matter of the wire."""


class InvalidDetector(ConditionalDetector):
    """Unknown where the unit is silent: that is another rule's matter."""

    repeatable = True

    def evaluate(self, now: int) -> bool | None:
        """Return whether the newest answer holds no usable value."""
        signal_state = self.signal_states[0]
        if signal_state.good(now) is not None:
            return False
        if signal_state.reason in UNUSABLE and now < signal_state.stale_from:
            return True
        return None

    def known_evidence(self, now: int) -> Evidence:
        """Return why the value cannot be used."""
        signal_state = self.signal_states[0]
        value = signal_state.good(now)
        if value is not None or signal_state.reason is None:
            shown = value if value is not None else "?"
            return Evidence(
                "invalid-over", {"value": shown, "unit": signal_state.measure}, signal_state.signal
            )
        return Evidence("invalid", {"reason": signal_state.reason.value}, signal_state.signal)
