"""Notices when somebody moves the wall clock, and for how long labels are then in doubt."""

from __future__ import annotations

import logging

from facilityd.model.clock import Clock, seconds
from facilityd.model.sample import NS

log = logging.getLogger(__name__)

THRESHOLD = NS
"""A smaller step is what time daemons do all day (ns)."""
DOUBT = 10 * NS
"""Samples within this time after a jump carry the reason 'clock'."""
TOLD = 600 * NS
"""How long a jump is reported as the daemon's signal, so that it is an alarm somebody sees."""


class ClockStepMonitor:
    """Watches wall minus steady. Call ``doubtful`` whenever a label is about to be used."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._drift = clock.drift()
        self._at: int | None = None
        self._by = 0
        self.count = 0

    def doubtful(self) -> bool:
        """Return whether the present label should not be trusted."""
        at, steady = self._clock.now()
        drift = at - steady
        step, self._drift = drift - self._drift, drift
        if abs(step) > THRESHOLD:
            self._at, self._by = steady, step
            self.count += 1
            log.warning(
                "the clock jumped by %+.1f s; labels are in doubt for %.0f s", seconds(step), seconds(DOUBT)
            )
        return self._at is not None and steady - self._at < DOUBT

    def recent(self) -> float:
        """Return the last jump in s, 0 when it is long over."""
        if self._at is None or self._clock.steady() - self._at > TOLD:
            return 0.0
        return seconds(self._by)
