"""What is said of tasks: overdue, to be inspected, not repaired, verified, and what others did to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from facilityd.model.notice import Notice, Purpose, notice_key
from facilityd.model.plain import plain
from facilityd.model.rule import Priority
from facilityd.model.sample import NS
from facilityd.model.settings import RecipientSettings
from facilityd.model.task import TaskEvent, TaskEventKind, TaskKind, TaskState
from facilityd.model.text import Language, ShortText, Text
from facilityd.notify.channel_order import first_channels
from facilityd.notify.headline import headline
from facilityd.notify.render import SiteContext
from facilityd.notify.roster import Roster
from facilityd.notify.texts import texts
from facilityd.notify.value_text import format_minute, format_span


@dataclass(frozen=True, slots=True)
class TaskContext:
    """What a task is about, in words: the device, its alarm or inspection, the steps.

    ``scope``: (device, family), by which people answer for it.
    """

    device: Text
    what: Text
    priority: Priority
    scope: tuple[tuple[str, str], ...] = ()
    steps: tuple[Text, ...] = ()
    short: ShortText = field(default_factory=ShortText)


def plan_task(
    event: TaskEvent, task: TaskState, about: TaskContext, place: SiteContext, roster: Roster,
    holder: str = "",
) -> list[Notice]:  # fmt: skip
    """Return the notices of an event; ``task`` is the state after it, ``holder`` who had it before.

    Whoever has the task hears what became of it, and what somebody else did to it. That it is overdue, or was
    not repaired, hears also who answers for the device; that there is something to inspect, only those.
    """
    purpose = BY_OTHERS.get(event.kind) or _purpose(event, task)
    if purpose is None:
        return []
    if event.kind in BY_OTHERS:
        people = {one.id: one for one in roster.people if _is(one, holder) and not _is(one, event.person)}
    else:
        own = [one for one in roster.people if _is(one, task.person)]
        others = [] if purpose is Purpose.TASK_VERIFIED else _answering(roster, about, event.at)
        people = {one.id: one for one in (*own, *others)}
    return [
        _notice(purpose, event, task, about, place, person, channel, roster)
        for person in people.values()
        for channel in first_channels(person)
    ]


BY_OTHERS = {
    TaskEventKind.TAKE: Purpose.TASK_TAKEN_OVER,
    TaskEventKind.DONE: Purpose.TASK_DONE,
    TaskEventKind.CANCEL: Purpose.TASK_CANCELLED,
}
"""What a person does: told to whoever had the task, where that is somebody else, and to nobody more."""


def _purpose(event: TaskEvent, task: TaskState) -> Purpose | None:
    if event.kind is TaskEventKind.OPEN:
        return Purpose.TASK_DUE if task.kind is TaskKind.INSPECTION else None
    return {
        TaskEventKind.OVERDUE: Purpose.TASK_OVERDUE,
        TaskEventKind.REOPEN: Purpose.TASK_REOPENED,
        TaskEventKind.VERIFY: Purpose.TASK_VERIFIED,
    }.get(event.kind)


def _answering(roster: Roster, about: TaskContext, at: int) -> list[RecipientSettings]:
    return [one for one in roster.responsible(at, about.scope) if about.priority >= one.minimum]


def _is(person: RecipientSettings, name: str) -> bool:
    return name.casefold() in {one.casefold() for one in (person.id, person.name.zh, person.name.en)}


def _notice(
    purpose: Purpose, event: TaskEvent, task: TaskState, about: TaskContext, place: SiteContext,
    person: RecipientSettings, channel: str, roster: Roster,
) -> Notice:  # fmt: skip
    language = person.language
    fields = _fields(event, task, about, place, language)
    subject = headline(purpose.value, fields, language)
    lines = texts().body[purpose.value].in_(language).format(**fields).splitlines()
    body = "\n".join(line.rstrip() for line in lines if line.strip())
    key = notice_key("task", task.id, purpose, person.id, channel, event.at)
    priority = Priority.LOW if event.kind in BY_OTHERS else about.priority
    return Notice(
        key, person.id, channel, purpose, language, subject, body, task.device, task.rule,
        task.occurrence, int(priority), event.at, roster.quiet_until(person, event.at, priority),
    )  # fmt: skip


def _fields(
    event: TaskEvent, task: TaskState, about: TaskContext, place: SiteContext, language: Language
) -> dict[str, str]:
    seen = event.details.get("seconds") or 0
    occasions = event.details.get("occasions") or 0
    return {
        "task": str(task.id),
        "site": place.name.in_(language),
        "device": about.device.in_(language),
        "device-short": task.device,
        "device_id": task.device,
        "what": about.what.in_(language),
        "what-short": about.short.in_(language),
        "by": place.called(event.person, language),
        "note": texts().task["note"].in_(language).format(note=plain(event.note)) if event.note else "",
        "at": format_minute(event.at, place.zone),
        "person": place.called(task.person, language) or texts().task["nobody"].in_(language),
        "due": format_minute(task.due, place.zone),
        "taken": format_minute(task.taken_at, place.zone) if task.taken_at else "",
        "late": format_span(max(0, event.at - task.due) / NS, language) if task.due else "",
        "seen": texts().task["runs" if occasions else "span"].in_(language).format(
            n=occasions, span=format_span(seen, language)
        ),
        "steps": _steps(about.steps, language),
        "command": place.command,
    }  # fmt: skip


def _steps(steps: Iterable[Text], language: Language) -> str:
    return "\n".join(f"{n}. {step.in_(language)}" for n, step in enumerate(steps, 1))
