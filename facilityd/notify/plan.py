"""What is to be said of one change of an alarm, on its way through the stages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from facilityd.model.alarm import AlarmState, Change, ChangeKind
from facilityd.model.notice import Notice, Purpose
from facilityd.model.settings import RecipientSettings
from facilityd.notify.render import PURPOSES, AlarmContext
from facilityd.notify.sparkline import Sparkline

TELLING = (Purpose.RAISED, Purpose.REALARMED, Purpose.WORSENED, Purpose.ESCALATED)
"""Whoever got one of these knows of the alarm, and is notified of its end."""


class NoticeLedger(Protocol):
    """Who was notified of what: the journal's notices, waiting ones, and those that a full disk refused."""

    def notices(self, device: str, rule: str, occurrence: int) -> Sequence[Notice]:
        """Return the notices of an occurrence, oldest first, without those that were refused for good."""

    def pushes(self, recipient: str, since: int) -> Sequence[Notice]:
        """Return the newest notices to one recipient from an instant (ns UTC) on, in any order."""


@dataclass(frozen=True, slots=True)
class Addressee:
    """A person, over one channel (its id); ``not_before`` (ns UTC): with the digest of then, 0: at once."""

    person: RecipientSettings
    channel: str
    not_before: int = 0


@dataclass(frozen=True, slots=True)
class NotificationPlan:
    """A change, the alarm's state after it, and who is to be notified of it.

    ``heard``: what was said of this occurrence before, oldest first. ``escalates``: nobody has answered, and
    these ids of people and rotas are next, since ``due``; the change is the one that announced it then.
    ``notices`` are there after the last stage.
    """

    change: Change
    state: AlarmState
    context: AlarmContext
    heard: Sequence[Notice] = ()
    sparkline: Sparkline | None = None
    addressees: tuple[Addressee, ...] = ()
    notices: tuple[Notice, ...] = ()
    escalates: tuple[str, ...] = ()
    due: int = 0
    now: int = 0

    @property
    def moment(self) -> int:
        """Return the instant at which it is told, ns UTC."""
        return self.now or self.change.at

    @property
    def named(self) -> int:
        """Return the instant that names it among its like, ns UTC: the same whenever it is planned."""
        return self.due or self.change.at

    @property
    def purpose(self) -> Purpose:
        """Return what it is told for."""
        if self.escalates:
            return Purpose.ESCALATED
        return PURPOSES[self.change.kind]

    @property
    def begins(self) -> bool:
        """Return whether it tells people of something that they did not know of."""
        return not self.escalates and self.change.kind in (ChangeKind.RAISE, ChangeKind.UNSUPPRESS)


class NotificationStage(Protocol):
    """One step of the policy: takes a plan and returns it, changed or as it was."""

    def __call__(self, plan: NotificationPlan) -> NotificationPlan:
        """Return the plan after this stage; one without addressees goes no further."""


def run(stages: Iterable[NotificationStage], plan: NotificationPlan) -> NotificationPlan:
    """Send a plan through stages, as far as somebody is left to be notified."""
    for stage in stages:
        plan = stage(plan)
        if not plan.addressees:
            return plan
    return plan


def told_raised(heard: Iterable[Notice]) -> dict[tuple[str, str], Notice]:
    """Return by (recipient, channel) the notice by which each address first knew of an occurrence."""
    first: dict[tuple[str, str], Notice] = {}
    for notice in heard:
        if notice.purpose in TELLING:
            first.setdefault((notice.recipient, notice.channel), notice)
    return first
