"""Numbers, spans and instants as a technician reads them. Evidence: ``evidence_text``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from facilityd.model.finding import Number
from facilityd.model.sample import NS
from facilityd.model.text import Language, Text
from facilityd.notify.texts import texts

_STEPS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
_SHORT_S = 10
_MILLI = 3
"""Decimals from which a current is told in mA."""


class SignalWords(Protocol):
    """What is asked of a signal to write of it."""

    @property
    def name(self) -> Text:
        """Its name."""

    @property
    def unit(self) -> str:
        """Such as N or °C."""

    @property
    def decimals(self) -> int:
        """Digits shown to people."""

    @property
    def values(self) -> Mapping[int, Text]:
        """Names of an enum's codes."""

    @property
    def active(self) -> Text | None:
        """A switch that is on, as a clause: the brake is open."""

    @property
    def inactive(self) -> Text | None:
        """The same where it is off."""


def format_span(seconds: float, language: Language) -> str:
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


def format_instant(at: int, zone: ZoneInfo) -> str:
    """Return an instant in the site's time zone, the zone named; the same in both languages."""
    return f"{datetime.fromtimestamp(at // NS, zone):%Y-%m-%d %H:%M:%S} ({zone.key})"


def format_minute(at: int, zone: ZoneInfo) -> str:
    """Return an instant to the minute, as the site's clock shows it; the same in both languages."""
    return f"{datetime.fromtimestamp(at // NS, zone):%Y-%m-%d %H:%M}"


def format_day(at: int, zone: ZoneInfo) -> str:
    """Return the day of an instant in the site's time zone; the same in both languages."""
    return f"{datetime.fromtimestamp(at // NS, zone):%Y-%m-%d}"


def scaled(value: float, signal: SignalWords | None, unit: str) -> tuple[float, int, str]:
    """Return value, decimals and unit as people say them: nobody says 0.0216 A of a residual current."""
    decimals = signal.decimals if signal else 2
    if unit == "A" and decimals >= _MILLI:
        return value * 1000.0, decimals - _MILLI, "mA"
    return value, decimals, unit


def format_value(value: Number, signal: SignalWords | None, unit: str, language: Language) -> str:
    """Return a value with its unit, a code by its name, a switch as yes or no."""
    if isinstance(value, bool):
        return texts().switch["on" if value else "off"].in_(language)
    if isinstance(value, int) and signal and value in signal.values:
        return signal.values[value].in_(language)
    if not isinstance(value, float):
        return f"{value} {unit}".rstrip()
    value, decimals, unit = scaled(value, signal, unit)
    shown = f"{value:.{decimals}f}"
    return f"{shown.removeprefix('-') if not float(shown) else shown} {unit}".rstrip()


def format_state(value: Number, signal: SignalWords | None, name: str, unit: str, language: Language) -> str:
    """Return a clause: of a switch what it means, else the signal and its value."""
    clause = (signal.active if value else signal.inactive) if signal and isinstance(value, bool) else None
    if clause:
        return clause.in_(language)
    shown = format_value(value, signal, unit, language)
    return f"{name} {shown}" if language == "zh" else f"{name} is {shown}"


def small(name: str) -> str:
    """Return an English name as it stands within a sentence; pH and DC link stay."""
    return name[:1].lower() + name[1:] if _plain(name) else name


def capital(text: str) -> str:
    """Return English with a capital at its beginning; pH and ids such as current_l2 stay."""
    return text[:1].upper() + text[1:] if _plain(text) else text


def _plain(text: str) -> bool:
    word = text.split(" ", 1)[0]
    return word.replace("-", "").isalpha() and word[1:] == word[1:].lower()
