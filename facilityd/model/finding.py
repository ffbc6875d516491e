"""A finding: a rule's verdict on a device at an instant, with what it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

Number = float | int | str | bool


BECAUSE = "because_"
"""Before a signal's name: the number that says why a switch is as it is."""


@dataclass(frozen=True, slots=True)
class OtherSignal:
    """What else is seen beside the signal of some evidence.

    ``value`` None: only that it is off too is known (records of old). ``expected`` by a rule's baseline;
    ``usual``: it is as a rule expects it.
    """

    signal: str
    value: Number | None = None
    expected: Number | None = None
    usual: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for JSON, without what is not known."""
        facts = {"value": self.value, "expected": self.expected, "usual": self.usual or None}
        return {"signal": self.signal} | {name: fact for name, fact in facts.items() if fact is not None}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return what ``as_dict`` described."""
        return cls(data["signal"], data.get("value"), data.get("expected"), bool(data.get("usual")))


def rounded(value: Number) -> Number:
    """Return a number of evidence with the six digits that count."""
    return float(f"{value:.6g}") if isinstance(value, float) else value


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a verdict is what it is: a slug of the text table and the numbers that go into it.

    ``signal`` is the signal it is about, or empty. Names ending in ``_s`` are seconds.
    """

    slug: str
    numbers: dict[str, Number] = field(default_factory=dict)
    signal: str = ""
    cause: str = ""
    """The rule on the same device whose consequence this is, if one is known."""
    seen: int = 0
    """When it was seen, ns UTC, where that was before the verdict was told: of a run that is over. Else 0."""
    extent: tuple[str, ...] = ()
    """What of the device it is of, where more of it may follow: signals, or units."""
    others: tuple[OtherSignal, ...] = ()
    """The other signals that make up the sign, with what they are."""
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Of what it is, by kind: ``units``, ``signals``, ``reasons``, ``points``, ``devices``."""

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        plain: dict[str, Any] = {"slug": self.slug, "numbers": dict(self.numbers), "signal": self.signal}
        plain |= {"cause": self.cause} if self.cause else {}
        plain |= {"extent": list(self.extent)} if self.extent else {}
        plain |= {"others": [other.as_dict() for other in self.others]} if self.others else {}
        plain |= {"names": {kind: list(names) for kind, names in self.names.items()}} if self.names else {}
        return plain | {"seen": self.seen} if self.seen else plain

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return what ``as_dict`` described."""
        numbers = dict(data["numbers"])
        others = tuple(map(OtherSignal.from_dict, data.get("others", ())))
        others = others or tuple(map(_older, str(numbers.pop("others", "")).split()))
        names = {kind: tuple(said) for kind, said in data.get("names", {}).items()}
        for kind, between in _TEXTS.items():  # records of before, which had them as one text
            if isinstance(numbers.get(kind), str):
                names[kind] = tuple(str(numbers.pop(kind)).split(between))
        return cls(
            data["slug"], numbers, data["signal"], data.get("cause", ""), data.get("seen", 0),
            tuple(data.get("extent", ())), others, names,
        )  # fmt: skip


_TEXTS = {"units": ", ", "signals": " ", "reasons": " ", "points": ", ", "devices": ", "}


def _older(text: str) -> OtherSignal:
    """Return what a record of old says: ``signal=value``, then ``/`` and what was expected, or ``/ok``."""
    signal, equals, rest = text.partition("=")
    value, _, expected = rest.partition("/")
    known = _number(expected) if expected not in ("", "ok") else None
    return OtherSignal(signal, _number(value) if equals else None, known, expected == "ok")


def _number(text: str) -> Number:
    """Return a switch, a whole number, one with a point, or a word."""
    if text in ("True", "False"):
        return text == "True"
    try:
        return float(text) if "." in text or "e" in text else int(text)
    except ValueError:
        return text


@dataclass(frozen=True, slots=True)
class Finding:
    """``verdict``: True wrong, False right, None unknown: never a raise, never a clear.

    ``at`` in ns UTC; ``steady`` in ns on the clock that never jumps.
    """

    device: str
    rule: str
    verdict: bool | None
    at: int
    steady: int
    evidence: Evidence
