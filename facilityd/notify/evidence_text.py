"""Evidence as a technician says it, in either language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from facilityd.model.finding import BECAUSE, Evidence, Number, OtherSignal
from facilityd.model.quality import Reason
from facilityd.model.sample import NS
from facilityd.model.text import Language
from facilityd.notify.texts import texts
from facilityd.notify.value_text import (
    SignalWords,
    capital,
    format_day,
    format_span,
    format_state,
    format_value,
    scaled,
    small,
)

UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class EvidenceFormatter:
    """Puts evidence into words; ``signals`` are those of the device's family, ``zone`` is the site's.

    Names ending in ``_s`` are spans, in ``_at`` days and in ``_clock`` times of day (both ns UTC), in ``_n``
    bare counts, in ``_signal`` signals. Fields made here: ``state`` and ``commanded_state`` are clauses,
    ``slope_size`` and ``most_size`` have no sign, ``place`` has its unit.
    """

    signals: Mapping[str, SignalWords]
    language: Language
    zone: ZoneInfo = UTC

    def evidence(self, evidence: Evidence) -> str:
        """Return one sentence."""
        numbers, template = evidence.numbers, texts().evidence[evidence.slug].in_(self.language)
        fields = {name: self._field(name, value, evidence) for name, value in numbers.items()}
        fields |= {"held": "", "signal": self._name(evidence.signal), "because": self._because(numbers)}
        fields |= self._made(evidence) | {"others": self._others(evidence.others)}
        fields |= {kind: self._listed(kind, names) for kind, names in evidence.names.items()}
        if numbers.get("for_s"):
            fields["held"] = texts().held.in_(self.language).format(**fields)
        said = template.format(**fields)
        said += texts().repeated.in_(self.language).format(**fields) if "came_n" in numbers else ""
        return capital(said) if self.language == "en" and not template.startswith("{units}") else said

    def _made(self, evidence: Evidence) -> dict[str, str]:
        """Return the fields that are made of several numbers."""
        numbers, unit = evidence.numbers, str(evidence.numbers.get("unit", ""))
        made: dict[str, str] = {}
        value = numbers.get("value", numbers.get("observed"))
        if value is not None:
            made["state"] = self._state(evidence.signal, value, unit)
        if "commanded" in numbers:
            signal, measure = str(numbers["commanded_signal"]), str(numbers["commanded_unit"])
            made["commanded_state"] = self._state(signal, numbers["commanded"], measure)
        if "slope" in numbers:
            made["slope"] = self._fine(float(numbers["slope"]), evidence.signal, unit, "+")
            made["slope_size"] = self._fine(abs(float(numbers["slope"])), evidence.signal, unit)
        if "slope" in numbers and "most" in numbers:
            made["most_size"] = self._fine(abs(float(numbers["most"])), evidence.signal, unit)
        if "over_signal" in numbers:
            known = self.signals.get(str(numbers["over_signal"]))
            made["place"] = f"{numbers['place_n']:g} {known.unit if known else ''}".rstrip()
        return made

    def _because(self, numbers: Mapping[str, Number]) -> str:
        """Return why, as up to two signals say it: in plain words, then in the other side's own."""
        said = [
            format_value(value, self.signals.get(name.removeprefix(BECAUSE)), "", self.language)
            for name, value in numbers.items()
            if name.startswith(BECAUSE) and value != ""
        ]
        template = texts().because.get(str(len(said)))
        return template.in_(self.language).format(*said) if template else ""

    def _fine(self, value: float, signal: str, unit: str, sign: str = "") -> str:
        """Return a small number with three digits that count; nobody says -2.56e-05."""
        value, _, unit = scaled(value, self.signals.get(signal), unit)
        digits = f"{value:{sign}.3g}"
        if "e-" in digits:
            digits = "0"
        elif "e" in digits:
            digits = f"{value:{sign}.0f}"
        return f"{digits} {unit}".rstrip()

    def _field(self, name: str, value: Number, evidence: Evidence) -> str:
        if name == "per_s":
            return self._per(str(value))
        if name == "reason":
            return self._reason(str(value))
        if isinstance(value, int | float) and name.endswith(("_s", "_at", "_n", "_clock")):
            return self._counted(name, value)
        if name.endswith("_signal"):
            return self._name(str(value))
        unit = str(evidence.numbers.get("unit", ""))
        return format_value(value, self.signals.get(evidence.signal), unit, self.language)

    def _listed(self, kind: str, names: Sequence[str]) -> str:
        """Return names of one kind: signals and reasons in words, the rest as they stand in the site."""
        if kind not in ("signals", "reasons"):
            return ", ".join(names)
        words = [self._name(one) if kind == "signals" else self._reason(one) for one in names]
        return "、".join(words) if self.language == "zh" else _listed(words)

    def _others(self, others: Sequence[OtherSignal]) -> str:
        """Return what else is seen, and where it is known what was expected of it."""
        clauses = [self._other(other) for other in others]
        if not clauses:
            return ""
        joined = "、".join(clauses) if self.language == "zh" else _listed(clauses)
        return texts().together.in_(self.language).format(states=joined)

    def _other(self, other: OtherSignal) -> str:
        known = self.signals.get(other.signal)
        if other.value is None:
            return texts().too.in_(self.language).format(name=self._name(other.signal))
        unit = known.unit if known else ""
        state = self._state(other.signal, other.value, unit)
        if other.expected is None and not other.usual:
            return state
        template = texts().beside["usual" if other.usual else "expected"].in_(self.language)
        expected = "" if other.expected is None else format_value(other.expected, known, unit, self.language)
        return template.format(state=state, expected=expected)

    def _reason(self, reason: str) -> str:
        known = texts().reason
        if reason in known:
            return known[reason].in_(self.language)
        why = Reason(reason)
        return f"{known[why.plain].in_(self.language)} {why.code}"

    def _per(self, seconds: str) -> str:
        """Return a unit of time to count by: minute, hour, day; any other as a span."""
        known = texts().per.get(f"{float(seconds):g}")
        return known.in_(self.language) if known else format_span(float(seconds), self.language)

    def _counted(self, name: str, value: float) -> str:
        """Return a span, a time of day, a day or a bare count."""
        if name.endswith("_clock"):
            return f"{datetime.fromtimestamp(int(value) // NS, self.zone):%H:%M}"
        if name.endswith("_s"):
            return format_span(value, self.language)
        return format_day(int(value), self.zone) if name.endswith("_at") else f"{value:g}"

    def _state(self, signal: str, value: Number, unit: str) -> str:
        return format_state(value, self.signals.get(signal), self._name(signal), unit, self.language)

    def _name(self, signal: str) -> str:
        known = self.signals.get(signal)
        if known is None:
            return signal
        return small(known.name.en) if self.language == "en" else known.name.zh


def _listed(clauses: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(clauses[:-1]), clauses[-1])))
