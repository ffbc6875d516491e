"""Kind ``conjunction``: several signs of one cause, all at once, for a while."""

from __future__ import annotations

from dataclasses import dataclass

from facilityd.detect.conditional import ConditionalDetector
from facilityd.detect.detector import in_seconds
from facilityd.detect.device_state import DeviceState, OtherRule, SignalState
from facilityd.model.finding import Evidence, Number
from facilityd.model.kinds import Conditional
from facilityd.model.operating_mode import answer
from facilityd.model.rule import Conjunction, RuleTerm, SignalTerm

_LEARNED = ("expected", "learned_at", "version_n")


@dataclass(slots=True, eq=False)
class _Sign:
    """One term on its cells. ``limit`` is the term's, at the present value of what it follows."""

    term: SignalTerm
    signal_state: SignalState
    per: SignalState | None

    def holds(self, now: int) -> bool | None:
        """Return whether the sign is there; None where it cannot be told."""
        scale = self._scale(now)
        return None if scale is None else answer(self.term, self.signal_state.good(now), scale)

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

    term: RuleTerm
    judged: OtherRule

    def holds(self, now: int) -> bool | None:
        """Return whether that rule sees it (or not, as the term wants); None where it cannot tell."""
        self.judged.update(now)
        seen = self.judged.seen
        return None if seen is None else seen is self.term.is_

    def short(self, now: int) -> str:
        """Return the value of its signal, then what was expected, or that it is as it should be."""
        value = _short(self.judged.signal_states[0].good(now))
        if not self.term.is_:
            return f"{value}/ok"
        expected = self.judged.known_evidence(now).numbers.get("expected")
        return value if expected is None else f"{value}/{_short(expected)}"


class ConjunctionDetector(ConditionalDetector):
    """False as soon as one sign is absent; unknown where one cannot be told and none is absent."""

    def __init__(self, rule: Conjunction, device_state: DeviceState) -> None:
        super().__init__(rule, device_state)
        signal_states = device_state.signal_states
        self._terms = tuple(
            _Told(term, device_state.rules[term.rule])
            if isinstance(term, RuleTerm)
            else _Sign(term, signal_states[term.signal], signal_states[term.per] if term.per else None)
            for term in rule.terms
        )
        self._guilty = next((term for term in self._terms if isinstance(term, _Sign)), None)
        self._first = self._guilty.signal_state if self._guilty else self.signal_states[0]

    def inputs(self, rule: Conditional, device_state: DeviceState) -> tuple[SignalState, ...]:
        """Return its own cells, then those of the rules whose verdicts are its terms."""
        others = rule.rules if isinstance(rule, Conjunction) else ()
        theirs = (signal_state for name in others for signal_state in device_state.rules[name].signal_states)
        return tuple(dict.fromkeys((*super().inputs(rule, device_state), *theirs)))

    def evaluate(self, now: int) -> bool | None:
        """Return whether all signs are there."""
        found = [term.holds(now) for term in self._terms]
        if False in found:
            return False
        return None if None in found else True

    def known_evidence(self, now: int) -> Evidence:
        """Return the first sign with what was expected, and the others with what they are."""
        signal_state, first = self._first, self._guilty
        value, limit = signal_state.good(now), first.limit(now) if first else None
        numbers: dict[str, Number] = {
            "value": value if value is not None else "?",
            "unit": signal_state.measure,
        }
        if not self.delay.verdict:
            return Evidence("conjunction-over", numbers, signal_state.signal)
        numbers["for_s"] = in_seconds(self.delay.held)
        numbers["others"] = " ".join(dict.fromkeys(self._others(now)))
        if first is None:
            return self._by_rules(now, numbers)
        if limit is None:
            return Evidence("conjunction-is", numbers, signal_state.signal)
        side = "above" if first.term.above is not None else "below"
        return Evidence(f"conjunction-{side}", numbers | {"limit": limit}, signal_state.signal)

    def _by_rules(self, now: int, numbers: dict[str, Number]) -> Evidence:
        """Return what the first rule expected, and by which baseline, where it has one."""
        theirs = next(t for t in self._terms if isinstance(t, _Told)).judged.known_evidence(now).numbers
        learned = {name: theirs[name] for name in _LEARNED if name in theirs}
        slug = "conjunction-learned" if len(learned) == len(_LEARNED) else "conjunction-is"
        return Evidence(slug, numbers | learned, self._first.signal)

    def _others(self, now: int) -> list[str]:
        """Return signal=value of the other terms; of a rule also what it expected (notify.speaker)."""
        told = [
            (t.signal_state, _short(t.signal_state.good(now)))
            if isinstance(t, _Sign)
            else (t.judged.signal_states[0], t.short(now))
            for t in self._terms
        ]
        return [
            f"{signal_state.signal}={value}"
            for signal_state, value in told
            if signal_state.signal != self._first.signal
        ]


def _short(value: Number | None) -> str:
    return f"{value:#.6g}" if isinstance(value, float) else str(value)
