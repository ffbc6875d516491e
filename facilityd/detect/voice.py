"""Whether a unit speaks. What it says is not the question here."""

from __future__ import annotations

from dataclasses import dataclass

from facilityd.model.quality import Reason
from facilityd.model.sample import Sample


@dataclass(slots=True, eq=False)
class Voice:
    """One unit's voice. ``since`` is when it last spoke, or when we began to listen (ns, steady).

    ``heard``: it has spoken since we began to listen; a link that returns begins anew.
    """

    unit: str
    expected: int
    since: int | None = None
    heard: bool = False
    down: bool = False
    reason: Reason | None = None

    def hear(self, sample: Sample) -> None:
        """Learn from one sample of the unit."""
        reasons = sample.reasons
        if len(reasons) < len(sample.values) or not all(map(_is_quiet, reasons.values())):
            self.since, self.heard, self.down, self.reason = sample.steady, True, False, None
            return
        was_down, self.down = self.down, Reason.LINK_DOWN in reasons.values()
        self.reason = next(iter(reasons.values()), None)
        if was_down and not self.down:
            self.since, self.heard = sample.steady, False

    def begun(self, now: int) -> int:
        """Return since when nothing was heard; the first question begins the listening."""
        if self.since is None:
            self.since = now
        return self.since

    def silent(self, now: int, window: int) -> bool | None:
        """Return whether nothing was heard for ``window`` ns; None where that cannot be told."""
        begun = self.begun(now)
        if self.down:
            return None
        if now - begun >= window:
            return True
        return False if self.heard else None


def _is_quiet(reason: Reason) -> bool:
    """Return whether the unit said nothing: a broker's retained message is not its voice."""
    return reason.is_silence or reason in (Reason.LINK_DOWN, Reason.AGE_UNKNOWN, Reason.GATEWAY_PATH)
