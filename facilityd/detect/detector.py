"""What every detector kind promises, and how it says that its verdict is unknown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from facilityd.detect.delay import OnOffDelay
from facilityd.detect.dependencies import VerdictScope
from facilityd.detect.device_state import FOREVER, NEVER, SignalState
from facilityd.model.finding import Evidence
from facilityd.model.sample import NS

Trouble = frozenset[tuple[str, ...]] | None
"""What is wrong where: a unit, its trouble, the signal where it is not the whole unit's. None: untold."""


class Detector(Protocol):
    """One rule on one device. ``wake``: from then on it must be run even without new data."""

    wake: int
    standing: VerdictScope
    """How far the newest verdict holds without another look, until ``wake``."""
    occasional: bool
    """Whether its verdict may stand while it is not evaluated: outside its operating modes, between runs."""
    rests_since: int
    """When the run began that its verdict rests on (ns, steady); FOREVER where it rests on none."""
    dated: bool
    """Whether its evidence is of that occasion, whenever it is asked; else of the present values."""

    @property
    def seen_at(self) -> int:
        """When what the verdict rests on was seen (ns, steady). NEVER: not yet, or always at present."""

    @property
    def edition(self) -> int:
        """Another number where the same verdict is news: it rests on more than when it was reported."""

    @property
    def extent(self) -> frozenset[str]:
        """What of the device its true verdict is of at the newest look, where more may follow; else empty."""

    def update(self, now: int) -> bool | None:
        """Evaluate the device as it is known at ``now`` (ns, steady). None: unknown."""

    def still(self, now: int) -> bool:
        """Know that at ``now`` (ns, steady) a look sees what the last one saw, and when to look again.

        False where something has grown too old meanwhile: then it is for ``update`` to say.
        """

    def evidence(self, now: int) -> Evidence:
        """Return what the newest verdict rests on."""

    def resume(self, verdict: bool) -> None:
        """Take over the verdict from before a restart."""

    @property
    def pending(self) -> bool:
        """True while it is seen wrong, and not yet for long enough."""

    def trouble(self, now: int, *, ripe: bool = False) -> Trouble:
        """Return what it tells of, or is about to (``ripe``: only what has lasted). None: untold.

        A cause explains a consequence only where it tells of all its trouble.
        """

    @property
    def in_force(self) -> bool:
        """Whether it can judge here at all: what has to be learned was."""

    @property
    def size(self) -> float | None:
        """How big what it sees is, in the measure of its limit; None where its kind has none."""

    def checkpoint(self) -> Any:
        """Return, as plain JSON, what a restart must not lose; None where the last minutes are enough."""

    def restore(self, state: Any) -> None:
        """Take back what ``checkpoint`` returned before a restart."""


def in_seconds(ns: int) -> float:
    """Return s for people: whole above ten, else one decimal."""
    seconds = ns / NS
    return round(seconds) if seconds >= 10 else round(seconds, 1)  # noqa: PLR2004


def why_unknown(signal_states: Iterable[SignalState], now: int) -> Evidence:
    """Return which input cannot be evaluated, and why."""
    for signal_state in signal_states:
        if signal_state.good(now) is not None:
            continue
        if signal_state.steady == NEVER:
            return Evidence("unknown-never", {}, signal_state.signal)
        if signal_state.reason is not None:
            return Evidence("unknown-bad", {"reason": signal_state.reason.value}, signal_state.signal)
        numbers = {
            "age_s": in_seconds(now - signal_state.steady),
            "period_s": in_seconds(signal_state.expected),
        }
        return Evidence("unknown-old", dict(numbers), signal_state.signal)
    return Evidence("unknown-yet")


class StatelessDetector:
    """What a kind does that keeps nothing over a restart but its verdict. ``_delay``: its delays."""

    _delay: OnOffDelay
    standing = VerdictScope.RUN
    occasional = False
    extent: frozenset[str] = frozenset()
    edition = 0
    dated = False
    rests_since = FOREVER
    size: float | None = None
    in_force = True
    seen_at: int = NEVER

    def still(self, now: int) -> bool:  # noqa: ARG002 - it is never asked of one that does not stand
        """It always looks itself."""
        return False

    def resume(self, verdict: bool) -> None:
        """Take over the verdict from before a restart."""
        self._delay.resume(verdict)

    @property
    def pending(self) -> bool:
        """True while it is seen wrong, and not yet for long enough."""
        return self._delay.pending

    def trouble(self, now: int, *, ripe: bool = False) -> Trouble:  # noqa: ARG002 - it has one trouble
        """Of nothing but what its rule says."""
        return None

    def checkpoint(self) -> Any:
        """Nothing is kept: the last minutes are enough."""
        return None

    def restore(self, state: Any) -> None:
        """Nothing was kept."""
