"""facilityd tasks, take, done, note and cancel: repairs and inspections, and who does them."""

from __future__ import annotations

import errno
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from facilityd.cli.arguments import Asked, by_option, number_argument, one_site, site_and_names
from facilityd.cli.command import send
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import console, json_option, print_json, say, table
from facilityd.cli.text_table import Column, whole
from facilityd.cli.when import DurationParam
from facilityd.cli.words import sentence, show_span, word
from facilityd.errors import UsageError
from facilityd.model.command import CancelTask, CompleteTask, NoteTask, TakeOverTask, TakeTask
from facilityd.model.message import Wording
from facilityd.model.photo import short_name
from facilityd.query.instants import show_instant
from facilityd.query.words import query_words
from facilityd.supervise.inbox import whoami

if TYPE_CHECKING:
    from facilityd.config.site import Site
    from facilityd.model.task import TaskEvent
    from facilityd.model.text import Language
    from facilityd.query.tasks import TaskRecord, TaskRow

COLUMNS = (
    whole("no.", "编号", named=True), whole("device", "设备"), Column("what", "内容"), whole("state", "状态"),
    whole("by", "负责人"), whole("due", "期限", named=True),
)  # fmt: skip
EVENTS = (whole("time", "时刻"), whole("event", "事件"), whole("by", "人员"), Column("said", "说明"))
comment_option = click.option("--comment", "-m", default="", help="What you found or will do.")


@click.command()
@one_site
@click.argument("number", type=click.IntRange(1, 2**53), required=False)
@click.option("--all", "everything", is_flag=True, help="Also those that are closed.")
@lang_option
@json_option
def tasks(site: Path, number: int | None, everything: bool, lang: str | None, as_json: bool) -> None:
    """List the tasks: repairs and inspections.

    With a NUMBER: one task whole, with its steps, notes and what happened to it.
    """
    from facilityd.cli.headline import warn_unwatched
    from facilityd.config.load import load
    from facilityd.query.site import SiteQuery

    loaded = load(site, secrets=False)
    language = chosen(lang, loaded)
    with SiteQuery(loaded) as query:
        warn_unwatched(loaded, query.journal, language)
        if number is not None:
            _show(loaded, query.task(number), language, as_json=as_json)
            return
        rows = query.tasks(everything=everything)
    if as_json:
        print_json([row.plain() for row in rows])
    elif rows:
        cells = [_cells(loaded, row, language) for row in rows]
        console().print(table("", COLUMNS, cells, language=language))
    else:
        say(sentence("no-tasks", language))


@click.command()
@site_and_names("device", "rule", needed=False)
@click.option(
    "--due", "lasts", type=DurationParam(), default=None, help="Within how long it will be done, such as 4h."
)
@comment_option
@by_option
@lang_option
@json_option
def take(
    asked: Asked, lasts: int | None, comment: str, person: str | None, lang: str | None, as_json: bool
) -> None:
    """Take the repair of an alarm, or a task by its number.

    Who takes a repair acknowledges its alarm.
    """
    from facilityd.app.builtin import all_devices
    from facilityd.config.load import load
    from facilityd.query.alarms import require_rule

    loaded = load(*asked.site, secrets=False)
    who, due = person or whoami(), time.time_ns() + lasts if lasts else 0
    if len(asked.names) == 1 and asked.names[0].isdecimal():
        send(loaded, TakeOverTask, task=int(asked.names[0]), person=who, comment=comment, due=due)
        _say(loaded, "task", int(asked.names[0]), "task-taken", who, lang, as_json=as_json)
        return
    if len(asked.names) != 2:  # noqa: PLR2004
        raise UsageError(Wording("ask.nothing-to-take"), hint=Wording("ask.take-what"))
    device, rule = asked.names
    require_rule(all_devices(loaded), device, rule)
    send(loaded, TakeTask, device=device, rule=rule, person=who, comment=comment, due=due)
    _say(loaded, "alarm", f"{device} {rule}", "task-taken", who, lang, as_json=as_json)


_photo_option = click.option(
    "--photo", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=None,
    help="A photo as a file: JPEG, PNG or WebP.",
)  # fmt: skip


