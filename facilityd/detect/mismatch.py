"""Kind ``mismatch``: what is commanded and what is observed differ for too long."""

from __future__ import annotations

from facilityd.detect.delay import OnOffDelay
from facilityd.detect.dependencies import VerdictScope
from facilityd.detect.detector import StatelessDetector, in_seconds, why_unknown
from facilityd.detect.device_state import FOREVER, NEVER, DeviceState
from facilityd.model.finding import Evidence
from facilityd.model.operating_mode import answer
from facilityd.model.rule import Mismatch
from facilityd.model.sample import STALE_PERIODS


class MismatchDetector(StatelessDetector):
    """Both sides must be known; a side that is not makes the verdict unknown."""

    def __init__(self, rule: Mismatch, device_state: DeviceState) -> None:
        self._rule = rule
        self._signal_states = (
            device_state.signal_states[rule.commanded.signal],
            device_state.signal_states[rule.observed.signal],
        )
        patience = (STALE_PERIODS - 1) * max(signal_state.expected for signal_state in self._signal_states)
        self._delay = OnOffDelay(rule.within, 0, patience)
        self._slug = "mismatch-agree"
        self._sides_seen: tuple[bool, bool] | None = None
        self._turned = NEVER
        self.wake = FOREVER

    def update(self, now: int) -> bool | None:
        """Compare both sides at ``now`` (ns, steady)."""
        commanded, observed = self._sides(now)
        if commanded is None or observed is None:
            self._delay.pause(now)
            self.wake, self.standing = FOREVER, VerdictScope.RUN
            return None
        if (commanded, observed) != self._sides_seen:
            self._sides_seen, self._turned = (
                (commanded, observed),
                max(signal_state.steady for signal_state in self._signal_states),
            )
        before, self._slug = self._slug, _compare(commanded, observed)
        if before != self._slug:
            self._delay.drop()  # missing and unbidden are two stories; neither lends the other time
        wrong = self._slug != "mismatch-agree" and self._rule.direction in ("both", self._slug[9:])
        one, other = self._signal_states
        stale = min(one.stale_from, other.stale_from)
        valid_until, oldest = min(one.valid_until, other.valid_until), min(one.steady, other.steady)
        if oldest < self._turned:
            # One side is older than the other's turn. It speaks no longer than a device may take to
            # follow: without a newer word that is no disagreement, only two polls.
            valid_until = min(valid_until, oldest + self._rule.within)
        verdict = self._delay.see(wrong, now, valid_until)
        self.wake = min(stale, self._delay.due)
        self.standing = VerdictScope.RUN if verdict or wrong else VerdictScope.CLEAR
        return verdict

    def still(self, now: int) -> bool:
        """Look at the age of both sides."""
        one, other = self._signal_states
        self.wake = min(one.stale_from, other.stale_from)
        return now < self.wake

    def _sides(self, now: int) -> tuple[bool | None, bool | None]:
        commanded, observed = self._signal_states
        rule = self._rule
        return answer(rule.commanded, commanded.good(now)), answer(rule.observed, observed.good(now))

    def evidence(self, now: int) -> Evidence:
        """Return what is commanded and what is observed."""
        commanded, observed = (signal_state.good(now) for signal_state in self._signal_states)
        if commanded is None or observed is None or self._delay.verdict is None:
            return why_unknown(self._signal_states, now)
        return Evidence(
            self._slug if self._delay.verdict else "mismatch-agree",
            {
                "commanded_signal": self._rule.commanded.signal,
                "commanded": commanded,
                "commanded_unit": self._signal_states[0].measure,
                "observed": observed,
                "unit": self._signal_states[1].measure,
                "within_s": in_seconds(self._rule.within),
            },
            self._rule.observed.signal,
        )


def _compare(commanded: bool, observed: bool) -> str:
    if commanded == observed:
        return "mismatch-agree"
    return "mismatch-missing" if commanded else "mismatch-unbidden"
