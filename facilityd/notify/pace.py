"""How often one robot may be posted to: vendors block a robot for minutes that exceeds their limit."""

from __future__ import annotations

from facilityd.model.sample import NS

MINUTE = 60 * NS


class TokenBucket:
    """Holds at most ``burst`` tokens, gains ``per_minute``: in any minute at most the sum of both is spent.

    The last ``reserve`` tokens are for what is critical alone.
    """

    def __init__(self, per_minute: int, burst: int, reserve: int = 1) -> None:
        self._per_minute, self._burst, self._reserve = per_minute, burst, reserve
        self._tokens, self._at = float(burst), 0

    def wait(self, now: int, *, critical: bool) -> int:
        """Return how long to wait for a token from ``now`` on, both in ns; 0: there is one."""
        self._gain(now)
        lacking = (1 if critical else 1 + self._reserve) - self._tokens
        return 0 if lacking <= 1e-9 else round(lacking * MINUTE / self._per_minute)  # noqa: PLR2004 - rounding

    def spare(self, now: int) -> int:
        """Return how many messages may go now that are not critical."""
        self._gain(now)
        return max(0, int(self._tokens + 1e-9) - self._reserve)

    def spend(self, now: int, tokens: int = 1) -> None:
        """Note messages that were sent; more than there are tokens is a debt that later ones wait for."""
        self._gain(now)
        self._tokens -= tokens

    def _gain(self, now: int) -> None:
        gained = max(0, now - self._at) * self._per_minute / MINUTE
        self._tokens, self._at = min(float(self._burst), self._tokens + gained), max(now, self._at)
