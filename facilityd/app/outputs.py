"""The outputs: who is notified, how notices leave, and where points go. All read the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from facilityd.alarm.groups import GroupedAlarms
from facilityd.app.alarm_links import alarm_links
from facilityd.app.alarm_plot import PlotQueue
from facilityd.app.builtin import channel_of, scope_of
from facilityd.app.environment import Environment
from facilityd.app.notice_ledger import JournalLedger
from facilityd.config.site import Device, Site
from facilityd.model.alarm import AlarmState, Change
from facilityd.model.clock import Clock
from facilityd.model.notice import OF_TASKS, DeliveryOutcome, DeliveryResult, Notice, Purpose
from facilityd.model.plain import masked, plain
from facilityd.model.sample import NS
from facilityd.model.settings import ChannelSettings, RecipientSettings, SinkSettings
from facilityd.notify.deliver import Deliverer, QueuedNotice
from facilityd.notify.fallback import (
    BEGINNINGS,
    ENDS,
    falls_back,
    for_all,
    lost_its_channel,
    over_next_channel,
)
from facilityd.notify.plan import NoticeLedger
from facilityd.notify.planner import NotificationPlanner
from facilityd.notify.render import AlarmContext, SiteContext
from facilityd.notify.route import URGENT
from facilityd.pipeline.flow import Flow
from facilityd.pipeline.uncommitted import FIRST
from facilityd.store.batch import Attempt, DeadLetterLine, Delivery, LineKind
from facilityd.store.cursors import CursorWrite
from facilityd.store.dead_letters import DeadLetterLineWrite
from facilityd.store.forward import Forwarder
from facilityd.store.losses import NOTICES_LOST
from facilityd.store.meta import CountWrite
from facilityd.store.outbox import AttemptWrite
from facilityd.store.reader import JournalReader
from facilityd.supervise.stop import end

_DELIVERIES = {
    DeliveryOutcome.ACCEPTED: Delivery.ACCEPTED,
    DeliveryOutcome.REJECTED: Delivery.REJECTED,
    DeliveryOutcome.TRANSIENT: Delivery.REJECTED,
    DeliveryOutcome.UNKNOWN: Delivery.UNKNOWN,
}
STANDING = (Purpose.RAISED, Purpose.REALARMED, Purpose.WORSENED, Purpose.ESCALATED, Purpose.LATCHED)
"""Held as long as the alarm they tell of stands."""
HELD_FOR = {
    Purpose.CLEARED: 7 * 86400 * NS,
    Purpose.UNWATCHED: 7 * 86400 * NS,
    Purpose.DIGEST: 12 * 3600 * NS,
    Purpose.MORNING: 12 * 3600 * NS,
    Purpose.NOT_READY: 3600 * NS,
    Purpose.READY: 3600 * NS,
    **dict.fromkeys(OF_TASKS, 86400 * NS),
}
"""Held so long from what they tell of (ns), then given up and counted: an end, until everybody knows it
otherwise; a checklist, until its ceremony has begun."""
FAR = 1 << 62


class OutputParts(Protocol):
    """What the outputs need of the middle (app.core.Core)."""

    @property
    def flow(self) -> Flow:
        """The stages."""

    @property
    def planner(self) -> NotificationPlanner:
        """Who knows what."""

    @property
    def ledger(self) -> JournalLedger:
        """Who was notified of what."""

    @property
    def alarms(self) -> GroupedAlarms:
        """The alarms' present states."""

    @property
    def path(self) -> Path:
        """The journal."""

    @property
    def clock(self) -> Clock:
        """What time it is."""


def make_planner(site: Site, devices: Mapping[str, Device], ledger: NoticeLedger) -> NotificationPlanner:
    """Return who is notified; ``ledger`` says who was notified before."""
    rules = {(d.id, name): rule.name for d in devices.values() for name, rule in d.family.rules.items()}
    alarm_contexts = {
        (device.id, name): AlarmContext(
            device.name,
            rule,
            device.family.signals,
            channel_of(device.id),
            scope_of(device.id, site),
            {one: site.devices[one].name for one, _ in scope_of(device.id, site)},
            rules,
        )
        for device in devices.values()
        for name, rule in device.family.rules.items()
    }
    recipients = list(site.recipients.values())
    typed = f"facilityd ack {site.source}"
    place = SiteContext(site.name, ZoneInfo(site.timezone), typed, alarm_links(site), site.people)
    return NotificationPlanner(place, alarm_contexts, recipients, ledger, site.duty)


