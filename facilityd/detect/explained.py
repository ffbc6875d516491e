"""How far a cause explains its consequence: what is too big, or of another kind, is told beside it."""

from __future__ import annotations

from dataclasses import dataclass

from facilityd.detect.detector import Detector
from facilityd.detect.device_state import SignalState
from facilityd.model.kinds import Condition
from facilityd.model.operating_mode import answer


@dataclass(frozen=True, slots=True)
class ExplainedLimits:
    """Conditions of signals; ``least`` is the cause's own size, ``most`` that of the consequence.

    Sizes are what the detector compares with its limit, as it stands in the table: a share or a percentage.
    """

    conditions: tuple[tuple[Condition, SignalState], ...] = ()
    least: float | None = None
    most: float | None = None
    codes: tuple[tuple[SignalState, frozenset[int]], ...] = ()
    """Signals with the codes that come from the cause; 0 is none, and says nothing."""

    def allow(self, cause: Detector, consequence: Detector, now: int) -> bool:
        """Return whether the cause explains it at ``now`` (ns, steady). The unknown stands in no way."""
        if any(answer(condition, state.good(now)) is False for condition, state in self.conditions):
            return False
        if any((code := state.good(now)) and code not in known for state, known in self.codes):
            return False
        mine, theirs = consequence.size, cause.size
        if self.most is not None and mine is not None and mine > self.most:
            return False
        return self.least is None or theirs is None or theirs >= self.least
