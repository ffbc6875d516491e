"""Everything that happened, one line after the other: alarms, tasks, what people asked, times not watched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from heapq import merge
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from facilityd.app.builtin import DAEMON
from facilityd.config.site import Device
from facilityd.errors import UsageError
from facilityd.model.alarm import Change, ChangeKind
from facilityd.model.message import Wording
from facilityd.model.refusal import read
from facilityd.model.task import TaskEventKind, fold
from facilityd.model.text import Text
from facilityd.query.changes import change_rows
from facilityd.query.instants import show_second
from facilityd.query.json_data import to_plain
from facilityd.query.kpi_answer import alarm_words
from facilityd.query.timeline_entries import name_of
from facilityd.query.timeline_words import timeline_words
from facilityd.query.words import both, query_words
from facilityd.store.reader import JournalReader

QUIET = frozenset({ChangeKind.LOSE.value, ChangeKind.REGAIN.value, ChangeKind.CLOCK_SET.value})
"""Changes that are listed only on request: whether a rule can be judged, what a clock that was set moved."""
_OF_DEVICE = frozenset({ChangeKind.STATE_BEGINS, ChangeKind.STATE_OVER})
SOURCES = ("alarm", "task", "command", "mark", "downtime")


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events: since <= at < until (ns UTC); "" and () are any.

    ``kind``: a source (alarm, task, command, mark, downtime) or what happened (raise, take, reload …).
    """

    since: int
    until: int
    devices: tuple[str, ...] = ()
    family: str = ""
    rule: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event at ``at`` (ns UTC). ``source`` says of what table it is, ``kind`` what happened.

    ``what``: of what; ``said``: what happened in words; ``more``: evidence, a note or a reason.
    """

    at: int
    source: str
    kind: str
    device: str
    where: Text
    rule: str
    what: Text
    said: Text
    priority: str = ""
    person: str = ""
    more: Text | None = None

    def plain(self) -> dict[str, Any]:
        """Return data for JSON; texts in both languages."""
        return dict(to_plain({name: getattr(self, name) for name in self.__slots__}))


def kinds() -> list[str]:
    """Return everything that may be asked for as a kind."""
    words = query_words()
    every = [*SOURCES, *words.change, *words.task_event, *words.command, *timeline_words().mark]
    return list(dict.fromkeys(every))


def read_events(
    devices: Mapping[str, Device], reader: JournalReader, asked: EventFilter, zone: str, most: int
) -> list[EventRow]:
    """Return at most so many events, the oldest first. Raises UsageError for a kind that there is not."""
    if asked.kind and asked.kind not in kinds():
        names = ", ".join(SOURCES)
        raise UsageError(
            Wording("ask.no-kind", kind=asked.kind), hint=Wording("ask.known-names", names=names)
        )
    log = _EventReader(devices, reader, asked, zone)
    parts = (log.alarms(), log.tasks(), log.commands(), log.marks(), log.downtimes())
    rows = merge(*(sorted(part, key=lambda row: row.at) for part in parts), key=lambda row: row.at)
    return list(islice(filter(log.accepts, rows), most))


class _EventReader:
    def __init__(
        self, devices: Mapping[str, Device], reader: JournalReader, asked: EventFilter, zone: str
    ) -> None:
        self._devices, self._reader, self._asked, self._zone = devices, reader, asked, zone

    def accepts(self, row: EventRow) -> bool:
        """Return whether an event is asked for."""
        asked, known = self._asked, self._devices.get(row.device)
        quiet = row.source == "alarm" and row.kind in QUIET and asked.kind != row.kind
        return (
            not quiet and asked.since <= row.at < asked.until and asked.kind in ("", row.source, row.kind)
            and (not asked.devices or row.device in asked.devices) and asked.rule in ("", row.rule)
            and asked.family in ("", known.family.family if known else None)
        )  # fmt: skip

    def alarms(self) -> Iterator[EventRow]:
        """Yield the changes of alarms."""
        stored, told = self._reader.changes(self._asked.since), set[tuple[str, str, int]]()
        for row in change_rows(stored, self._devices, ZoneInfo(self._zone)):
            one = row.stored.change
            if one.kind in _OF_DEVICE and not self._asked.rule:
                key = (one.kind.value, one.device, one.at)
                if key not in told:
                    told.add(key)
                    yield self._state(one)
                continue
            text = row.evidence
            more = both(text) if one.evidence else Text.model_construct(zh=one.comment, en=one.comment)
            yield EventRow(
                one.at, "alarm", one.kind.value, one.device, name_of(self._devices, one.device), one.rule,
                row.what, query_words().change[one.kind.value], row.stored.priority, one.person, more,
            )  # fmt: skip

    def _state(self, one: Change) -> EventRow:
        """Return what began or ended for a whole device: it is on record of each of its alarms."""
        name = str(one.details.get("state", ""))
        what = timeline_words().state.get(name, Text.model_construct(zh=name, en=name))
        more = Text.model_construct(zh=one.comment, en=one.comment)
        where, said = name_of(self._devices, one.device), query_words().change[one.kind.value]
        return EventRow(
            one.at, "alarm", one.kind.value, one.device, where, "", what, said, "", one.person, more
        )

    def tasks(self) -> Iterator[EventRow]:
        """Yield what happened to tasks."""
        events = self._reader.task_events()
        known = fold(events)
        for one in events:
            task = known.get(one.task)
            if task is None:
                continue
            what = alarm_words(self._devices, task.device, task.rule or task.inspection)[0]
            kind = "task-note" if one.kind is TaskEventKind.NOTE else one.kind.value
            yield EventRow(
                one.at, "task", kind, task.device, name_of(self._devices, task.device), task.rule, what,
                query_words().task_event[one.kind.value], "", one.person,
                Text.model_construct(zh=one.note, en=one.note),
            )  # fmt: skip

    def commands(self) -> Iterator[EventRow]:
        """Yield what people asked, also what was refused."""
        for one in self._reader.commands(self._asked.since):
            payload = one.payload if isinstance(one.payload, dict) else {}
            device, rule = str(payload.get("device", "")), str(payload.get("rule", ""))
            empty = Text.model_construct(zh="", en="")
            where = name_of(self._devices, device) if device else empty
            what = alarm_words(self._devices, device, rule)[0] if rule else empty
            said = query_words().command.get(one.kind, Text.model_construct(zh=one.kind, en=one.kind))
            more = read(one.refusal) if one.refusal else empty
            yield EventRow(
                one.done_at, "command", one.kind, device, where, rule, what, said, "", one.person, more
            )

    def marks(self) -> Iterator[EventRow]:
        """Yield what operators marked, at the beginning of the time that they mean."""
        for one in self._reader.marks():
            fault = Text.model_construct(zh=one.fault, en=one.fault)
            note = Text.model_construct(zh=one.note, en=one.note)
            yield EventRow(
                one.since, "mark", one.kind.value, one.device, name_of(self._devices, one.device), "", fault,
                timeline_words().mark[one.kind.value], "", one.person, note,
            )  # fmt: skip

    def downtimes(self) -> Iterator[EventRow]:
        """Yield the times in which nobody watched, at their beginnings."""
        where = name_of(self._devices, DAEMON)
        for one in self._reader.downtimes(self._asked.since, self._asked.until):
            edges = show_second(one.since, self._zone), show_second(one.until, self._zone)
            said = timeline_words().kind["downtime"]
            more = both(partial(one.sentence, *edges))
            yield EventRow(
                one.since,
                "downtime",
                one.why.value,
                DAEMON,
                where,
                "",
                Text(zh="—", en="—"),
                said,
                "",
                "",
                more,
            )
