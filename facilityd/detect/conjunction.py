"""Kind ``conjunction``: several signs of one cause, all at once, for a while."""

from __future__ import annotations

from dataclasses import dataclass

from facilityd.detect.detector import in_seconds, why_unknown
from facilityd.detect.hold import Hold
from facilityd.detect.view import FOREVER, LIFETIME, NEVER, Cell, View
from facilityd.model.duty import answer
from facilityd.model.finding import Evidence, Number
from facilityd.model.rule import Conjunction, Term


@dataclass(slots=True, eq=False)
class _Sign:
    """One term on its cells. ``limit`` is the term's, at the present value of what it follows."""

    term: Term
    cell: Cell
    per: Cell | None

    def holds(self, now: int) -> bool | None:
        """Return whether the sign is there; None where it cannot be told."""
        scale = self._scale(now)
        return None if scale is None else answer(self.term, self.cell.good(now), scale)

    def limit(self, now: int) -> float | None:
        """Return the limit in the signal's unit."""
        plain = self.term.above if self.term.above is not None else self.term.below
        scale = self._scale(now)
        return None if plain is None or scale is None else plain * scale

    def _scale(self, now: int) -> float | None:
        if self.per is None:
            return 1.0
        reference = self.per.good(now)
        return None if reference is None else abs(float(reference)) ** self.term.exponent


class ConjunctionDetector:
    """False as soon as one sign is absent; unknown where one cannot be told and none is absent."""

    def __init__(self, rule: Conjunction, view: View) -> None:
        self._rule, self._view = rule, view
        cells = view.cells
        self._signs = tuple(_Sign(t, cells[t.signal], cells[t.per] if t.per else None) for t in rule.terms)
        self._cells = tuple(dict.fromkeys(c for s in self._signs for c in (s.cell, s.per) if c is not None))
        self._during = frozenset(rule.during)
        patience = (LIFETIME - 1) * max(cell.expected for cell in self._cells)
        self._hold = Hold(rule.hold, rule.clear_hold, patience)
        self._entered = NEVER
        self.wake = FOREVER

    def update(self, now: int) -> bool | None:
        """Judge all signs at ``now`` (ns, steady)."""
        self.wake = FOREVER
        inside = self._inside(now)
        if inside is False:
            self._hold.drop()
            return self._hold.verdict
        together = self._together(now) if inside else None
        if together is None:
            self._hold.pause(now)
            return None
        verdict = self._hold.see(together, now, min(cell.vouched for cell in self._cells))
        self.wake = min(self.wake, self._hold.due, *(c.stale_from for c in self._cells))
        return verdict

    def _inside(self, now: int) -> bool | None:
        """Return whether the rule is judged now: in its duty states, and settled there."""
        if not self._during:
            return True
        inside = self._view.within(self._during, now)
        self.wake = self._view.duty_wake(self._during, now)
        if inside is False:
            self._entered = NEVER
        elif inside and self._entered == NEVER:
            self._entered = now
        if not inside:
            return inside
        settled = self._entered + self._rule.settle
        if now < settled:
            self.wake = min(self.wake, settled)
            return False
        return True

    def _together(self, now: int) -> bool | None:
        found = [sign.holds(now) for sign in self._signs]
        if False in found:
            return False
        return None if None in found else True

    def evidence(self, now: int) -> Evidence:
        """Return the first sign with what was expected, and the names of the others."""
        first, verdict = self._signs[0], self._hold.verdict
        value, limit = first.cell.good(now), first.limit(now)
        if value is None or verdict is None:
            return why_unknown((*self._cells, *self._view.state_cells), now)
        numbers: dict[str, Number] = {"value": value, "unit": first.cell.measure}
        if not verdict:
            return Evidence("conjunction-over", numbers, first.term.signal)
        numbers["for_s"] = in_seconds(self._hold.held)
        numbers["others"] = " ".join(sign.term.signal for sign in self._signs[1:])
        if limit is None:
            return Evidence("conjunction-is", numbers, first.term.signal)
        side = "above" if first.term.above is not None else "below"
        return Evidence(f"conjunction-{side}", numbers | {"limit": limit}, first.term.signal)

    def resume(self, verdict: bool) -> None:
        """Take over the verdict from before a restart."""
        self._hold.resume(verdict)
