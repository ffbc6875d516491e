"""What comes and goes is one occurrence: an alarm that was brief, or came again, must stay well for a while.

ISA-18.2 wants no alarm to chatter or to be fleeting; JAWS calls the state in between off-delayed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from facilityd.model.alarm import AlarmState
from facilityd.model.finding import Evidence, Finding, Number
from facilityd.model.repeats import RepeatSpans
from facilityd.model.sample import NS
from facilityd.model.suppression import Suppressor

BRIEF, DANGER = 120 * NS, 300 * NS
"""What lasts less (ns) is brief: any alarm; danger that a sensor measures."""


@dataclass(frozen=True, slots=True)
class RepeatLimits:
    """Spans in ns. An alarm that lasted less than ``brief`` must stay well for ``hold`` before it is over.

    One that came again within ``window`` of its end, or while it was held, for the whole ``window``.
    """

    brief: int = BRIEF
    hold: int = RepeatSpans().hold
    window: int = RepeatSpans().window

    def wait(self, state: AlarmState, at: int) -> int:
        """Return for how long (ns) an alarm, well at ``at`` (ns UTC), must stay well before it is over.

        Where nobody was told of it, or somebody says that it is repaired, it is over at once.
        """
        if state.well_since is not None and state.well_until is not None:
            return state.well_until - state.well_since  # it is held already, and was unknown meanwhile
        if state.suppressors or state.confirmed_at is not None or state.began is None:
            return 0
        if state.returns:
            return self.window
        return self.hold if at - state.began < self.brief else 0

    def returns(self, state: AlarmState, at: int) -> int:
        """Return how often it has come again with the occurrence that begins at ``at`` (ns UTC)."""
        if state.cleared_at is None or state.unwatched or state.confirmed_at is not None:
            return 0
        return state.returns + 1 if at - state.cleared_at <= self.window else 0


def is_held(state: AlarmState) -> bool:
    """Return whether its condition is over, and it stands until it has stayed so."""
    return state.active and state.well_since is not None


def is_told(state: AlarmState, cause: str, at: int) -> bool:
    """Return whether people knew before ``at`` (ns UTC) of one that stands, or gives way to ``cause``."""
    if not state.active or state.began is None or state.began >= at:
        return False
    return all(
        one.kind is Suppressor.BY_DESIGN and state.cause == cause and one.since == at
        for one in state.suppressors
    )


def counted(evidence: Evidence | None, returns: int, first: int, at: int | None) -> Evidence | None:
    """Return the evidence with how often it came from ``first`` to ``at`` (ns UTC)."""
    if evidence is None or at is None:
        return evidence
    more: dict[str, Number] = {"came_n": returns + 1, "came_in_s": max(1, round((at - first) / NS))}
    return replace(evidence, numbers={**evidence.numbers, **more})


def is_worse(state: AlarmState, finding: Finding) -> bool:
    """Return whether an alarm that people were notified of is of more than they were told."""
    wider = bool(state.extent) and not set(finding.evidence.extent) <= set(state.extent)
    alone = not (state.cause or finding.evidence.cause)
    return bool(finding.verdict) and state.active and wider and alone
