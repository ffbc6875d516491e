"""How one channel is doing: when it may be tried again, and what has been said of it."""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass, field

from facilityd.model.measure import spell_duration
from facilityd.model.notice import DeliveryOutcome, DeliveryResult, SendFailure
from facilityd.model.retry import EXACT, RetryPolicy
from facilityd.model.sample import NS

log = logging.getLogger(__name__)

CAP_S = 600.0
CAP = round(CAP_S * NS)
AGAIN = RetryPolicy(5.0, CAP_S)
HELD = RetryPolicy(30.0, CAP_S, EXACT)
"""For a notice that was refused for good, and matters."""
LONGEST = 3600 * NS
"""A wait that the other side asks for is obeyed up to here (ns), but not while an alarm stands: then CAP."""
TRIES_UNKNOWN = 5
"""Attempts that may each have been taken, before it is left at that."""


@dataclass(slots=True)
class ChannelBackoff:
    """One channel's health. ``until``: not before this (ns). Logs when something is new."""

    channel: str
    until: int = 0
    failures: int = 0
    reason: str = ""
    failure: SendFailure = SendFailure.NONE
    since: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(random.getrandbits(64)))  # noqa: S311 - no secret
    """Drawn from the process's own, so that a story with a seed plays the same again."""

    def note(self, outcome: DeliveryResult, attempts: int, now: int, *, matters: bool = False) -> int | None:
        """Take in what one attempt came to; return when to try it again (ns), or None for never.

        While a notice ``matters``, nothing is final: a password or an address is mended by a person, and the
        receiver knows a double by its key.
        """
        if outcome.result is DeliveryOutcome.ACCEPTED:
            self._well(now)
            return None
        self._speak(outcome, now, held=matters)
        if outcome.final:  # of this notice alone: others may go, so the channel itself does not wait
            return now + round(HELD.wait(attempts) * NS) if matters else None
        self.failures += 1
        if outcome.result is DeliveryOutcome.UNKNOWN and attempts + 1 >= TRIES_UNKNOWN and not matters:
            return None
        self.until = now + self._wait(outcome, attempts, CAP if matters else LONGEST)
        return self.until

    def _wait(self, outcome: DeliveryResult, attempts: int, longest: int) -> int:
        ours = round(AGAIN.wait(max(self.failures - 1, attempts), self.chance) * NS)
        return max(ours, min(longest, outcome.retry_after or 0))

    def _speak(self, outcome: DeliveryResult, now: int, *, held: bool) -> None:
        self.failure = outcome.failure
        if outcome.reason == self.reason:
            return
        self.since = self.since if self.reason else now
        self.reason = outcome.reason
        what = {
            DeliveryOutcome.REJECTED: "refuses a notice; it is held and tried again"
            if held
            else "refuses a notice for good",
            DeliveryOutcome.TRANSIENT: "takes no notices now, it will be tried again",
            DeliveryOutcome.UNKNOWN: "may or may not have taken a notice, a double is possible",
        }[outcome.result]
        log.warning("%s: %s: %s", self.channel, what, outcome.reason)

    def _well(self, now: int) -> None:
        if self.reason:
            away = spell_duration((now - self.since) // NS * NS)
            log.info("%s: takes notices again, after %s", self.channel, away)
        self.until, self.failures, self.reason, self.since = 0, 0, "", 0
        self.failure = SendFailure.NONE
