"""What people did in a timeline: tasks, maintenance and other states, marks, and what else they asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from facilityd.config.site import Device
from facilityd.model.alarm import ChangeKind
from facilityd.model.command_record import CommandRecord
from facilityd.model.marks import OperatorMark
from facilityd.model.task import TaskEvent, TaskEventKind
from facilityd.model.text import Text
from facilityd.query.tasks import TaskRow
from facilityd.query.timeline_entries import Key, TimelineEntry, TimelineLine, name_of
from facilityd.query.timeline_lines import clock
from facilityd.query.timeline_words import by, timeline_text, timeline_words
from facilityd.query.words import query_words
from facilityd.store.rows import StoredChange

OTHERS = frozenset({"waive", "unwaive", "service", "baseline", "reload", "notify-test", "unmark", "scan"})
"""Commands that nothing else in the timeline tells of."""
HELD = (ChangeKind.STATE_BEGINS, ChangeKind.STATE_OVER)
"""The kinds of changes that begin and end maintenance and other states of devices."""


def task_lines(
    rows: Iterable[TaskRow], events: Iterable[TaskEvent], span: tuple[int, int], zone: str
) -> dict[int, list[TimelineLine]]:
    """Return by task what happened to it within since <= t < until (ns UTC); of opening an alarm's none."""
    known = {row.task.id: row for row in rows}
    found: dict[int, list[TimelineLine]] = {}
    for event in events:
        row = known.get(event.task)
        if row is None or not span[0] <= event.at < span[1]:
            continue
        if event.kind is TaskEventKind.OPEN and row.task.rule:
            continue  # whoever took the alarm opened it
        about = {"number": event.task, "what": query_words().task_event[event.kind.value]}
        who = by(event.person, event.note)
        text = timeline_text("of-task", at=clock(event.at, zone), by=who, **about)
        found.setdefault(event.task, []).append(TimelineLine("task", event.at, text))
    return found


def with_tasks(
    entries: list[TimelineEntry], rows: Iterable[TaskRow], lines: Mapping[int, list[TimelineLine]]
) -> Iterator[TimelineEntry]:
    """Yield the entries, each with the tasks of its alarms; then a task of no incident as an entry."""
    left = {row.task.id: row for row in rows if row.task.id in lines}
    for entry in entries:
        own = [n for n, row in left.items() if (row.task.device, row.task.rule) in _alarms(entry)]
        yield entry.with_lines(*(line for n in own for line in lines[n])) if own else entry
        left = {n: row for n, row in left.items() if n not in own}
    for number, row in left.items():
        told = tuple(lines[number])
        yield TimelineEntry(
            "task", told[0].at, told[-1].at, (row.task.device,), row.device, row.what, lines=told
        )


def _alarms(entry: TimelineEntry) -> set[Key]:
    return {(alarm.device, alarm.rule) for alarm in entry.alarms}


def held_entries(
    changes: Iterable[StoredChange], devices: Mapping[str, Device], span: tuple[int, int]
) -> list[TimelineEntry]:
    """Return maintenance and the other states of devices, each once however many alarms it holds."""
    begun: dict[tuple[str, str], StoredChange] = {}
    ended: dict[str, list[int]] = {}
    for stored in changes:
        change = stored.change
        if change.kind is ChangeKind.STATE_BEGINS:
            key = (change.device, str(change.details.get("command") or change.at))
            begun.setdefault(key, stored)
        elif change.kind is ChangeKind.STATE_OVER:
            ended.setdefault(change.device, []).append(change.at)
    found = []
    for (device, _), stored in begun.items():
        change = stored.change
        over = min((at for at in ended.get(device, ()) if at > change.at), default=None)
        if change.at < span[1] and (over is None or over >= span[0]):
            until = over if over is not None and over < span[1] else None
            found.append(_held(device, stored, until, devices))
    return found


def _held(
    device: str, stored: StoredChange, until: int | None, devices: Mapping[str, Device]
) -> TimelineEntry:
    change = stored.change
    name = str(change.details.get("state", ""))
    state = timeline_words().state.get(name, Text.model_construct(zh=name, en=name))
    what = timeline_text("held", state=state, by=by(change.person, change.comment))
    return TimelineEntry("held", change.at, until, (device,), name_of(devices, device), what)


def mark_entries(
    marks: Iterable[OperatorMark], devices: Mapping[str, Device], span: tuple[int, int]
) -> list[TimelineEntry]:
    """Return what operators marked in since <= t < until (ns UTC)."""
    found = []
    for one in marks:
        if one.overlaps(*span):
            fault = timeline_text("fault", fault=one.fault) if one.fault else ""
            kind = timeline_words().mark[one.kind.value]
            what = timeline_text("mark", kind=kind, fault=fault, by=by(one.person, one.note))
            about = ((one.device,), name_of(devices, one.device), what)
            found.append(TimelineEntry("mark", one.since, one.until, *about))
    return found


def act_entries(
    records: Iterable[CommandRecord],
    devices: Mapping[str, Device],
    only: frozenset[str],
    span: tuple[int, int],
) -> list[TimelineEntry]:
    """Return what else people asked and was done; ``only`` of these devices, empty: of all and of none."""
    found = []
    for record in records:
        if record.kind not in OTHERS or record.refusal or not span[0] <= record.done_at < span[1]:
            continue
        payload = record.payload if isinstance(record.payload, dict) else {}
        device = str(payload.get("device", ""))
        if only and device not in only:
            continue
        why = str(payload.get("reason") or payload.get("comment") or "")
        what = timeline_text("command", what=query_words().command[record.kind], by=by(record.person, why))
        where = name_of(devices, device) if device else Text.model_construct(zh="", en="")
        found.append(
            TimelineEntry("act", record.done_at, record.done_at, (device,) if device else (), where, what)
        )
    return found
