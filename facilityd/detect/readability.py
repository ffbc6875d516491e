"""One signal that must be readable: since when it is not, why, and whether another alarm says so already."""

from __future__ import annotations

from typing import Protocol

from facilityd.detect.availability import UnitAvailability
from facilityd.detect.detector import Trouble
from facilityd.detect.device_state import FOREVER, NEVER, DeviceState, SignalState
from facilityd.model.quality import Reason
from facilityd.model.rule import Unreadable
from facilityd.model.sample import NS, STALE_PERIODS

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
    def pending(self) -> bool:
        """Whether it is about to say so."""

    def trouble(self, now: int, *, ripe: bool = False) -> Trouble:
        """Return what it tells of, or is about to."""


class CoveringRule(Protocol):
    """A rule of another device that may tell of the same trouble (``RuleInstance``)."""

    device: str

    @property
    def holds(self) -> bool:
        """Whether it says so."""

    @property
    def detector(self) -> _Source:
        """What it looks with."""


class SignalReadability:
    """``begun``: since when nothing good came, as far as we listened (ns, steady); None while readable."""

    def __init__(
        self,
        signal_state: SignalState,
        availability: UnitAvailability,
        device_state: DeviceState,
        rule: Unreadable,
    ) -> None:
        self.signal_state, self.availability, self._device_state, self._rule = (
            signal_state,
            availability,
            device_state,
            rule,
        )
        self.signal = signal_state.signal
        self.point = device_state.context.points.get(
            (device_state.device, signal_state.signal), f"{availability.unit} {signal_state.signal}"
        )
        self.covered_by: tuple[CoveringRule, ...] = ()
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
        signal_state = self.signal_state
        if self._listening != self._device_state.listening or self.since == NEVER:
            self._listening = self._device_state.listening
            self._listen(now if self._listening == NEVER else self._listening)
        if self.availability.down or self._down is not None:
            self._follow_link(now)
        if signal_state.steady != self._taken:
            self._take(signal_state)
        if self.begun is None and now >= signal_state.stale_from:
            self._overdue = signal_state.stale_from > self.since
            self.begun = max(signal_state.stale_from, self.since)
        if self.begun is None:
            return False
        self._unsure = self.availability.loses(now)
        return True

    def _take(self, signal_state: SignalState) -> None:
        self._taken = signal_state.steady
        if signal_state.reason is None or signal_state.reason is Reason.CLOCK:
            self.begun, self.since = None, max(self.since, signal_state.steady)
            self._forget()
            return
        if self.begun is None:
            self.begun = max(signal_state.steady, self.since)
        self._bad += 1
        if signal_state.reason is Reason.OFFLINE:
            self._answers = self._rule.answers  # the device's own last will needs no second one
        elif signal_state.reason in _LOST:
            self._lost, self._strange = self._lost + 1, 0
        elif signal_state.reason is Reason.IDENTITY:
            self._strange += 1
        elif signal_state.reason is not Reason.LINK_DOWN:
            self._answers += 1

    def _listen(self, now: int) -> None:
        """Start listening again: time in which nothing could be received does not count against it."""
        self.since = max(self.since, now)
        self._forget()
        if self.begun is not None:
            self.begun = now

    def _forget(self) -> None:
        self._answers = self._lost = self._strange = self._bad = 0
        self._overdue = False

    def _follow_link(self, now: int) -> None:
        if not self.availability.down:
            if self._down is not None and now - self._down >= LINK_TELLS:
                self._listen(now)
            self._down = None
        elif self._down is None:
            self._down = now

    @property
    def stale_from(self) -> int:
        """Return the first instant at which a good value is too old."""
        return self.signal_state.stale_from

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
            return rule.on_delay
        if self._unsure:
            many = (
                max(self._strange, self.availability.unanswered) >= UNSURE_ANSWERS or self._bad >= UNSURE_BAD
            )
            return (
                rule.on_delay
                if many
                else rule.on_delay + max(UNSURE_FOR, STALE_PERIODS * self.signal_state.expected)
            )
        if self._strange >= rule.answers or self._lost >= rule.unanswered:
            return rule.on_delay
        return rule.on_delay + STALE_PERIODS * self.signal_state.expected

    @property
    def reason(self) -> str:
        """Return why: a slug of the text table."""
        return self.signal_state.reason.value if self.signal_state.reason else "nothing"

    @property
    def trouble(self) -> tuple[str, ...]:
        """Return the unit and its trouble, and the signal where the unit's other values fare differently."""
        reason = self.signal_state.reason
        if reason is None or reason in _LOST or reason in (Reason.OFFLINE, Reason.AGE_UNKNOWN):
            return (self.availability.unit, "silent")
        whole = self.availability.wholly is reason
        return (
            (self.availability.unit, reason.value)
            if whole
            else (self.availability.unit, reason.value, self.point)
        )

    def told_elsewhere(self, now: int) -> str:
        """Return what reports it already: its link, or another device that the unit serves; or nothing."""
        if self._down is not None and now - self._down >= LINK_TELLS:
            return self.availability.unit
        trouble, late = self.trouble, now >= self.due + self._rule.on_delay
        for rule in self.covered_by:
            tells = rule.holds or (rule.detector.pending and not late)
            if tells and trouble in (rule.detector.trouble(now) or ()):
                return rule.device
        return ""

    def wake(self, now: int) -> int:
        """Return when to look again without news (ns, steady)."""
        later = [at for at in (self.due, self.due + self._rule.on_delay) if at > now]
        if self._down is not None:
            later.append(max(now + 1, self._down + LINK_TELLS))
        return min(later, default=FOREVER)
