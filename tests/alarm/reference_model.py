"""A second, smaller account of an alarm's life: written from the reference, not from the table.

Three facts of the life (does the condition hold, did somebody answer, is it latched) and three over it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class ReferenceAlarm:
    """One alarm. ``shelf``: its end and whether it is one-shot; ``out``: its review, None once told."""

    latches: bool
    holds: bool = False
    answered: bool = True
    latched: bool = False
    count: int = 0
    known: bool = False
    confirmed: bool = False
    gone: bool = False
    explained: bool = False
    shelf: tuple[int, bool] | None = None
    out: int | None = None
    removed: bool = False
    upkeep: int | None = None

    @property
    def hushed(self) -> bool:
        """Whether nobody is told."""
        return bool(self.shelf or self.removed or self.explained or self.upkeep)

    @property
    def shown(self) -> str:
        """The state a person sees: the strongest of what lies over it, else the life."""
        over = ((self.removed, "G"), (self.explained or bool(self.upkeep), "F"), (bool(self.shelf), "E"))
        if strongest := next((letter for there, letter in over if there), ""):
            return strongest
        if self.holds:
            return "C" if self.answered else "B"
        if self.latched:
            return "l" if self.answered else "L"
        return "A" if self.answered else "D"

    def judged(self, verdict: bool | None, *, caused: bool) -> None:
        """Rows 1, 3, 4, 6, 8, 11, 15, 16, 17 and 19."""
        self.known = verdict is not None
        if verdict is None:
            return
        self.gone = False
        if verdict and not self.holds:
            self.holds, self.answered, self.latched, self.confirmed = True, False, False, False
            self.count += 1
            self.explained = caused
        elif verdict:
            self.answered = self.answered and (caused or not self.explained)
            self.explained = caused
        elif self.holds:
            self.answered = self.answered or self.hushed
            self.holds, self.latched, self.explained = False, self.latches, False
            if self.shelf and self.shelf[1]:
                self.shelf = None

    def asked(self, mark: str, now: int, until: int, *, once: bool) -> bool:  # noqa: PLR0911 - one branch a mark
        """Return whether a person may do that, and do it: rows 2, 5, 7, 9, 10, 12, 13, 18 and 22."""
        if mark == "a":
            fine, self.answered = not self.answered, True
            return fine
        if mark == "!":
            fine = self.holds and self.answered
            if fine:
                self.answered = self.confirmed = False
            return fine
        if mark == "r":
            fine = self.latched and self.answered and self.known
            if fine:
                self.latched = False
            return fine
        if mark == "c":
            fine = self.answered and self.count > 0 and not self.confirmed and not self.gone
            self.confirmed = self.confirmed or fine
            return fine
        if mark == "s":
            fine = self.shelf is None and now < until <= now + 50
            if fine:
                self.shelf = until, once
            return fine
        if mark == "o":
            fine = now < until <= now + 80
            if fine:
                self.out, self.removed = until, True
            return fine
        fine = self.removed if mark == "b" else self.shelf is not None
        if fine and mark == "u":
            self.shelf, self.answered = None, True
        elif fine:
            self.out, self.removed = None, False
            self._back()
        return fine

    def passes(self, now: int) -> None:
        """Rows 14 and 18: time alone."""
        if self.shelf and self.shelf[0] <= now:
            self.shelf = None
            self._back()
        if self.upkeep and self.upkeep <= now:
            self.upkeep = None
            self._back()
        if self.out and self.out <= now:
            self.out = None

    def works(self, until: int) -> None:
        """Row 16, of a state of the device."""
        self.upkeep = until

    def done(self) -> None:
        """Row 17, of a state of the device."""
        if self.upkeep:
            self.upkeep = None
            self._back()

    def leaves(self) -> None:
        """Row 21."""
        if self.shown != "A":
            self.gone, self.known = True, False
            self.holds, self.answered, self.latched, self.explained = False, True, False, False
            self.shelf, self.out, self.removed, self.upkeep = None, None, False, None

    def _back(self) -> None:
        self.answered = not (self.holds or self.latched)