def telling(
    planner: NotificationPlanner, state: Callable[[str, str], AlarmState], drawings: PlotQueue
) -> Callable[[Change], Awaitable[Sequence[Notice]]]:
    """Return the function that the flow asks for the notices of a change."""

    async def tell(change: Change) -> Sequence[Notice]:
        after = state(change.device, change.rule)
        sparkline = await drawings.ask(change) if planner.draws(change, after) else None
        return planner.tell(change, after, sparkline)

    return tell


class JournalOutbox:
    """The outbox as the deliverer sees it: read here, written through the flow. ``secrets`` are masked."""

    def __init__(
        self, reader: JournalReader, parts: OutputParts, people: Mapping[str, RecipientSettings],
        secrets: frozenset[str] = frozenset(),
    ) -> None:  # fmt: skip
        self._reader, self._parts, self.people, self.secrets = reader, parts, people, secrets

    async def take(self, now: int, resting: Collection[str] = ()) -> Sequence[QueuedNotice]:
        """Return what is due at ``now`` (ns), that included which a full disk does not take.

        Nothing of an alarm overtakes what was to be said of it before on the same channel. What a channel
        that rests cannot take is not looked at: while all are dead there is more of it every minute.
        """
        found: list[QueuedNotice] = [*self._reader.due(now), *self._parts.flow.unwritten.due(now)]
        due = [one for one in found if one.notice.channel not in resting]
        together = {one.notice.key for one in due}  # the deliverer keeps the order of these
        digests = [one.notice for one in self._parts.ledger.digests() if one.notice.key not in together]
        return [one for one in due if not self._is_early(one.notice, together, digests)]

    def _is_early(self, notice: Notice, together: Collection[str], digests: Collection[Notice]) -> bool:
        if not notice.occurrence or notice.purpose is Purpose.RAISED or notice.purpose in OF_TASKS:
            return False
        alarm = notice.device, notice.rule, notice.occurrence
        if any(one.channel == notice.channel and alarm in one.alarms for one in digests):
            return True  # its beginning is in one that has not gone out
        for one in self._parts.ledger.waiting(notice.device, notice.rule, notice.occurrence):
            if one.key == notice.key:
                return False
            if one.channel == notice.channel and one.key not in together:
                return True
        return False

    async def next_due(self) -> int | None:
        """Return when the next waiting one is due, in ns."""
        dues = self._reader.next_due(), self._parts.flow.unwritten.next_due()
        return min((due for due in dues if due is not None), default=None)

    async def report(self, entry: QueuedNotice, outcome: DeliveryResult, next_at: int | None) -> None:
        """Make an attempt durable. Raises StoreFull."""
        state = Delivery.WAITING if next_at is not None else _DELIVERIES[outcome.result]
        reason = plain(masked(outcome.reason, self.secrets))
        key = entry.notice.key if entry.id >= FIRST else ""
        settled = self._parts.clock.now()[0]
        attempt = Attempt(entry.id, state, entry.attempts + 1, next_at or settled, reason, key)
        gone = state in (Delivery.REJECTED, Delivery.UNKNOWN)
        counts = {f"{NOTICES_LOST}{entry.notice.channel}": 1} if gone else {}
        if not await self._parts.flow.note(attempt) or counts:
            await self._parts.flow.commit([AttemptWrite([attempt]), CountWrite(counts)])
        moved = state is Delivery.REJECTED and lost_its_channel(entry.notice, self.people)
        if moved or falls_back(entry.notice, outcome, attempt.attempts):
            await self._fall_back(entry)

    async def _fall_back(self, entry: QueuedNotice) -> None:
        """Tell it over the next channel, and with it what is as urgent and waits behind it."""
        behind = (one.notice for one in self._reader.due(FAR) if one.notice.channel == entry.notice.channel)
        urgent = [one for one in behind if one.priority >= URGENT and one.purpose in BEGINNINGS]
        notices = []
        # What was told in a digest waits for one of the next channel's: so the ends go there too.
        inside = self._parts.ledger.told_in(entry.notice) if entry.notice.purpose is Purpose.DIGEST else ()
        later = [replace(one, not_before=self._parts.clock.now()[0]) for one in inside]
        for notice in (*(later or [entry.notice]), *urgent):
            again = over_next_channel(notice, self.people)
            if again and not self._parts.ledger.has(again):
                notices.append(again)
        first = entry.notice
        known = self._parts.ledger.notices(first.device, first.rule, first.occurrence)
        if not any(one.recipient in self.people for one in known):
            notices += for_all(first, self.people)
        if notices:
            await self._parts.flow.tell((), notices)


