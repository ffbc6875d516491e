"""Fourth stage: nobody is notified twice of the same."""

from __future__ import annotations

from dataclasses import replace

from facilityd.model.notice import Purpose
from facilityd.notify.plan import Addressee, NotificationPlan


def dedupe(plan: NotificationPlan) -> NotificationPlan:
    """Return the plan without those who heard just this: the same change, or the end of the occurrence."""
    heard = {
        (notice.recipient, notice.channel)
        for notice in plan.heard
        if notice.purpose is plan.purpose and (notice.at == plan.change.at or plan.purpose is Purpose.CLEARED)
    }
    return replace(plan, addressees=tuple(one for one in plan.addressees if _address(one) not in heard))


def _address(one: Addressee) -> tuple[str, str]:
    return one.person.id, one.channel
