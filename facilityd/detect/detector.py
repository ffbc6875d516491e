"""What every detector kind promises, and how it says that it cannot tell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from facilityd.detect.hold import Hold
from facilityd.detect.view import NEVER, Cell
from facilityd.model.finding import Evidence
from facilityd.model.sample import NS

Trouble = frozenset[tuple[str, ...]] | None
"""What is wrong where: a unit, its trouble, the signal where it is not the whole unit's. None: untold."""


class Detector(Protocol):
    """One rule on one device. ``wake``: from then on it must be run even without new data."""

    wake: int
    occasional: bool
    """Whether its verdict may stand while it is not judged: outside its duty states, between two runs."""
    dated: bool
    """Whether its evidence is of that occasion, whenever it is asked; else of the present values."""

    @property
    def seen_at(self) -> int:
        """When what the verdict rests on was seen (ns, steady). NEVER: not yet, or always at present."""

    @property
    def edition(self) -> int:
        """Another number where the same verdict is news: it rests on more than it did when it was told."""

    @property
    def extent(self) -> frozenset[str]:
        """What of the device its true verdict is of at the newest look, where more may follow; else empty."""

    def update(self, now: int) -> bool | None:
        """Judge the device as it is known at ``now`` (ns, steady). None: cannot be told."""

    def evidence(self, now: int) -> Evidence:
        """Return what the newest verdict rests on."""

    def resume(self, verdict: bool) -> None:
        """Take over the verdict from before a restart."""

    @property
    def rising(self) -> bool:
        """True while it is seen wrong, and not yet for long enough."""

    def trouble(self, now: int, *, ripe: bool = False) -> Trouble:
        """Return what it tells of, or is about to (``ripe``: only what has lasted). None: untold.

        A cause explains a consequence only where it tells of all its trouble.
        """

    def memory(self) -> Any:
        """Return, as plain JSON, what a restart must not lose; None where the last minutes are enough."""

    def recall(self, state: Any) -> None:
        """Take back what ``memory`` returned before a restart."""


def in_seconds(ns: int) -> float:
    """Return s for people: whole above ten, else one decimal."""
    seconds = ns / NS
    return round(seconds) if seconds >= 10 else round(seconds, 1)  # noqa: PLR2004


def why_unknown(cells: Iterable[Cell], now: int) -> Evidence:
    """Return which input cannot be judged, and why."""
    for cell in cells:
        if cell.good(now) is not None:
            continue
        if cell.steady == NEVER:
            return Evidence("unknown-never", {}, cell.signal)
        if cell.reason is not None:
            return Evidence("unknown-bad", {"reason": cell.reason.value}, cell.signal)
        numbers = {"age_s": in_seconds(now - cell.steady), "period_s": in_seconds(cell.expected)}
        return Evidence("unknown-old", dict(numbers), cell.signal)
    return Evidence("unknown-yet")


class Plain:
    """What a kind does that keeps nothing over a restart but its verdict. ``_hold``: its hold."""

    _hold: Hold
    occasional = False
    extent: frozenset[str] = frozenset()
    edition = 0
    dated = False
    seen_at: int = NEVER

    def resume(self, verdict: bool) -> None:
        """Take over the verdict from before a restart."""
        self._hold.resume(verdict)

    @property
    def rising(self) -> bool:
        """True while it is seen wrong, and not yet for long enough."""
        return self._hold.rising

    def trouble(self, now: int, *, ripe: bool = False) -> Trouble:  # noqa: ARG002 - it has one trouble
        """Of nothing but what its rule says."""
        return None

    def memory(self) -> Any:
        """Nothing is kept: the last minutes are enough."""
        return None

    def recall(self, state: Any) -> None:
        """Nothing was kept."""