def _kept(site: Site, photo: Path) -> str:
    """Keep a photo beside the journal; return its name. Raises UsageError for what is none."""
    from facilityd.model.regular import read_regular
    from facilityd.supervise.photo_content import MIB, MOST_BYTES
    from facilityd.supervise.photos import PhotoFolder

    try:
        content = read_regular(photo, MOST_BYTES)
    except OSError as error:
        what = Wording("photo.too-large", most=MOST_BYTES // MIB)
        raise UsageError(what if error.errno == errno.EFBIG else str(error), where=str(photo)) from error
    return PhotoFolder(Path(site.store.path)).add(content)[0]


def _act(name: str, kind: type[Any], text: str, done: str, *, noted: bool) -> click.Command:
    """Return a command about one task."""

    @click.command(name, help=text)
    @one_site
    @number_argument
    @comment_option
    @by_option
    @lang_option
    @json_option
    def command(
        site: Path,
        number: int,
        comment: str,
        person: str | None,
        lang: str | None,
        as_json: bool,
        photo: Path | None = None,
        **more: str,
    ) -> None:
        from facilityd.config.load import load

        loaded, who = load(site, secrets=False), person or whoami()
        if photo is not None:
            more["photo"] = _kept(loaded, photo)
        send(loaded, kind, task=number, person=who, comment=comment, **more)
        _say(loaded, "task", number, done, who, lang, as_json=as_json)

    if noted:
        command = click.option("--parts", default="", help="Parts that were used.")(command)
        command = _photo_option(command)
    return command


done = _act(
    "done", CompleteTask,
    "Say that a task is done.\n\nThe data have the last word: the rule must stay right for a time.",
    "task-done", noted=True,
)  # fmt: skip
note = _act("note", NoteTask, "Write down something about a task.", "task-noted", noted=True)
cancel = _act(
    "cancel", CancelTask, "Cancel a task of which nothing is to be done.", "task-cancelled", noted=False
)


def _say(site: Site, kind: str, what: object, how: str, who: str, lang: str | None, *, as_json: bool) -> None:
    if as_json:
        print_json({kind: what, "person": who, how.replace("-", "_"): True})
    else:
        language = chosen(lang, site)
        shown = sentence("task", language, number=what) if kind == "task" else str(what)
        say(sentence("done", language, what=shown, done=sentence(how, language, who=who)))


def _cells(site: Site, row: TaskRow, language: Language) -> tuple[object, ...]:
    task = row.task
    return (
        task.id, task.device, row.what.in_(language), _state(row, language), task.person,
        _due(site, row, language),
    )  # fmt: skip


def _state(row: TaskRow, language: Language) -> str:
    task = row.task
    if task.state == "done" and not row.known and not task.closed:
        return sentence("task-unknown", language)
    name = task.state.wording.in_(language)
    if task.closed and not task.closed_at:
        return sentence("task-closed", language)
    return sentence("task-again", language, state=name, n=task.reopened) if task.reopened else name


def _due(site: Site, row: TaskRow, language: Language) -> str:
    if not row.task.due or row.task.closed:
        return ""
    shown = show_instant(row.task.due, site.timezone)[:16]
    late = time.time_ns() - row.task.due
    return sentence("task-late", language, due=shown, late=show_span(late, language)) if row.late else shown


def _show(site: Site, record: TaskRecord, language: Language, *, as_json: bool) -> None:
    if as_json:
        print_json(record.plain())
        return
    row, out = record.row, console()
    head = sentence(
        "task-head",
        language,
        number=row.task.id,
        device=row.device.in_(language),
        what=row.what.in_(language),
    )
    out.print(head, highlight=False, markup=False)
    due = _due(site, row, language)
    said = sentence("task-due", language, due=due) if due else ""
    facts = (_state(row, language), row.task.person, said)
    out.print("  ".join(filter(None, facts)), highlight=False, markup=False)
    for n, step in enumerate(row.steps, 1):
        out.print(f"{n}. {step.in_(language)}", highlight=False, markup=False)
    cells = [_event(site, event, language) for event in record.events]
    out.print(table("", EVENTS, cells, language=language))


def _event(site: Site, event: TaskEvent, language: Language) -> tuple[object, ...]:
    about = event.details
    said = [event.note, str(about.get("parts", "")), short_name(str(about.get("photo", "")))]
    when = show_instant(event.at, site.timezone)[:16]
    return (
        when,
        word(query_words().task_event, event.kind.value, language),
        event.person,
        "; ".join(filter(None, said)),
    )
