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

TELLING = (Purpose.RAISED, Purpose.REALARMED, Purpose.WORSENED)
"""Whoever got one of these knows of the alarm, and is told the end of it."""


class NoticeLedger(Protocol):
    """Who was told what: the journal's notices, those that wait and those that a full disk did not take."""

    def notices(self, device: str, rule: str, occurrence: int) -> Sequence[Notice]:
        """Return the notices of an occurrence, oldest first, without those that were refused for good."""


@dataclass(frozen=True, slots=True)
class Addressee:
    """A person, over one channel (its id)."""

    person: RecipientSettings
    channel: str


@dataclass(frozen=True, slots=True)
class NotificationPlan:
    """A change, the alarm's state after it, and who is to hear of it.

    ``heard``: what was said of this occurrence before, oldest first. ``not_before``: sent from then on (ns
    UTC), 0: at once. ``notices`` are there after the last stage.
    """

    change: Change
    state: AlarmState
    context: AlarmContext
    heard: Sequence[Notice] = ()
    sparkline: Sparkline | None = None
    addressees: tuple[Addressee, ...] = ()
    not_before: int = 0
    notices: tuple[Notice, ...] = ()

    @property
    def purpose(self) -> Purpose:
        """Return what it is told for."""
        return PURPOSES[self.change.kind]

    @property
    def begins(self) -> bool:
        """Return whether it tells people of something that they did not know of."""
        return self.change.kind in (ChangeKind.RAISE, ChangeKind.UNSUPPRESS)


class NotificationStage(Protocol):
    """One step of the policy: takes a plan and returns it, changed or as it was."""

    def __call__(self, plan: NotificationPlan) -> NotificationPlan:
        """Return the plan after this stage; one without addressees goes no further."""


def run(stages: Iterable[NotificationStage], plan: NotificationPlan) -> NotificationPlan:
    """Send a plan through stages, as far as somebody is left to hear of it."""
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
