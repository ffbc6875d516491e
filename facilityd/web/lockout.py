"""How often a sign-in may fail, so that nobody guesses a password and no stranger locks anybody out.

Failures are counted for each browser that has signed in before (it has a cookie that says so) and, apart
from them, for all strangers of one user together, and for each address. Whoever guesses fills the strangers'
count, and the owner signs in all the same, from where they always did.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

MOST_FAILURES = {"known": 10, "stranger": 5, "address": 30}
"""In one window, after which a sign-in is refused unseen."""
WINDOW = 300.0
"""Seconds from the first failure on; then all is forgotten."""
MOST_KEPT = 10_000
"""Counts in memory: the oldest are forgotten."""
Bucket = tuple[str, str]


@dataclass(slots=True)
class LoginThrottle:
    """Counts failures; ``clock`` in s."""

    clock: Callable[[], float] = time.monotonic
    _failures: OrderedDict[Bucket, tuple[int, float]] = field(default_factory=OrderedDict)

    @staticmethod
    def buckets(user: str, address: str, device: str) -> tuple[Bucket, ...]:
        """Return where a failure counts; ``device`` is the browser's name where it is known to the user."""
        own: Bucket = ("known", f"{user}/{device}") if device else ("stranger", user)
        return own, ("address", address)

    def wait(self, buckets: Iterable[Bucket]) -> float:
        """Return after how many s a sign-in is looked at again; 0 for at once."""
        now = self.clock()
        return max((self._left(bucket, now) for bucket in buckets), default=0.0)

    def failed(self, buckets: Iterable[Bucket]) -> None:
        """Count one."""
        now = self.clock()
        for bucket in buckets:
            count, begun = self._failures.pop(bucket, (0, now))
            if now - begun > WINDOW:
                count, begun = 0, now
            self._failures[bucket] = count + 1, begun
        while len(self._failures) > MOST_KEPT:
            self._failures.popitem(last=False)

    def succeeded(self, buckets: Iterable[Bucket]) -> None:
        """Forget what a user got wrong before; what was counted of this one elsewhere was no failure."""
        own, *others = buckets
        self._failures.pop(own, None)
        for bucket in others:
            count, begun = self._failures.get(bucket, (0, 0.0))
            if count:
                self._failures[bucket] = count - 1, begun

    def _left(self, bucket: Bucket, now: float) -> float:
        count, begun = self._failures.get(bucket, (0, now))
        return max(0.0, begun + WINDOW - now) if count >= MOST_FAILURES[bucket[0]] else 0.0
