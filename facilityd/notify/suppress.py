"""Second stage: what nobody is told of while something else speaks for it."""

from __future__ import annotations

from dataclasses import replace

from facilityd.model.alarm import AlarmState, Change, ChangeKind
from facilityd.notify.plan import NotificationPlan


def suppress(plan: NotificationPlan) -> NotificationPlan:
    """Return the plan, without addressees for the raise of a mere consequence.

    The end of what people were told is never kept from them.
    """
    return replace(plan, addressees=()) if is_silent(plan.change, plan.state) else plan


def is_silent(change: Change, state: AlarmState) -> bool:
    """Return whether it begins something that is suppressed: it is told if it outlives its cause."""
    return change.kind is ChangeKind.RAISE and bool(state.cause)