def channel_settings(site: Site) -> dict[str, ChannelSettings]:
    """Return what each channel of a site is made with, by its id."""
    return {channel.id: channel for person in site.recipients.values() for channel in person.channels}


def make_deliverer(
    site: Site, parts: OutputParts, reader: JournalReader, environment: Environment, outbox: JournalOutbox
) -> Deliverer:
    """Return the deliverer of notices over every configured channel."""
    channels = environment.channels(channel_settings(site).values())
    # A channel that failed before a restart fails until it has taken something.
    troubles = {one.notice.channel: one.error for one in reader.due(FAR) if one.attempts and one.error}
    matters = _matters(parts, environment.clock)
    return Deliverer(outbox, channels, environment.clock.steady, matters=matters, troubles=troubles)


def _matters(parts: OutputParts, clock: Clock) -> Callable[[Notice], bool]:
    """Return whether a notice that was refused is held: its alarm stands, or its reader is owed the end."""

    def matters(notice: Notice) -> bool:
        if notice.purpose in STANDING:
            state = parts.alarms.state(notice.device, notice.rule)
            return state.occurrence == notice.occurrence and (state.active or state.latched)
        if clock.now()[0] - notice.at >= HELD_FOR.get(notice.purpose, 0):
            return False
        return notice.purpose not in ENDS or parts.planner.has_told(notice)

    return matters


def make_forwarder(
    site: Site, parts: OutputParts, environment: Environment, name: str, settings: SinkSettings
) -> Forwarder:
    """Return the forwarder of one sink."""

    async def advance(sink: str, kind: LineKind, row: int) -> None:
        await parts.flow.commit([CursorWrite(sink, kind, row)])

    async def add_dead_letter_line(letter: DeadLetterLine) -> None:
        await parts.flow.commit([DeadLetterLineWrite([letter])])

    return Forwarder(
        name, environment.sink(settings), site.id, parts.path, advance, add_dead_letter_line,
        clock=environment.clock, thread=environment.writer(),
    )  # fmt: skip


class SinkTasks:
    """One task per sink; another site ends and begins only those that differ."""

    def __init__(self, group: asyncio.TaskGroup, parts: OutputParts, environment: Environment) -> None:
        self._group, self._parts, self._environment = group, parts, environment
        self._running: dict[str, tuple[SinkSettings, asyncio.Task[None]]] = {}
        self.forwarders: dict[str, Forwarder] = {}

    async def forward(self, site: Site) -> None:
        """Forward to the sinks of a site: what was not acknowledged before is sent again by the new one."""
        changed = [name for name, (known, _) in self._running.items() if site.sinks.get(name) != known]
        await end([self._running.pop(name)[1] for name in changed])
        for name in changed:
            del self.forwarders[name]
        for name, settings in site.sinks.items():
            if name not in self._running:
                one = make_forwarder(site, self._parts, self._environment, name, settings)
                self.forwarders[name] = one
                self._running[name] = settings, self._group.create_task(one.run(), name=f"sink {name}")

    async def stop(self) -> None:
        """End all."""
        await end([task for _, task in self._running.values()])
