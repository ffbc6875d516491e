"""Fifth stage: what would be one push after another comes together; what is critical never does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from facilityd.model.notice import Notice, Purpose
from facilityd.model.rule import Priority
from facilityd.model.sample import NS
from facilityd.notify.plan import Addressee, NotificationPlan

MANY, WITHIN = 5, 600 * NS
"""So many pushes to one person within so many ns are a flood (docs/reference/alarms.md §4)."""
GATHERED = 300 * NS
"""In a flood what comes waits at most so long (ns) for more."""
SOON = 60 * NS
"""What is of high priority waits no longer than that, and all that waits goes with it (decision 0068)."""
MACHINES = frozenset({"webhook", "mqtt"})
"""Kinds of channel at whose end a program is: it gets each notice."""
Pushes = Callable[[str, int], Sequence[Notice]]
"""Returns what one recipient was told from an instant (ns UTC) on, what waits for a digest included."""


class Gather:
    """Lets what is not critical wait for one digest while somebody gets push after push: a minute, or five.

    The journal's notices are all its memory: a restart goes on with the same flood and the same digest. What
    is said of an alarm later waits with what was said before: nobody hears of an end before its beginning.
    """

    def __init__(self, pushes: Pushes) -> None:
        self._pushes = pushes

    def __call__(self, plan: NotificationPlan) -> NotificationPlan:
        """Return the plan with the instant from which each may be notified of it."""
        if plan.context.rule.priority >= Priority.CRITICAL or plan.context.channel:
            return plan  # that a channel is broken is no more of the flood: the digest may be on it
        return replace(plan, addressees=tuple(self._with_others(plan, one) for one in plan.addressees))

    def _with_others(self, plan: NotificationPlan, one: Addressee) -> Addressee:
        mine = (one.person.id, one.channel)
        waits = [n.not_before for n in plan.heard if (n.recipient, n.channel) == mine]
        before = max((until for until in waits if until > plan.moment), default=0)
        if before or one.not_before or self._is_machine(one):
            return replace(one, not_before=max(before, one.not_before))
        longest = SOON if plan.context.rule.priority >= Priority.HIGH else GATHERED
        return replace(one, not_before=self._until(one.person.id, plan.moment, longest))

    def _until(self, recipient: str, at: int, longest: int) -> int:
        recent = [n for n in self._pushes(recipient, at - WITHIN) if _is_push(n, at)]
        if len({(n.device, n.rule, n.occurrence, n.purpose, n.at) for n in recent}) < MANY:
            return 0
        gathering = [n.not_before for n in recent if n.not_before > at]
        return min([*gathering, at + longest])

    def _is_machine(self, one: Addressee) -> bool:
        return any(channel.id == one.channel and channel.kind in MACHINES for channel in one.person.channels)


def gone_together(put_off: Sequence[Notice], at: int) -> list[Notice]:
    """Return what goes at an instant (ns UTC), of what one address was not told; none where nothing is due.

    What gathers in a flood goes along with what is due; what waits for quiet hours to end does not.
    """
    if all(one.not_before > at for one in put_off):
        return []
    quiet = {one.not_before for one in put_off if one.not_before - one.at > GATHERED}
    return [one for one in put_off if one.not_before <= at or one.not_before not in quiet]


def _is_push(notice: Notice, at: int) -> bool:
    """Return whether a notice is of an alarm, and was a push or waits in this flood: not for quiet hours."""
    quiet = notice.not_before - notice.at > GATHERED
    return bool(notice.occurrence) and notice.purpose is not Purpose.TEST and not quiet and notice.at <= at
