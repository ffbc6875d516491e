"""A finding: a rule's verdict on a device at an instant, with what it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

Number = float | int | str | bool


BECAUSE = "because_"
"""Before a signal's name: the number that says why a switch is as it is."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a verdict is what it is: a slug of the text table and the numbers that go into it.

    ``signal`` is the signal it speaks of, or empty. Names ending in ``_s`` are seconds.
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

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        plain = {"slug": self.slug, "numbers": dict(self.numbers), "signal": self.signal}
        plain |= {"cause": self.cause} if self.cause else {}
        plain |= {"extent": list(self.extent)} if self.extent else {}
        return plain | {"seen": self.seen} if self.seen else plain

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return what ``as_dict`` described."""
        return cls(
            data["slug"], dict(data["numbers"]), data["signal"], data.get("cause", ""), data.get("seen", 0),
            tuple(data.get("extent", ())),
        )  # fmt: skip


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
