"""Kind ``schedule``: something holds from one time of day to another, by the sun or by the clock."""

from __future__ import annotations

from facilityd.detect.detector import in_seconds
from facilityd.detect.gated import GatedDetector
from facilityd.detect.view import NEVER, View
from facilityd.model.duty import answer
from facilityd.model.finding import Evidence
from facilityd.model.rule import Schedule
from facilityd.model.sample import NS

LONGEST = 18 * 3600 * NS
"""A longer time from the sun to the clock, or back, is one whose end came before its beginning (ns)."""


class ScheduleDetector(GatedDetector):
    """Judges each sample at its own instant: what was read before the hour says nothing of after it.

    Within the tolerance of an edge either state is right, and the verdict stands.
    """

    def __init__(self, rule: Schedule, view: View) -> None:
        super().__init__(rule, view)
        self._rule, self._calendar = rule, view.around.calendar
        self._from, self._until, self._edge = NEVER, NEVER, NEVER
        self._expected: bool | None = None
        self._side = ""
        self._mixed = rule.on_from.startswith("sun") is not rule.on_until.startswith("sun")

    def look(self, now: int) -> bool | None:
        """Return whether the state is not what the hour asks for."""
        cell = self.cells[0]
        on = answer(self._rule.state, cell.good(now))
        if on is None or self._calendar is None:
            return None
        if not self._from <= cell.steady < self._until and not self._plan(cell.steady):
            return None
        if self._expected is None:
            return self.hold.verdict
        side = "" if on is self._expected else "missing" if self._expected else "unbidden"
        wrong = bool(side) and self._rule.direction in ("both", side)
        if wrong:
            self._side = side
        return wrong

    def _plan(self, at: int) -> bool:
        """Find what is expected at an instant and how long that stays so; False where the sun never says."""
        rule, calendar = self._rule, self._calendar
        if calendar is None:
            return False
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

    def told(self, now: int) -> Evidence:
        """Return the state, and the hour from which it should have been another."""
        cell = self.cells[0]
        value = cell.good(now)
        numbers = {
            "value": value if value is not None else "?",
            "unit": cell.measure,
            "edge_clock": self._edge,
            "tolerance_s": in_seconds(self._rule.tolerance),
        }
        if not self.hold.verdict or self._edge == NEVER:
            return Evidence("schedule-kept", {k: numbers[k] for k in ("value", "unit")}, cell.signal)
        side = self._side or "missing"
        return Evidence(f"schedule-{side}", numbers, cell.signal)
