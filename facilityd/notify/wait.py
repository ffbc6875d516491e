"""Third stage: what may wait until somebody's quiet hours are over."""

from __future__ import annotations

from dataclasses import replace

from facilityd.notify.plan import Addressee, NotificationPlan
from facilityd.notify.roster import Roster


class Wait:
    """Puts off what is less urgent than somebody wants to be disturbed for; it comes in one digest then."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster

    def __call__(self, plan: NotificationPlan) -> NotificationPlan:
        """Return the plan with the instant from which each may be notified of it."""
        return replace(plan, addressees=tuple(self._put_off(plan, one) for one in plan.addressees))

    def _put_off(self, plan: NotificationPlan, one: Addressee) -> Addressee:
        until = self._roster.quiet_until(one.person, plan.moment, plan.context.rule.priority)
        return replace(one, not_before=until)
