"""Kind ``limit``: beyond a limit for a while, back only past the hysteresis."""

from __future__ import annotations

from typing import Any

from facilityd.detect.delay import OnOffDelay
from facilityd.detect.dependencies import VerdictScope
from facilityd.detect.detector import StatelessDetector, in_seconds, why_unknown
from facilityd.detect.device_state import FOREVER, NEVER, DeviceState
from facilityd.model.finding import BECAUSE, Evidence, Number
from facilityd.model.operating_mode import CEREMONY
from facilityd.model.rule import Limit
from facilityd.model.sample import STALE_PERIODS


class LimitDetector(StatelessDetector):
    """Outside its operating modes the rule sleeps: its verdict stands until it is evaluated again.

    ``heeds_retained``: a retained message that says the very thing the rule waits for is believed, as
    danger that nobody can date is danger; one that says the opposite is not.
    """

    heeds_retained = False

    def __init__(self, rule: Limit, device_state: DeviceState) -> None:
        self._rule, self.device_state = rule, device_state
        self._signal_state = device_state.signal_states[rule.signal]
        self._during = frozenset(rule.during)
        self._timeless = CEREMONY not in self._during
        self._because = tuple(
            device_state.signal_states[signal]
            for signal in rule.because
            if signal in device_state.signal_states
        )
        modes = device_state.mode_inputs if rule.during else ()
        self._aging = device_state.one_of_each_stream((self._signal_state, *modes))
        self._delay = OnOffDelay(
            rule.on_delay, rule.off_delay, (STALE_PERIODS - 1) * self._signal_state.expected
        )
        self.wake = FOREVER
        self.occasional = bool(self._during)
        self.seen_at = NEVER

    def update(self, now: int) -> bool | None:
        """Evaluate the value at ``now`` (ns, steady)."""
        value, delay = self._signal_state.good(now), self._delay
        if value is None and self._retained(now):
            value = self._signal_state.value
        self.wake, self.standing = FOREVER, VerdictScope.RUN
        inside = value is not None and (not self._during or self.device_state.within(self._during, now))
        if value is None or inside is None:
            delay.pause(now)
            verdict = None
        elif inside:
            self.seen_at = now
            verdict = delay.see(self._beyond(value), now, self._signal_state.valid_until)
            self.wake = min(self._signal_state.stale_from, delay.due)
            if self._timeless and not verdict and not delay.pending:
                self.standing = VerdictScope.CLEAR
        else:
            delay.drop()
            verdict = delay.verdict
            self.wake = self._signal_state.stale_from
            if self._timeless:
                self.standing = VerdictScope.CLEAR
        if self._during:
            self.wake = min(self.wake, self.device_state.mode_wake(self._during, now))
        return verdict

    def still(self, now: int) -> bool:
        """Look at the age of the value, and of what says in which mode the device is."""
        stale_from = FOREVER
        for one in self._aging:
            if one.stale_from < stale_from:  # noqa: PLR1730 - a call of min costs more
                stale_from = one.stale_from
        self.wake = stale_from
        if self._during and self.device_state.within(self._during, now):
            self.seen_at = now
        return now < stale_from

    def _told_because(self, now: int) -> dict[str, Number]:
        """Return what the signals say that say why (notify.evidence_text)."""
        said = ((one.signal, one.good_text(now) or one.good(now)) for one in self._because)
        return {f"{BECAUSE}{signal}": value for signal, value in said if value is not None and str(value)}

    def _retained(self, now: int) -> bool:
        if not self.heeds_retained or self._rule.is_ is None:
            return False
        return self._signal_state.retained(now) == self._rule.is_

    def _beyond(self, value: float) -> bool:
        rule = self._rule
        back = rule.hysteresis if self._delay.verdict else 0.0
        if rule.above is not None:
            return value > rule.above - back
        if rule.below is not None:
            return value < rule.below + back
        return value == rule.is_

    def checkpoint(self) -> Any:
        """Return the verdict that stands while the rule sleeps; the last minutes do not bring it back."""
        return {"hold": self._delay.checkpoint(), "judged": self.seen_at} if self._during else None

    def restore(self, state: Any) -> None:
        """Take back what ``checkpoint`` returned before a restart."""
        if self._during:
            self._delay.restore(state["hold"])
            self.seen_at = state["judged"]

    def evidence(self, now: int) -> Evidence:
        """Return the value against its limit."""
        value = self._signal_state.good(now)
        verdict = self._delay.verdict
        if verdict and value is None and self._retained(now):
            kept: dict[str, Number] = {"value": self._rule.is_ or False, "limit": self._rule.is_ or False}
            return Evidence("limit-is-retained", kept, self._rule.signal)
        if value is None or verdict is None:
            return why_unknown((self._signal_state, *self.device_state.mode_inputs), now)
        if verdict and not self._beyond(value):
            off = in_seconds(self._delay.off)
            ending: dict[str, Number] = {"value": value, "unit": self._signal_state.measure, "well_s": off}
            return Evidence("limit-ending", ending, self._rule.signal)
        numbers: dict[str, Number] = {"value": value, "for_s": in_seconds(self._delay.held)}
        if self._rule.is_ is not None:
            numbers |= {"limit": self._rule.is_}
            numbers |= self._told_because(now) if verdict else {}
            return Evidence("limit-is" if verdict else "clear-is", numbers, self._rule.signal)
        side, limit = "above", self._rule.above
        if limit is None:
            side, limit = "below", self._rule.below or 0.0
        back = -self._rule.hysteresis if side == "above" else self._rule.hysteresis
        numbers |= {"limit": limit if verdict else limit + back, "unit": self._signal_state.measure}
        return Evidence(f"{'limit' if verdict else 'clear'}-{side}", numbers, self._rule.signal)
