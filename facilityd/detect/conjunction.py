"""Kind ``conjunction``: several signs of one cause, all at once, for a while."""

from __future__ import annotations

from dataclasses import dataclass

from facilityd.detect.detector import in_seconds
from facilityd.detect.gated import GatedDetector
from facilityd.detect.view import Cell, View
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


class ConjunctionDetector(GatedDetector):
    """False as soon as one sign is absent; unknown where one cannot be told and none is absent."""

    def __init__(self, rule: Conjunction, view: View) -> None:
        super().__init__(rule, view)
        cells = view.cells
        self._signs = tuple(_Sign(t, cells[t.signal], cells[t.per] if t.per else None) for t in rule.terms)

    def look(self, now: int) -> bool | None:
        """Return whether all signs are there."""
        found = [sign.holds(now) for sign in self._signs]
        if False in found:
            return False
        return None if None in found else True

    def told(self, now: int) -> Evidence:
        """Return the first sign with what was expected, and the names of the others."""
        first = self._signs[0]
        value, limit = first.cell.good(now), first.limit(now)
        numbers: dict[str, Number] = {
            "value": value if value is not None else "?",
            "unit": first.cell.measure,
        }
        if not self.hold.verdict:
            return Evidence("conjunction-over", numbers, first.term.signal)
        numbers["for_s"] = in_seconds(self.hold.held)
        numbers["others"] = " ".join(sign.term.signal for sign in self._signs[1:])
        if limit is None:
            return Evidence("conjunction-is", numbers, first.term.signal)
        side = "above" if first.term.above is not None else "below"
        return Evidence(f"conjunction-{side}", numbers | {"limit": limit}, first.term.signal)
