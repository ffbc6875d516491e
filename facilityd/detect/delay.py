"""On-delay and off-delay on the steady clock. What was not seen does not count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from facilityd.detect.device_state import FOREVER, NEVER
from facilityd.model.sample import NS

OVERTAKEN = 60 * NS
"""Samples of two units overtake each other by less (ns); by more, the clock was put back at a restart."""


@dataclass(slots=True, eq=False)
class OnOffDelay:
    """A verdict that turns only after the opposite was seen for long enough. Durations in ns.

    Each good sample vouches for the time until the next one is due, no longer. A shorter
    loss pauses the count, one longer than ``patience`` starts it over; neither turns it.
    """

    on: int
    off: int
    patience: int
    verdict: bool | None = None
    held: int = 0
    due: int = FOREVER
    _wrong: bool = False
    _last: int = NEVER
    _until: int = NEVER

    def see(self, wrong: bool, now: int, valid_until: int) -> bool | None:
        """Evaluate what is seen now; it is valid until ``valid_until``."""
        if wrong is self.verdict:
            return self.go_on()
        if self._last - now > OVERTAKEN:
            self._rest(0)
        now = max(now, self._last)
        self._count(now)
        self._last, self._until, self._wrong = now, valid_until, wrong
        needed = self.on if wrong else self.off if self.verdict else 0
        if self.held >= needed:
            self.verdict = wrong
            self._rest(self.held)
        else:
            due = now + needed - self.held
            self.due = due if due <= valid_until else FOREVER
        return self.verdict

    def go_on(self) -> bool | None:
        """Evaluate what is seen where that is what the verdict says already."""
        if self.held or self._last != NEVER:
            self._rest(0)
        return self.verdict

    def pause(self, now: int) -> None:
        """The verdict is unknown now."""
        if self._until != NEVER:
            self._count(now)
            self._last = self._until = min(now, self._until)
        self.due = FOREVER

    @property
    def pending(self) -> bool:
        """True while wrong is seen, and not yet for long enough."""
        return self._wrong and not self.verdict and self._last != NEVER

    def drop(self) -> None:
        """Forget a count that has begun; the verdict stands."""
        self._rest(0)

    def resume(self, verdict: bool) -> None:
        """Take over a verdict from before a restart."""
        self.verdict = verdict
        self._rest(0)

    def checkpoint(self) -> Any:
        """Return, as plain JSON, the verdict and the count that is under way."""
        return [self.verdict, self.held, self._wrong, self._last, self._until]

    def restore(self, state: Sequence[Any]) -> None:
        """Go on counting. A verdict that ``resume`` brought is newer and stands."""
        verdict, self.held, self._wrong, self._last, self._until = state
        self.verdict = verdict if self.verdict is None else self.verdict

    def _count(self, now: int) -> None:
        if now - self._until > self.patience:
            self.held = 0
        else:
            self.held += max(0, min(now, self._until) - self._last)

    def _rest(self, held: int) -> None:
        self.held, self._last, self._until, self.due = held, NEVER, NEVER, FOREVER
