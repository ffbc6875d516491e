"""For how long an alarm that was brief, or comes and goes, must stay well before it is over."""

from __future__ import annotations

from dataclasses import dataclass

from facilityd.model.sample import NS


@dataclass(frozen=True, slots=True)
class RepeatSpans:
    """In ns: ``hold`` after a brief alarm, ``window`` after one that came again in it. 0: over at once."""

    hold: int = 1800 * NS
    window: int = 7200 * NS
