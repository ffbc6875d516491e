"""Kind ``limit``: beyond a limit for a while, back only past the hysteresis."""

from __future__ import annotations

from typing import Any

from facilityd.detect.detector import Plain, in_seconds, why_unknown
from facilityd.detect.hold import Hold
from facilityd.detect.view import FOREVER, LIFETIME, NEVER, View
from facilityd.model.finding import BECAUSE, Evidence, Number
from facilityd.model.rule import Limit


class LimitDetector(Plain):
    """Outside its duty states the rule sleeps: its verdict stands until it is judged again.

    ``heeds_retained``: a retained message that says the very thing the rule waits for is believed, as
    danger that nobody can date is danger; one that says the opposite is not.
    """

    heeds_retained = False

    def __init__(self, rule: Limit, view: View) -> None:
        self._rule, self._view = rule, view
        self._cell = view.cells[rule.signal]
        self._during = frozenset(rule.during)
        self._because = tuple(view.cells[signal] for signal in rule.because if signal in view.cells)
        self._hold = Hold(rule.hold, rule.clear_hold, (LIFETIME - 1) * self._cell.expected)
        self.wake = FOREVER
        self.occasional = bool(self._during)
        self.seen_at = NEVER

    def update(self, now: int) -> bool | None:
        """Judge the value at ``now`` (ns, steady)."""
        value, hold = self._cell.good(now), self._hold
        if value is None and self._retained(now):
            value = self._cell.value
        self.wake = FOREVER
        inside = value is not None and (not self._during or self._view.within(self._during, now))
        if value is None or inside is None:
            hold.pause(now)
            verdict = None
        elif inside:
            self.seen_at = now
            verdict = hold.see(self._beyond(value), now, self._cell.vouched)
            self.wake = min(self._cell.stale_from, hold.due)
        else:
            hold.drop()
            verdict = hold.verdict
            self.wake = self._cell.stale_from
        if self._during:
            self.wake = min(self.wake, self._view.duty_wake(self._during, now))
        return verdict

    def _told_because(self, now: int) -> dict[str, Number]:
        """Return what the signals say that say why (notify.speaker)."""
        said = ((cell.signal, cell.good(now)) for cell in self._because)
        return {f"{BECAUSE}{signal}": value for signal, value in said if value is not None and str(value)}

    def _retained(self, now: int) -> bool:
        if not self.heeds_retained or self._rule.is_ is None:
            return False
        return self._cell.retained(now) == self._rule.is_

    def _beyond(self, value: float) -> bool:
        rule = self._rule
        back = rule.hysteresis if self._hold.verdict else 0.0
        if rule.above is not None:
            return value > rule.above - back
        if rule.below is not None:
            return value < rule.below + back
        return value == rule.is_

    def memory(self) -> Any:
        """Return the verdict that stands while the rule sleeps; the last minutes do not bring it back."""
        return {"hold": self._hold.memory(), "judged": self.seen_at} if self._during else None

    def recall(self, state: Any) -> None:
        """Take back what ``memory`` returned before a restart."""
        if self._during:
            self._hold.recall(state["hold"])
            self.seen_at = state["judged"]

    def evidence(self, now: int) -> Evidence:
        """Return the value against its limit."""
        value = self._cell.good(now)
        verdict = self._hold.verdict
        if verdict and value is None and self._retained(now):
            kept: dict[str, Number] = {"value": self._rule.is_ or False, "limit": self._rule.is_ or False}
            return Evidence("limit-is-retained", kept, self._rule.signal)
        if value is None or verdict is None:
            return why_unknown((self._cell, *self._view.state_cells), now)
        if verdict and not self._beyond(value):
            off = in_seconds(self._hold.off)
            ending: dict[str, Number] = {"value": value, "unit": self._cell.measure, "well_s": off}
            return Evidence("limit-ending", ending, self._rule.signal)
        numbers: dict[str, Number] = {"value": value, "for_s": in_seconds(self._hold.held)}
        if self._rule.is_ is not None:
            numbers |= {"limit": self._rule.is_}
            numbers |= self._told_because(now) if verdict else {}
            return Evidence("limit-is" if verdict else "clear-is", numbers, self._rule.signal)
        side, limit = "above", self._rule.above
        if limit is None:
            side, limit = "below", self._rule.below or 0.0
        back = -self._rule.hysteresis if side == "above" else self._rule.hysteresis
        numbers |= {"limit": limit if verdict else limit + back, "unit": self._cell.measure}
        return Evidence(f"{'limit' if verdict else 'clear'}-{side}", numbers, self._rule.signal)
