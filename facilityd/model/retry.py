"""How long to wait before something that failed is tried again: one formula for links, sinks and channels."""

from __future__ import annotations

import random
from dataclasses import dataclass

EXACT = (1.0, 1.0)
_DOUBLINGS = 20
"""More of them are beyond any ``longest``; without a bound a power of two grows beyond what a float holds."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Seconds that double from ``first`` to ``longest``, times a random factor within ``spread``.

    The spread keeps a crowd that failed together from coming back together.
    """

    first: float
    longest: float
    spread: tuple[float, float] = (0.5, 1.0)

    def wait(self, failures: int, chance: random.Random | None = None) -> float:
        """Return the wait (s) where so many failures in a row came before the newest; 0: it was the first.

        ``chance``: where the factor is drawn; the process's own where none is given.
        """
        whole = min(self.longest, self.first * 2.0 ** min(failures, _DOUBLINGS))
        if self.spread == EXACT:
            return whole
        return whole * (chance or random).uniform(*self.spread)
