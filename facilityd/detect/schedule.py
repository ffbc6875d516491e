"""Kind ``schedule``: something holds from one time of day to another, by the sun or by the clock."""

from __future__ import annotations

from facilityd.detect.conditional import ConditionalDetector
from facilityd.detect.detector import in_seconds
from facilityd.detect.device_state import NEVER, DeviceState
from facilityd.model.finding import Evidence
from facilityd.model.operating_mode import answer
from facilityd.model.rule import Schedule
from facilityd.model.sample import NS

LONGEST = 18 * 3600 * NS
"""A longer time from the sun to the clock, or back, is one whose end came before its beginning (ns)."""


class ScheduleDetector(ConditionalDetector):
    """Evaluates each sample at its own instant: what was read before the hour says nothing of after it.

    Within the tolerance of an edge either state is right, and the verdict stands.
    """

    lasting = True

    def __init__(self, rule: Schedule, device_state: DeviceState) -> None:
        super().__init__(rule, device_state)
        self._rule, self._calendar = rule, device_state.context.calendar
        self._from, self._until, self._edge = NEVER, NEVER, NEVER
        self._ahead = 0
        self._expected: bool | None = None
        self._side = ""
        self._mixed = rule.on_from.startswith("sun") is not rule.on_until.startswith("sun")

    def evaluate(self, now: int) -> bool | None:
        """Return whether the state is not what the hour asks for."""
        signal_state = self.signal_states[0]
        on = answer(self._rule.state, signal_state.good(now))
        if on is None or self._calendar is None:
            return None
        planned = self._from <= signal_state.steady < self._until and self._ahead == self._calendar.ahead
        if not planned and not self._plan(signal_state.steady):
            return None
        if self._expected is None:
            return self.delay.verdict
        side = "" if on is self._expected else "missing" if self._expected else "unbidden"
        wrong = bool(side) and self._rule.direction in ("both", side)
        if wrong:
            self._side = side
        return wrong

    def still(self, now: int) -> bool:
        """The same state is right until the hour asks for another one."""
        return self.signal_states[0].steady < self._until and super().still(now)

    def _plan(self, at: int) -> bool:
        """Find what is expected at an instant and how long that stays so; False where the sun never says."""
        rule, calendar = self._rule, self._calendar
        if calendar is None:
            return False
        self._ahead = calendar.ahead
        until = calendar.edges(rule.on_until, at)
        edges = [(edge, True) for edge in calendar.edges(rule.on_from, at) if self._opens(edge, until)]
        edges += [(edge, False) for edge in until]
        passed = [edge for edge in edges if edge[0] <= at]
        if not passed:
            return False
        turns = sorted(turn for e, _ in edges for turn in (e - rule.tolerance, e + rule.tolerance))
        self._from = max((turn for turn in turns if turn <= at), default=at)
        self._until = min((turn for turn in turns if turn > at), default=at + 1)
        self._edge, self._expected = max(passed)
        if any(e - rule.tolerance <= at < e + rule.tolerance for e, _ in edges):
            self._expected = None
        return True

    def _opens(self, edge: int, until: tuple[int, ...]) -> bool:
        """Return whether something begins at an edge: what ends before dusk does not last until tomorrow.

        In June the sun of Madrid sets after 21:42: what is lit from 18 min later until 22:00 stays dark.
        """
        if not self._mixed:
            return True
        return any(edge < end <= edge + LONGEST for end in until)

    def known_evidence(self, now: int) -> Evidence:
        """Return the state, and the hour from which it should have been another."""
        signal_state = self.signal_states[0]
        value = signal_state.good(now)
        numbers = {
            "value": value if value is not None else "?",
            "unit": signal_state.measure,
            "edge_clock": self._edge + self._ahead,
            "tolerance_s": in_seconds(self._rule.tolerance),
        }
        if not self.delay.verdict or self._edge == NEVER:
            return Evidence("schedule-kept", {k: numbers[k] for k in ("value", "unit")}, signal_state.signal)
        side = self._side or "missing"
        return Evidence(f"schedule-{side}", numbers, signal_state.signal)
