"""One signal that must be readable: since when it is not, why, and whether another alarm says so already."""

from __future__ import annotations

from typing import Protocol

from facilityd.detect.detector import Trouble
from facilityd.detect.view import FOREVER, LIFETIME, NEVER, Cell, View
from facilityd.detect.voice import Voice
from facilityd.model.quality import Reason
from facilityd.model.rule import Unreadable
from facilityd.model.sample import NS

LINK_TELLS = 20 * NS
"""A link that is down for so long (ns) has told of itself; one that comes and goes faster may not have."""
UNSURE_ANSWERS, UNSURE_BAD = 15, 40
"""Where answers get lost, a poll that is not believed may be the loss's fault: so many are no chance."""
UNSURE_FOR = 1800 * NS
"""There, so long without a good value (ns) is enough whatever came."""
_LOST = frozenset(
    {Reason.TIMEOUT, Reason.SKIPPED, Reason.MALFORMED, Reason.GATEWAY_TARGET, Reason.GATEWAY_PATH}
)


class _Source(Protocol):
    """What is asked of another rule's detector."""

    @property
    def rising(self) -> bool:
        """Whether it is about to say so."""

    def trouble(self, now: int, *, ripe: bool = False) -> Trouble:
        """Return what it tells of, or is about to."""


class Teller(Protocol):
    """A rule of another device that may tell of the same trouble (``Watch``)."""

    device: str

    @property
    def holds(self) -> bool:
        """Whether it says so."""

    @property
    def detector(self) -> _Source:
        """What it looks with."""


class Sign:
    """``begun``: since when nothing good came, as far as we listened (ns, steady); None while readable."""

    def __init__(self, cell: Cell, voice: Voice, view: View, rule: Unreadable) -> None:
        self.cell, self.voice, self._view, self._rule = cell, voice, view, rule
        self.signal = cell.signal
        self.point = view.around.points.get((view.device, cell.signal), f"{voice.unit} {cell.signal}")
        self.tellers: tuple[Teller, ...] = ()
        self.begun: int | None = None
        self.since = NEVER
        """When its last good value was read, or listening began: ns, steady."""
        self._listening = NEVER
        self._taken = NEVER
        self._down: int | None = None
        self._unsure = self._overdue = False
        self._answers = self._lost = self._strange = self._bad = 0

    def is_bad(self, now: int) -> bool:
        """Follow the news up to ``now``; return whether there is no value to be trusted."""
        cell = self.cell
        if self._listening != self._view.listening or self.since == NEVER:
            self._listening = self._view.listening
            self._listen(now if self._listening == NEVER else self._listening)
        if self.voice.down or self._down is not None:
            self._follow_link(now)
        if cell.steady != self._taken:
            self._take(cell)
        if self.begun is None and now >= cell.stale_from:
            self._overdue = cell.stale_from > self.since
            self.begun = max(cell.stale_from, self.since)
        if self.begun is None:
            return False
        self._unsure = self.voice.loses(now)
        return True

    def _take(self, cell: Cell) -> None:
        self._taken = cell.steady
        if cell.reason is None or cell.reason is Reason.CLOCK:
            self.begun, self.since = None, max(self.since, cell.steady)
            self._forget()
            return
        if self.begun is None:
            self.begun = max(cell.steady, self.since)
        self._bad += 1
        if cell.reason is Reason.OFFLINE:
            self._answers = self._rule.answers  # the device's own last will needs no second one
        elif cell.reason in _LOST:
            self._lost, self._strange = self._lost + 1, 0
        elif cell.reason is Reason.IDENTITY:
            self._strange += 1
        elif cell.reason is not Reason.LINK_DOWN:
            self._answers += 1

    def _listen(self, now: int) -> None:
        """Listen anew: time in which nobody could hear it is not its own."""
        self.since = max(self.since, now)
        self._forget()
        if self.begun is not None:
            self.begun = now

    def _forget(self) -> None:
        self._answers = self._lost = self._strange = self._bad = 0
        self._overdue = False

    def _follow_link(self, now: int) -> None:
        if not self.voice.down:
            if self._down is not None and now - self._down >= LINK_TELLS:
                self._listen(now)
            self._down = None
        elif self._down is None:
            self._down = now

    @property
    def stale_from(self) -> int:
        """Return the first instant at which a good value is too old."""
        return self.cell.stale_from

    @property
    def due(self) -> int:
        """Return from when on it counts as unreadable (ns, steady), if nothing good comes before."""
        if self.begun is None:
            return FOREVER
        due = self.begun + self._patience
        return due if self._down is None else max(due, self._down + LINK_TELLS)

    @property
    def _patience(self) -> int:
        rule = self._rule
        if self._overdue or self._answers >= rule.answers:
            return rule.hold
        if self._unsure:
            many = max(self._strange, self.voice.unanswered) >= UNSURE_ANSWERS or self._bad >= UNSURE_BAD
            return rule.hold if many else rule.hold + max(UNSURE_FOR, LIFETIME * self.cell.expected)
        if self._strange >= rule.answers or self._lost >= rule.unanswered:
            return rule.hold
        return rule.hold + LIFETIME * self.cell.expected

    @property
    def reason(self) -> str:
        """Return why: a slug of the text table."""
        return self.cell.reason.value if self.cell.reason else "nothing"

    @property
    def trouble(self) -> tuple[str, ...]:
        """Return the unit and its trouble, and the signal where the unit's other values fare differently."""
        reason = self.cell.reason
        if reason is None or reason in _LOST or reason in (Reason.OFFLINE, Reason.AGE_UNKNOWN):
            return (self.voice.unit, "silent")
        whole = self.voice.wholly is reason
        return (self.voice.unit, reason.value) if whole else (self.voice.unit, reason.value, self.point)

    def told_elsewhere(self, now: int) -> str:
        """Return what tells of it already: its link, or another device that the unit serves; or nothing."""
        if self._down is not None and now - self._down >= LINK_TELLS:
            return self.voice.unit
        trouble, late = self.trouble, now >= self.due + self._rule.hold
        for teller in self.tellers:
            if (teller.holds or (teller.detector.rising and not late)) and trouble in (
                teller.detector.trouble(now) or ()
            ):
                return teller.device
        return ""

    def wake(self, now: int) -> int:
        """Return when to look again without news (ns, steady)."""
        later = [at for at in (self.due, self.due + self._rule.hold) if at > now]
        if self._down is not None:
            later.append(max(now + 1, self._down + LINK_TELLS))
        return min(later, default=FOREVER)
