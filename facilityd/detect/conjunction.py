"""Kind ``conjunction``: several signs of one cause, all at once, for a while."""

from __future__ import annotations

from dataclasses import dataclass

from facilityd.detect.conditional import ConditionalDetector
from facilityd.detect.detector import in_seconds
from facilityd.detect.device_state import DeviceState, OtherRule, SignalState
from facilityd.detect.residual import ResidualDetector
from facilityd.model.finding import Evidence, Number, OtherSignal, rounded
from facilityd.model.kinds import Conditional
from facilityd.model.operating_mode import answer
from facilityd.model.rule import Conjunction, RuleTerm, SignalTerm

_LEARNED = ("expected", "learned_at", "version_n")


@dataclass(slots=True, eq=False)
class _Sign:
    """One term on its signals. ``limit`` is the term's, at the present value of what it follows."""

    term: SignalTerm
    signal_state: SignalState
    per: SignalState | None

    def holds(self, now: int, *, held: bool) -> bool | None:
        """Return whether the sign is there, or (``held``) not yet gone; None where it is unknown."""
        scale = self._scale(now)
        if scale is None:
            return None
        value = self.signal_state.good(now)
        seen = answer(self.term, value, scale)
        if seen is not False or not held or not self.term.hysteresis or value is None:
            return seen
        back = self.term.hysteresis if self.term.below is not None else -self.term.hysteresis
        limit = ((self.term.above if self.term.above is not None else self.term.below) or 0.0) + back
        size = abs(float(value)) if self.term.magnitude else float(value)
        return size < limit * scale if self.term.below is not None else size > limit * scale

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

    def holds(self, now: int, *, held: bool) -> bool | None:
        """Return whether that rule sees it (or not, as the term wants); None where it is unknown."""
        self.judged.refresh(now)
        seen = self.judged.seen
        if seen is None:
            return None
        if self.term.beyond is not None and isinstance(self.judged, ResidualDetector):
            back = self.term.hysteresis if held and self.term.is_ else 0.0
            beyond = self.term.beyond
            seen = self.judged.beyond(beyond - back if beyond > 0 else beyond + back)
        return seen is self.term.is_

    def other(self, now: int) -> OtherSignal:
        """Return the value of its signal, and what was expected or that it is as it should be."""
        expected = self.judged.known_evidence(now).numbers.get("expected") if self.term.is_ else None
        return _other(self.judged.signal_states[0], now, expected, usual=not self.term.is_)


class ConjunctionDetector(ConditionalDetector):
    """False as soon as one sign is absent; unknown where one is unknown and none is absent."""

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
        self.repeatable = all(term.judged.repeatable for term in self._terms if isinstance(term, _Told))

    def inputs(self, rule: Conditional, device_state: DeviceState) -> tuple[SignalState, ...]:
        """Return its own signal states, then those of the rules whose verdicts are its terms."""
        others = rule.rules if isinstance(rule, Conjunction) else ()
        theirs = (signal_state for name in others for signal_state in device_state.rules[name].signal_states)
        return tuple(dict.fromkeys((*super().inputs(rule, device_state), *theirs)))

    @property
    def in_force(self) -> bool:
        """Whether every rule that it looks at can judge."""
        return all(term.judged.in_force for term in self._terms if isinstance(term, _Told))

    def evaluate(self, now: int) -> bool | None:
        """Return whether all signs are there."""
        held = self.delay.verdict is True
        found = [term.holds(now, held=held) for term in self._terms]
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
        others = tuple(dict.fromkeys(self._others(now)))
        if first is None:
            return self._by_rules(now, numbers, others)
        if limit is None:
            return Evidence("conjunction-is", numbers, signal_state.signal, others=others)
        side = "above" if first.term.above is not None else "below"
        numbers["limit"] = limit
        return Evidence(f"conjunction-{side}", numbers, signal_state.signal, others=others)

    def _by_rules(self, now: int, numbers: dict[str, Number], others: tuple[OtherSignal, ...]) -> Evidence:
        """Return what the first rule expected, and by which baseline, where it has one."""
        theirs = next(t for t in self._terms if isinstance(t, _Told)).judged.known_evidence(now).numbers
        learned = {name: theirs[name] for name in _LEARNED if name in theirs}
        slug = "conjunction-learned" if len(learned) == len(_LEARNED) else "conjunction-is"
        return Evidence(slug, numbers | learned, self._first.signal, others=others)

    def _others(self, now: int) -> list[OtherSignal]:
        """Return the signals of the other terms with what they are; of a rule also what it expected."""
        seen = [_other(t.signal_state, now) if isinstance(t, _Sign) else t.other(now) for t in self._terms]
        return [other for other in seen if other.signal != self._first.signal]


def _other(
    signal_state: SignalState, now: int, expected: Number | None = None, *, usual: bool = False
) -> OtherSignal:
    value = signal_state.good(now)
    return OtherSignal(
        signal_state.signal,
        "?" if value is None else rounded(value),
        None if expected is None else rounded(expected),
        usual,
    )
