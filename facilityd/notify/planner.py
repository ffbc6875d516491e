"""Who is told what.

    raise        everybody whose minimum priority it reaches, over each of their channels; of a mere
                 consequence nobody, unless it outlives its cause (unsuppress)
    re-alarm     the same, and those who were told
    worsen       the same: it is of more signals or units than was told
    acknowledge  those who were told, but not the person who did it; high priority and above,
                 and only while the alarm goes on: below that the list is enough
    a channel    that takes no notices: where its alarm reaches nobody else, everybody over every other
    latch, clear, reset
                 exactly those who were told it was raised, whatever their minimum is by now
    retire       the same, while it held: it is no longer watched, and nobody knows that it is well

Nobody is told that a condition became unknown: that is the alarm of the link, or of silence.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from facilityd.model.alarm import AlarmState, Change, ChangeKind
from facilityd.model.notice import Notice, Purpose, notice_key
from facilityd.model.rule import Priority
from facilityd.model.settings import RecipientSettings
from facilityd.notify.render import PURPOSES, AlarmContext, SiteContext, render, render_test
from facilityd.notify.sparkline import Sparkline
from facilityd.notify.unwatched import plan_unwatched

Address = tuple[str, str]
"""A recipient's id and the id of one of their channels."""


def plan(
    change: Change,
    state: AlarmState,
    alarm_context: AlarmContext,
    place: SiteContext,
    recipients: Iterable[RecipientSettings],
    told: Iterable[Address],
    sparkline: Sparkline | None = None,
    troubled: Collection[str] = (),
) -> list[Notice]:
    """Return the notices of a change; ``told`` are those who were told that it was raised.

    ``troubled`` are the channels that take no notices now.
    """
    if change.kind not in PURPOSES or _mere(change, state):
        return []
    before, known = set(told), [(one, channel.id) for one in recipients for channel in one.channels]
    chosen = [
        (recipient, channel)
        for recipient, channel in known
        if _concerns(change, state, alarm_context.rule.priority, recipient, (recipient.id, channel) in before)
    ]
    if alarm_context.channel and PURPOSES[change.kind] in (Purpose.RAISED, Purpose.REALARMED):
        deaf = {alarm_context.channel, *troubled}
        if all(channel in deaf for _, channel in chosen):
            chosen += [(recipient, channel) for recipient, channel in known if channel not in deaf]
    return [
        _notice(change, state, alarm_context, place, recipient, channel, sparkline)
        for recipient, channel in chosen
    ]


def _mere(change: Change, state: AlarmState) -> bool:
    """Return whether it is the raise of a mere consequence, which nobody is told of."""
    return change.kind is ChangeKind.RAISE and bool(state.cause)


def _concerns(
    change: Change, state: AlarmState, priority: Priority, recipient: RecipientSettings, told: bool
) -> bool:
    if change.kind in (ChangeKind.RAISE, ChangeKind.UNSUPPRESS):
        return priority >= recipient.minimum
    if change.kind in (ChangeKind.REALARM, ChangeKind.WORSEN):
        return told or priority >= recipient.minimum
    if change.kind is ChangeKind.ACKNOWLEDGE:
        goes_on = state.active or state.latched
        themself = change.person in (recipient.id, recipient.name.zh, recipient.name.en)
        return told and goes_on and priority >= Priority.HIGH and not themself
    return told


def _notice(
    change: Change, state: AlarmState, alarm_context: AlarmContext, place: SiteContext,
    recipient: RecipientSettings, channel: str, sparkline: Sparkline | None,
) -> Notice:  # fmt: skip
    purpose = PURPOSES[change.kind]
    subject, body = render(change, state, alarm_context, place, recipient.language, sparkline)
    name = notice_key(
        change.device, change.rule, change.occurrence, purpose, recipient.id, channel, change.at
    )
    return Notice(
        name, recipient.id, channel, purpose, recipient.language, subject, body,
        change.device, change.rule, change.occurrence, int(alarm_context.rule.priority), change.at,
    )  # fmt: skip


