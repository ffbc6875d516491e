"""Where a channel does not take a notice: the same over the person's next one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from facilityd.model.notice import OF_TASKS, DeliveryOutcome, DeliveryResult, Notice, Purpose, notice_key
from facilityd.model.settings import RecipientSettings
from facilityd.notify.route import URGENT

PATIENT = 3
"""Attempts that what is less urgent is given on a channel, before the next one is tried."""
BEGINNINGS = (Purpose.RAISED, Purpose.REALARMED, Purpose.WORSENED, Purpose.ESCALATED)
"""What has to arrive somewhere; the end of it follows over the channels that brought the beginning."""

ENDS = (Purpose.CLEARED, Purpose.UNWATCHED)
"""Over the channels that brought the beginning; over the next one where those take nothing any more."""
TOLD_ONCE = (
    Purpose.NOT_READY, Purpose.READY, Purpose.DIGEST, Purpose.MORNING, Purpose.STATE_OVER,
    Purpose.REVIEW, Purpose.SUPPRESSED, *sorted(OF_TASKS),
)  # fmt: skip
"""What stands for itself, and has no end to follow it."""


def falls_back(notice: Notice, outcome: DeliveryResult, attempts: int) -> bool:
    """Return whether a notice goes over the next channel, after so many attempts and this last outcome.

    What is urgent at once, whatever kept it; the rest where this channel refuses it, or has failed often.
    """
    if outcome.result is DeliveryOutcome.ACCEPTED:
        return False
    if notice.purpose not in (*BEGINNINGS, *ENDS, *TOLD_ONCE):
        return False
    urgent = notice.priority >= URGENT and notice.purpose not in ENDS
    return urgent or outcome.result is DeliveryOutcome.REJECTED or attempts >= PATIENT


def lost_its_channel(notice: Notice, people: Mapping[str, RecipientSettings]) -> bool:
    """Return whether the channel that a notice is for is none of its reader's any more."""
    person = people.get(notice.recipient)
    return person is not None and all(channel.id != notice.channel for channel in person.channels)


def for_all(notice: Notice, people: Mapping[str, RecipientSettings]) -> list[Notice]:
    """Return a beginning for everybody who is there: those whom it was for have all left the site."""
    if notice.purpose not in BEGINNINGS or notice.recipient in people:
        return []
    firsts = (replace(notice, recipient=one.id, channel="") for one in people.values())
    return [again for one in firsts if (again := over_next_channel(one, people))]


def over_next_channel(notice: Notice, people: Mapping[str, RecipientSettings]) -> Notice | None:
    """Return the same notice over the person's next channel; None where there is none, or all carry it.

    Where its channel is gone, the first one is the next.
    """
    person = people.get(notice.recipient)
    alone = notice.purpose in TOLD_ONCE
    if person is None or not (alone or notice.occurrence):
        return None
    order = [channel.id for channel in person.channels]
    if person.every_channel and notice.channel in order:
        return None
    place = order.index(notice.channel) + 1 if notice.channel in order else 0
    if place >= len(order):
        return None
    alarm = notice.device, notice.rule, notice.occurrence
    key = notice_key(*alarm, notice.purpose, person.id, order[place], notice.at)
    if alone:
        key = f"{notice.key}/{notice_key(order[place])}"
    return replace(notice, channel=order[place], key=key)
