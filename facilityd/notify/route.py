"""First stage: who is responsible for what happened, and who was told of it before."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from facilityd.model.alarm import ChangeKind
from facilityd.model.notice import Notice, Purpose
from facilityd.model.rule import Priority
from facilityd.model.settings import RecipientSettings
from facilityd.notify.plan import Addressee, NotificationPlan, told_raised
from facilityd.notify.roster import Roster, looks_after


class Route:
    """Chooses the addressees of a change.

    raise        whoever answers for the device now and whose minimum priority it reaches; where it reaches
                 nobody's who is on duty, and somebody's who is not, those
    re-alarm     the same, and those who were told
    worsen       the same: it is of more signals or units than was told
    acknowledge  those who were told, but not the person who did it; high priority and above,
                 and only while the alarm goes on: below that the list is enough
    a channel    that takes no notices: where its alarm reaches nobody else, everybody over every other
    latch, clear, reset
                 exactly those who were told it was raised, whatever their minimum is by now

    ``troubled`` returns the channels that take no notices now.
    """

    def __init__(self, roster: Roster, troubled: Callable[[], Collection[str]]) -> None:
        self._roster, self._recipients, self._troubled = roster, roster.people, troubled

    def __call__(self, plan: NotificationPlan) -> NotificationPlan:
        """Return the plan with its addressees, in the order of the configuration."""
        told = present(plan.heard, self._recipients)
        duty = {one.id for one in self._responsible(plan)}
        chosen = [
            one
            for one in addresses(self._recipients)
            if _concerns(plan, one, told=one in told, duty=one.person.id in duty)
        ]
        if plan.context.channel and plan.purpose in (Purpose.RAISED, Purpose.REALARMED):
            chosen += self._beside(plan.context.channel, chosen)
        return replace(plan, addressees=tuple(chosen))

    def _responsible(self, plan: NotificationPlan) -> list[RecipientSettings]:
        """Return who answers for it now, and wants to hear of its priority."""
        priority, scope = plan.context.rule.priority, plan.context.scope
        there = [one for one in self._roster.responsible(plan.change.at, scope) if priority >= one.minimum]
        return there or [
            one for one in self._recipients if priority >= one.minimum and looks_after(one, scope)
        ]

    def _beside(self, broken: str, chosen: Sequence[Addressee]) -> list[Addressee]:
        """Return who hears of a broken channel where nobody would: everybody, over every other channel."""
        deaf = {broken, *self._troubled()}
        if any(one.channel not in deaf for one in chosen):
            return []
        return [one for one in addresses(self._recipients) if one.channel not in deaf]


def addresses(recipients: Iterable[RecipientSettings]) -> list[Addressee]:
    """Return every person over each of their channels."""
    return [Addressee(person, channel.id) for person in recipients for channel in person.channels]


def present(heard: Iterable[Notice], recipients: Sequence[RecipientSettings]) -> dict[Addressee, Notice]:
    """Return who was told that an occurrence was raised and can be reached yet, with that notice.

    Where a person's channel is gone, their first one stands in for it: they are owed the end.
    """
    people = {person.id: person for person in recipients if person.channels}
    reached: dict[Addressee, Notice] = {}
    for (recipient, channel), notice in told_raised(heard).items():
        if person := people.get(recipient):
            still = any(one.id == channel for one in person.channels)
            reached.setdefault(Addressee(person, channel if still else person.channels[0].id), notice)
    return reached


def _concerns(plan: NotificationPlan, one: Addressee, *, told: bool, duty: bool) -> bool:
    kind, priority = plan.change.kind, plan.context.rule.priority
    if plan.begins:
        return duty
    if kind in (ChangeKind.REALARM, ChangeKind.WORSEN):
        return told or duty
    if kind is ChangeKind.ACKNOWLEDGE:
        goes_on = plan.state.active or plan.state.latched
        themself = plan.change.person in (one.person.id, one.person.name.zh, one.person.name.en)
        return told and goes_on and priority >= Priority.HIGH and not themself
    return told