def plan_test(at: int, place: SiteContext, recipients: Iterable[RecipientSettings]) -> list[Notice]:
    """Return one harmless message for each channel: the proof that it works to the end."""
    notices = []
    for recipient in recipients:
        subject, body = render_test(at, place, recipient.language)
        for channel in recipient.channels:
            name = notice_key(Purpose.TEST, recipient.id, channel.id, at)
            notices.append(
                Notice(name, recipient.id, channel.id, Purpose.TEST, recipient.language, subject, body, at=at)
            )
    return notices


@dataclass(frozen=True, slots=True)
class _Told:
    occurrence: int
    notices: Mapping[Address, Notice]


class NotificationPlanner:
    """Plans notices and remembers who was told of what is still open.

    ``alarm_contexts`` by (device, rule). ``sent``: notices of the outbox at a restart, oldest first,
    without those that were rejected.
    """

    def __init__(
        self,
        place: SiteContext,
        alarm_contexts: Mapping[tuple[str, str], AlarmContext],
        recipients: Sequence[RecipientSettings],
        sent: Iterable[Notice] = (),
    ) -> None:
        self._place, self._alarm_contexts, self._recipients = place, alarm_contexts, recipients
        self._told: dict[tuple[str, str], _Told] = {}
        self.troubled: Callable[[], Collection[str]] = lambda: ()
        """The channels that take no notices now."""
        for notice in sent:
            self._remember(notice)

    def tell(self, change: Change, state: AlarmState, sparkline: Sparkline | None = None) -> list[Notice]:
        """Return the notices of a change; ``state`` is the one after it, ``sparkline`` what led to it."""
        key = change.device, change.rule
        alarm_context = self._alarm_contexts.get(key)
        if change.kind is ChangeKind.RETIRE:
            return self._unwatched(change, state)
        if alarm_context is None:
            return []  # of a device or rule that is no longer configured
        told = self._addresses(*key, change.occurrence)
        troubled = self.troubled() if alarm_context.channel else ()
        notices = plan(change, state, alarm_context, self._place, self._recipients, told, sparkline, troubled)
        for notice in notices:
            self._remember(notice)
        return notices

    def draws(self, change: Change, state: AlarmState) -> bool:
        """Return whether a message may go out that shows what led to the change."""
        raised = PURPOSES.get(change.kind) is Purpose.RAISED
        return bool(self._recipients) and raised and not _mere(change, state)

    def refused(self, notice: Notice) -> None:
        """Forget an address that never got the news, so that it does not get the end of it."""
        known = self._told.get((notice.device, notice.rule))
        if notice.purpose is Purpose.RAISED and known and known.occurrence == notice.occurrence:
            left = {a: told for a, told in known.notices.items() if a != (notice.recipient, notice.channel)}
            self._told[notice.device, notice.rule] = _Told(notice.occurrence, left)

    def _unwatched(self, change: Change, state: AlarmState) -> list[Notice]:
        """Return the notices of an alarm that nothing watches any more; of one that was over, none."""
        if state.cleared_at != change.at:
            return []
        told = self._addresses(change.device, change.rule, change.occurrence)
        present = {(one.id, channel.id) for one in self._recipients for channel in one.channels}
        heard = [notice for address, notice in told.items() if address in present]
        return plan_unwatched(change, state, heard, self._alarm_contexts, self._place)

    def has_told(self, notice: Notice) -> bool:
        """Return whether the address of a notice was told, or may have been, that its alarm was raised."""
        told = self._addresses(notice.device, notice.rule, notice.occurrence)
        return (notice.recipient, notice.channel) in told

    def _addresses(self, device: str, rule: str, occurrence: int) -> Mapping[Address, Notice]:
        known = self._told.get((device, rule))
        return known.notices if known and known.occurrence == occurrence else {}

    def _remember(self, notice: Notice) -> None:
        key = notice.device, notice.rule
        if notice.purpose in (Purpose.RAISED, Purpose.REALARMED, Purpose.WORSENED):
            address = notice.recipient, notice.channel
            told = dict(self._addresses(*key, notice.occurrence))
            told.setdefault(address, notice)
            self._told[key] = _Told(notice.occurrence, told)
