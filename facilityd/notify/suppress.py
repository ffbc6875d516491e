"""Second stage: what nobody is notified of while something lies over it."""

from __future__ import annotations

from dataclasses import replace

from facilityd.model.alarm import AlarmState, Change, ChangeKind
from facilityd.notify.plan import NotificationPlan

BACK = (ChangeKind.SHELF_OVER, ChangeKind.RETURN_TO_SERVICE, ChangeKind.STATE_OVER)
STANDS = (ChangeKind.RAISE, ChangeKind.UNSUPPRESS, ChangeKind.REALARM, ChangeKind.WORSEN, *BACK)
"""Changes that tell of an alarm as one that stands."""


def suppress(plan: NotificationPlan) -> NotificationPlan:
    """Return the plan, without addressees for what is shelved, out of service or a mere consequence.

    The end of what people were notified of is never kept from them.
    """
    return replace(plan, addressees=()) if is_silent(plan.change, plan.state) and not plan.escalates else plan


def is_silent(change: Change, state: AlarmState) -> bool:
    """Return whether it tells of something that stands and is suppressed: it is told if it outlives that.

    What came back with its condition over and nothing latched is no news either.
    """
    if change.kind in BACK and not (state.active or state.latched):
        return True
    return change.kind in STANDS and bool(state.suppressors)
