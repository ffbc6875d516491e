"""First stage: who is responsible for what happened, and who was notified of it before."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Sequence
from dataclasses import replace

from facilityd.model.alarm import ChangeKind
from facilityd.model.notice import Notice, Purpose
from facilityd.model.people import NEXT_CHANNEL
from facilityd.model.rule import Priority
from facilityd.model.settings import RecipientSettings
from facilityd.notify.channel_order import first_channels
from facilityd.notify.plan import Addressee, NotificationPlan, told_raised
from facilityd.notify.roster import Roster, looks_after

URGENT = Priority.CRITICAL
"""What is so grave goes over the next channel at once where one does not take it."""
ANEW = (
    ChangeKind.REALARM,
    ChangeKind.WORSEN,
    ChangeKind.SHELF_OVER,
    ChangeKind.RETURN_TO_SERVICE,
    ChangeKind.STATE_OVER,
    ChangeKind.SHELVE,
    ChangeKind.OUT_OF_SERVICE,
    ChangeKind.REVIEW,
)
"""Changes that concern whoever answers for the device now, whether they were notified before or not."""


class Route:
    """Chooses the addressees of a change.

    raise        whoever answers for the device now and whose minimum priority it reaches; where it reaches
                 nobody's who is on duty, and somebody's who is not, those
    re-alarm, shelf-over, return-to-service, state-over
                 the same, and those who were notified
    shelve, out-of-service
                 of a critical alarm the same and the supervisor (the last step of an escalation), but not the
                 person who did it
    review       as raise: it is out of service, and to be reviewed
    worsen       the same: it is of more signals or units than was reported
    acknowledge  those who were notified, but not the person who did it; high priority and above,
                 and only while the alarm goes on: below that the list is enough
    a channel    that takes no notices: where its alarm reaches nobody else, everybody over another
    latch, clear, reset
                 exactly those who were notified of the raise, whatever their minimum is by now

    Each hears over their first channel, or over every one where they want that; of the end over those that
    brought the beginning. ``troubled`` returns the channels that take no notices now.
    """

    def __init__(self, roster: Roster, troubled: Callable[[], Collection[str]]) -> None:
        self._roster, self._recipients, self._troubled = roster, roster.people, troubled

    def __call__(self, plan: NotificationPlan) -> NotificationPlan:
        """Return the plan with its addressees, in the order of the configuration."""
        told = present(plan.heard, self._recipients)
        if plan.escalates:
            return replace(plan, addressees=tuple(self._next(plan, told)))
        people = self._overseers(plan) if plan.purpose is Purpose.SUPPRESSED else self._responsible(plan)
        duty = {one.id for one in people}
        chosen = [
            one
            for person in self._recipients
            for one in self._over(plan, person, told, duty=person.id in duty)
        ]
        if plan.context.channel and plan.purpose in (Purpose.RAISED, Purpose.REALARMED):
            chosen += self._beside(plan.context.channel, chosen)
        return replace(plan, addressees=tuple(chosen))

    def _over(
        self, plan: NotificationPlan, person: RecipientSettings, told: Container[Addressee], *, duty: bool
    ) -> Iterator[Addressee]:
        """Yield the channels over which somebody is notified of it."""
        anew = plan.begins or plan.change.kind in ANEW
        first = self._first(plan, person) if anew and duty else ()
        for channel in person.channels:
            one = Addressee(person, channel.id)
            if channel.id in first or (one in told and not plan.begins and _follows(plan, person)):
                yield one

    def _first(self, plan: NotificationPlan, person: RecipientSettings) -> tuple[str, ...]:
        """Return the channels that begin: where the first is in trouble, for what is grave the next too."""
        troubled = self._troubled() if plan.context.rule.priority >= URGENT else ()
        return first_channels(person, troubled, plan.context.channel)

    def _next(self, plan: NotificationPlan, told: Collection[Addressee]) -> Iterator[Addressee]:
        """Yield who is notified where nobody has answered: the next people, or the same over others."""
        yield from (
            Addressee(person, channel.id)
            for person in self._roster.members(plan.escalates, plan.moment)
            for channel in person.channels
            if channel.id in self._first(plan, person)
        )
        if NEXT_CHANNEL not in plan.escalates:
            return
        for person in dict.fromkeys(one.person for one in told):
            used = {one.channel for one in told if one.person is person}
            every = [channel.id for channel in person.channels]
            other = [channel for channel in every if channel != plan.context.channel] or every
            yield Addressee(person, ([channel for channel in other if channel not in used] or other)[0])

    def _responsible(self, plan: NotificationPlan) -> list[RecipientSettings]:
        """Return who answers for it now, and wants to hear of its priority."""
        priority, scope = plan.context.rule.priority, plan.context.scope
        there = [one for one in self._roster.responsible(plan.change.at, scope) if priority >= one.minimum]
        return there or [
            one
            for one in self._recipients
            if priority >= one.minimum and looks_after(one, scope) and not one.standby
        ]

    def _overseers(self, plan: NotificationPlan) -> list[RecipientSettings]:
        """Return who is notified that a person keeps a critical alarm from being sent."""
        if plan.context.rule.priority < Priority.CRITICAL:
            return []
        last = self._roster.plan.escalation.steps[-1:]
        supervisors = [one for step in last for one in self._roster.members(step.to, plan.change.at)]
        return [one for one in (*self._responsible(plan), *supervisors) if not _themself(plan, one)]

    def _beside(self, broken: str, chosen: Sequence[Addressee]) -> list[Addressee]:
        """Return who is notified of a broken channel where nobody would be: all, over every other channel."""
        troubled = {broken, *self._troubled()}
        if any(one.channel not in troubled for one in chosen):
            return []
        beside: list[Addressee] = []
        for person in self._recipients:
            there = [Addressee(person, one.id) for one in person.channels if one.id not in troubled]
            beside += there if person.every_channel else there[:1]
        return beside


def present(heard: Iterable[Notice], recipients: Sequence[RecipientSettings]) -> dict[Addressee, Notice]:
    """Return who was notified that an occurrence was raised and can be reached yet, with that notice.

    Where a person's channel is gone, their first one stands in for it: they are owed the end.
    """
    people = {person.id: person for person in recipients if person.channels}
    reached: dict[Addressee, Notice] = {}
    for (recipient, channel), notice in told_raised(heard).items():
        if person := people.get(recipient):
            still = any(one.id == channel for one in person.channels)
            reached.setdefault(Addressee(person, channel if still else person.channels[0].id), notice)
    return reached


def _follows(plan: NotificationPlan, person: RecipientSettings) -> bool:
    """Return whether somebody who was notified of the beginning is notified of this."""
    if plan.purpose in (Purpose.SUPPRESSED, Purpose.REVIEW):
        return False
    if plan.change.kind is not ChangeKind.ACKNOWLEDGE:
        return True
    goes_on = plan.state.active or plan.state.latched
    return goes_on and plan.context.rule.priority >= Priority.HIGH and not _themself(plan, person)


def _themself(plan: NotificationPlan, person: RecipientSettings) -> bool:
    return plan.change.person in (person.id, person.name.zh, person.name.en)
