"""Kind ``spike``: a signal jumps faster than its thing can move: a loose wire, a failing encoder."""

from __future__ import annotations

from collections import deque
from typing import Any

from facilityd.detect.conditional import ConditionalDetector, good_float
from facilityd.detect.detector import in_seconds
from facilityd.detect.device_state import DeviceState
from facilityd.model.finding import Evidence, Number
from facilityd.model.rule import Spike
from facilityd.model.sample import NS


class SpikeDetector(ConditionalDetector):
    """Two good samples make a jump, however long ago the first one was: the longer, the farther it may go."""

    def __init__(self, rule: Spike, device_state: DeviceState) -> None:
        super().__init__(rule, device_state)
        self._rule, self._signal_state = rule, self.signal_states[0]
        self._jumps: deque[int] = deque(maxlen=rule.times)
        self._last: tuple[int, float] | None = None
        self._jump = self._from = 0.0

    def evaluate(self, now: int) -> bool | None:
        """Return whether it has jumped so many times in the window that ends now."""
        value = good_float(self._signal_state, now)
        if value is None:
            return None
        known = self._last is not None
        if self.fresh():
            self._see(self._signal_state.steady, value)
        if not known:  # one value is no evidence of anything
            return self.delay.verdict
        while self._jumps and self._jumps[0] <= now - self._rule.over:
            self._jumps.popleft()
        return len(self._jumps) >= self._rule.times

    def _see(self, at: int, value: float) -> None:
        if self._last is not None:
            jump, span = value - self._last[1], (at - self._last[0]) / NS
            if abs(jump) > max(self._rule.least, self._rule.faster * span):
                self._note(at, jump, self._last[1], value)
        self._last = (at, value)

    def _note(self, at: int, jump: float, before: float, after: float) -> None:
        if not self._jumps:
            self._from = before
        elif self._rule.returns and abs(after - self._from) <= self._rule.least:
            self._jumps.clear()
            return
        self._jumps.append(at)
        self._jump = jump

    def serviced(self) -> None:
        """Where it jumped from was before the service."""
        self._jumps.clear()

    def disabled(self, now: int) -> None:  # noqa: ARG002 - whenever it was
        """What it does while it is not evaluated is not followed."""
        self._last = None

    def known_evidence(self, now: int) -> Evidence:
        """Return the last jump and how fast the thing can really move."""
        value = good_float(self._signal_state, now)
        numbers: dict[str, Number] = {
            "value": value if value is not None else "?",
            "unit": self._signal_state.measure,
        }
        if not self.delay.verdict:
            return Evidence("spike-over", numbers, self._signal_state.signal)
        if self._rule.times == 1:
            return Evidence("spike-jumped", numbers | {"jump": self._jump}, self._signal_state.signal)
        numbers |= {"jump": self._jump, "faster": self._rule.faster, "over_s": in_seconds(self._rule.over)}
        return Evidence("spike-jumps", numbers | {"times_n": len(self._jumps)}, self._signal_state.signal)

    def kind_checkpoint(self) -> Any:
        """Return the jumps in the window and the last value."""
        last = list(self._last) if self._last else None
        return {"jumps": list(self._jumps), "last": last, "jump": self._jump, "from": self._from}

    def restore_kind(self, kept: Any) -> None:
        """Go on from the last value."""
        self._jump, self._from = kept["jump"], kept.get("from", 0.0)
        self._jumps.extend(kept["jumps"])
        self._last = (kept["last"][0], kept["last"][1]) if kept["last"] else None
