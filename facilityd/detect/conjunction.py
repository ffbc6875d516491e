"""Kind ``conjunction``: several signs of one cause, all at once, for a while."""

from __future__ import annotations

from dataclasses import dataclass

from facilityd.detect.detector import in_seconds
from facilityd.detect.gated import GatedDetector
from facilityd.detect.view import Cell, Judged, View
from facilityd.model.duty import answer
from facilityd.model.finding import Evidence, Number
from facilityd.model.kinds import Gated
from facilityd.model.rule import Conjunction, Term, Verdict
from facilityd.model.sample import Value


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


@dataclass(slots=True, eq=False)
class _Told:
    """A term that is another rule's verdict. What that rule is about to say counts already."""

    term: Verdict
    judged: Judged

    def holds(self, now: int) -> bool | None:
        """Return whether that rule sees it (or not, as the term wants); None where it cannot tell."""
        self.judged.update(now)
        seen = self.judged.seen
        return None if seen is None else seen is self.term.is_


class ConjunctionDetector(GatedDetector):
    """False as soon as one sign is absent; unknown where one cannot be told and none is absent."""

    def __init__(self, rule: Conjunction, view: View) -> None:
        super().__init__(rule, view)
        cells = view.cells
        self._terms = tuple(
            _Told(term, view.rules[term.rule])
            if isinstance(term, Verdict)
            else _Sign(term, cells[term.signal], cells[term.per] if term.per else None)
            for term in rule.terms
        )
        self._guilty = next((term for term in self._terms if isinstance(term, _Sign)), None)
        self._first = self._guilty.cell if self._guilty else self.cells[0]

    def looked_at(self, rule: Gated, view: View) -> tuple[Cell, ...]:
        """Return its own cells, then those of the rules whose verdicts are its terms."""
        others = rule.rules if isinstance(rule, Conjunction) else ()
        theirs = (cell for name in others for cell in view.rules[name].cells)
        return tuple(dict.fromkeys((*super().looked_at(rule, view), *theirs)))

    def look(self, now: int) -> bool | None:
        """Return whether all signs are there."""
        found = [term.holds(now) for term in self._terms]
        if False in found:
            return False
        return None if None in found else True

    def told(self, now: int) -> Evidence:
        """Return the first sign with what was expected, and the others with what they are."""
        cell, first = self._first, self._guilty
        value, limit = cell.good(now), first.limit(now) if first else None
        numbers: dict[str, Number] = {"value": value if value is not None else "?", "unit": cell.measure}
        if not self.hold.verdict:
            return Evidence("conjunction-over", numbers, cell.signal)
        numbers["for_s"] = in_seconds(self.hold.held)
        numbers["others"] = " ".join(dict.fromkeys(self._others(now)))
        if first is None or limit is None:
            return Evidence("conjunction-is", numbers, cell.signal)
        side = "above" if first.term.above is not None else "below"
        return Evidence(f"conjunction-{side}", numbers | {"limit": limit}, cell.signal)

    def _others(self, now: int) -> list[str]:
        """Return signal=value of the other terms: of a rule, of the signal that it judges."""
        cells = [t.cell if isinstance(t, _Sign) else t.judged.cells[0] for t in self._terms]
        return [f"{c.signal}={_short(c.good(now))}" for c in cells if c.signal != self._first.signal]


def _short(value: Value | None) -> str:
    return f"{value:#.6g}" if isinstance(value, float) else str(value)
