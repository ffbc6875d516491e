"""Numbers, spans, instants and evidence as a technician reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from facilityd.model.finding import Evidence, Number
from facilityd.model.sample import NS
from facilityd.model.text import Language, Text
from facilityd.notify.texts import texts

_STEPS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
_SHORT_S = 10
UTC = ZoneInfo("UTC")


class SignalWords(Protocol):
    """What is asked of a signal to speak of it."""

    @property
    def name(self) -> Text:
        """Its name."""

    @property
    def decimals(self) -> int:
        """Digits shown to people."""

    @property
    def values(self) -> Mapping[int, Text]:
        """Names of an enum's codes."""


def say_span(seconds: float, language: Language) -> str:
    """Return the two largest parts of a duration: '1 h 5 min', '12 s', below ten '2.5 s'."""
    words = texts().span
    if 0 < seconds < _SHORT_S and seconds != int(seconds):
        return f"{seconds:.1f} {words['s'].in_(language)}"
    rest, parts = round(seconds), []
    for name, size in _STEPS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {words[name].in_(language)}")
    return " ".join(parts[:2]) or f"0 {words['s'].in_(language)}"


def say_instant(at: int, zone: ZoneInfo) -> str:
    """Return an instant in the site's time zone, the zone named; the same in both languages."""
    return f"{datetime.fromtimestamp(at // NS, zone):%Y-%m-%d %H:%M:%S} ({zone.key})"


def say_day(at: int, zone: ZoneInfo) -> str:
    """Return the day of an instant in the site's time zone; the same in both languages."""
    return f"{datetime.fromtimestamp(at // NS, zone):%Y-%m-%d}"


def say_value(value: Number, signal: SignalWords | None, unit: str, language: Language) -> str:
    """Return a value with its unit, a code by its name, a switch as yes or no."""
    if isinstance(value, bool):
        return texts().switch["on" if value else "off"].in_(language)
    if isinstance(value, int) and signal and value in signal.values:
        return signal.values[value].in_(language)
    shown = f"{value:.{signal.decimals if signal else 2}f}" if isinstance(value, float) else str(value)
    return f"{shown} {unit}".rstrip()


@dataclass(frozen=True, slots=True)
class Speaker:
    """Puts evidence into words; ``signals`` are those of the device's family, ``zone`` is the site's.

    Names ending in ``_s`` are spans, in ``_at`` days and in ``_clock`` times of day (both ns UTC), in ``_n``
    bare counts, in ``_signal`` signals.
    """

    signals: Mapping[str, SignalWords]
    language: Language
    zone: ZoneInfo = UTC

    def evidence(self, evidence: Evidence) -> str:
        """Return one sentence."""
        numbers = evidence.numbers
        fields = {name: self._field(name, value, evidence) for name, value in numbers.items()}
        held = texts().held.in_(self.language).format(**fields) if numbers.get("for_s") else ""
        template = texts().evidence[evidence.slug].in_(self.language)
        return template.format(**fields | {"held": held, "signal": self._name(evidence.signal)})

    def _field(self, name: str, value: Number, evidence: Evidence) -> str:
        if isinstance(value, int | float) and name.endswith(("_s", "_at", "_n", "_clock")):
            return self._counted(name, value)
        if name.endswith("_signal"):
            return self._name(str(value))
        if name == "others":
            names = ", ".join(self._name(signal) for signal in str(value).split())
            return texts().together.in_(self.language).format(names=names) if names else ""
        if name == "reason":
            return texts().reason[str(value)].in_(self.language)
        numbers, signal, unit = evidence.numbers, evidence.signal, "unit"
        if name == "commanded":
            signal, unit = str(numbers["commanded_signal"]), "commanded_unit"
        return say_value(value, self.signals.get(signal), str(numbers.get(unit, "")), self.language)

    def _counted(self, name: str, value: float) -> str:
        """Return a span, a time of day, a day or a bare count."""
        if name.endswith("_clock"):
            return f"{datetime.fromtimestamp(int(value) // NS, self.zone):%H:%M}"
        if name.endswith("_s"):
            return say_span(value, self.language)
        return say_day(int(value), self.zone) if name.endswith("_at") else f"{value:g}"

    def _name(self, signal: str) -> str:
        known = self.signals.get(signal)
        return known.name.in_(self.language) if known else signal
