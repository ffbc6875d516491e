"""Which lines to try next, and which of them a server will never take.

A refusal is narrowed down by halves. So is an error that the server calls its own and repeats word for
word: a 500 that means a field conflict would otherwise block everything behind it for ever. A line is guilty
of such an error only where the server takes another one and refuses this one again right after.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto

from facilityd.store.line_source import JournalLine
from facilityd.store.sink import WriteOutcome

EQUAL = 5
"""Equal outcomes in a row before the lines themselves are suspected."""
BARREN = 40
"""Tries without any success before the server is to blame after all: three times the halvings of 5,000."""


class NextStep(Enum):
    """What to do after a portion was not taken."""

    WAIT = auto()
    GO_ON = auto()
    PARK = auto()


class PendingLines:
    """The lines of one delivery, in order. What is given up stays open, and comes again with the next one."""

    def __init__(self, lines: Sequence[JournalLine]) -> None:
        self._pending: list[Sequence[JournalLine]] = [lines]
        self._suspects: list[JournalLine] = []
        self._accused: set[int] = set()
        self._open: set[int] = {line.id for line in lines}
        self._last = lines[-1].id
        self._taken: JournalLine | None = None
        self._text, self._same, self._barren = "", 0, 0

    def take(self) -> Sequence[JournalLine] | None:
        """Return the portion to try now; None when there is nothing more to do."""
        if not self._pending and self._suspects and self._taken:
            # Once more a line that was taken, which changes nothing: is it the server, or the suspects?
            self._pending.append([self._taken])
        return self._pending.pop() if self._pending else None

    def halve(self, portion: Sequence[JournalLine]) -> None:
        """Try its halves, in order."""
        middle = len(portion) // 2
        self._pending += [portion[middle:], portion[:middle]]

    def refused(self, portion: Sequence[JournalLine], outcome: WriteOutcome) -> NextStep:
        """Take in that the server could not, or would not for now."""
        self._same = self._same + 1 if outcome.text == self._text else 1
        self._text = outcome.text
        if outcome.reason != "server-error" or self._same < EQUAL:
            if portion[0].id in self._accused and outcome.reason == "server-error":
                return NextStep.PARK
            self._pending.append(portion)
            return NextStep.WAIT
        self._barren += 1
        if self._barren > BARREN or portion[0] is self._taken:
            self._pending.clear()
            self._suspects.clear()
            return NextStep.WAIT
        if len(portion) > 1:
            self.halve(portion)
        else:
            self._suspects.append(portion[0])
        return NextStep.GO_ON

    def settled(self, portion: Sequence[JournalLine], *, taken: bool) -> int | None:
        """Take in that a portion is taken or parked; return the id up to which nothing is open, if any."""
        done = {line.id for line in portion}
        self._open -= done
        self._accused -= done
        if taken:
            self._taken, self._same, self._barren = portion[-1], 0, 0
            self._accused |= {line.id for line in self._suspects}
            self._pending += [[line] for line in reversed(self._suspects)]
            self._suspects.clear()
        last = portion[-1].id
        return last if not self._open or min(self._open) > last else None

    @property
    def reached(self) -> int:
        """The id up to which nothing is open."""
        return min(self._open) - 1 if self._open else self._last
