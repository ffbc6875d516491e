"""Whether the data show that a repair was one: its rule was evaluated and right for long enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from facilityd.model.alarm import AlarmCondition
from facilityd.model.sample import NS

APART = 60 * NS
"""An occasion is over when the rule was not evaluated for so long (ns): the hoist has arrived."""
UNSEEN = 5 * NS
"""A longer pause between two looks (ns) is no time in which anything was seen."""


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """A rule's newest word, and its alarm's newest occurrence.

    ``judged_at`` (ns, steady): when, where it is evaluated at times only; else None.
    """

    condition: AlarmCondition
    judged_at: int | None = None
    occurrence: int = 0


RuleOutcomeOf = Callable[[str, str], RuleOutcome | None]
"""Returns a rule's status by device and rule; None where nothing evaluates it."""


@dataclass(slots=True)
class Verification:
    """Counts since ``looked`` (ns UTC). ``right_for``: ns for which it was right without a break.

    ``occasions``: on how many it was right, one after another, where the rule is evaluated at times only.
    """

    looked: int
    right_for: int = 0
    occasions: int = 0
    _judged: int | None = None
    _moved: int | None = None

    def look(self, status: RuleOutcome, at: int) -> None:
        """Take the rule's status at an instant in ns UTC."""
        passed, self.looked = at - self.looked, at
        if status.condition is AlarmCondition.TRUE:
            self.right_for, self.occasions, self._moved = 0, 0, None
        elif status.condition is AlarmCondition.FALSE and status.judged_at is None:
            self.right_for += passed if 0 < passed <= UNSEEN else 0
        elif status.condition is AlarmCondition.FALSE and status.judged_at is not None:
            self._occasion(status.judged_at, at)

    def _occasion(self, judged: int, at: int) -> None:
        """Count an occasion once it is over: what is wrong may show at its very end."""
        before, self._judged = self._judged, judged
        if before is not None and judged > before:
            self._moved = at
        elif self._moved is not None and at - self._moved >= APART:
            self.occasions, self._moved = self.occasions + 1, None
