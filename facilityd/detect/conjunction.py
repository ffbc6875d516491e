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

_LEARNED = ("expected", "learned_at", "version_n")


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

    def short(self, now: int) -> str:
        """Return the value of its signal, then what was expected, or that it is as it should be."""
        value = _short(self.judged.cells[0].good(now))
        if not self.term.is_:
            return f"{value}/ok"
        expected = self.judged.told(now).numbers.get("expected")
        return value if expected is None else f"{value}/{_short(expected)}"


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
        if first is None:
            return self._by_rules(now, numbers)
        if limit is None:
            return Evidence("conjunction-is", numbers, cell.signal)
        side = "above" if first.term.above is not None else "below"
        return Evidence(f"conjunction-{side}", numbers | {"limit": limit}, cell.signal)

    def _by_rules(self, now: int, numbers: dict[str, Number]) -> Evidence:
        """Return what the first rule expected, and by which baseline, where it has one."""
        theirs = next(t for t in self._terms if isinstance(t, _Told)).judged.told(now).numbers
        learned = {name: theirs[name] for name in _LEARNED if name in theirs}
        slug = "conjunction-learned" if len(learned) == len(_LEARNED) else "conjunction-is"
        return Evidence(slug, numbers | learned, self._first.signal)

    def _others(self, now: int) -> list[str]:
        """Return signal=value of the other terms; of a rule also what it expected (notify.speaker)."""
        told = [
            (t.cell, _short(t.cell.good(now))) if isinstance(t, _Sign) else (t.judged.cells[0], t.short(now))
            for t in self._terms
        ]
        return [f"{cell.signal}={value}" for cell, value in told if cell.signal != self._first.signal]


def _short(value: Number | None) -> str:
    return f"{value:#.6g}" if isinstance(value, float) else str(value)
