"""The group of commands. Each is imported only when it is called, so that help is quick."""

from __future__ import annotations

import errno
import gc
import logging
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import click

from facilityd.cli.click_words import install
from facilityd.cli.help import HELP_NAMES, Context, help_table, spoken, summary
from facilityd.cli.language import current, forget, in_words, lang_option, listen, named, problem_lines
from facilityd.cli.starting import refuse_cut_short, speak_any_locale
from facilityd.errors import ConfigError, FacilitydError
from facilityd.model.message import Wording
from facilityd.model.plain import masked, plain

# name: module and its click command; what each is for stands in help.yaml
COMMANDS = {
    "init": "facilityd.cli.init:init",
    "run": "facilityd.cli.run:run",
    "check": "facilityd.cli.check:check",
    "reload": "facilityd.cli.reload:reload",
    "health": "facilityd.cli.health:health",
    "upgrade-check": "facilityd.cli.upgrade_check:upgrade_check",
    "install-service": "facilityd.cli.install_service:install_service",
    "plan": "facilityd.cli.plan:plan",
    "probe": "facilityd.cli.probe:probe",
    "hardware": "facilityd.cli.hardware:hardware",
    "scan": "facilityd.cli.scan:scan",
    "profile": "facilityd.cli.profile:profile",
    "status": "facilityd.cli.status:status",
    "tail": "facilityd.cli.tail:tail",
    "history": "facilityd.cli.history:history",
    "timeline": "facilityd.cli.timeline:timeline",
    "alarms": "facilityd.cli.alarms:alarms",
    "events": "facilityd.cli.events:events",
    "states": "facilityd.cli.states:states",
    "worst": "facilityd.cli.worst:worst",
    "runs": "facilityd.cli.runs:runs",
    "hazards": "facilityd.cli.hazards:hazards",
    "forecast": "facilityd.cli.forecast:forecast",
    "ack": "facilityd.cli.act:ack",
    "reset": "facilityd.cli.act:reset",
    "realarm": "facilityd.cli.act:realarm",
    "confirm": "facilityd.cli.suppression:confirm",
    "shelve": "facilityd.cli.suppression:shelve",
    "unshelve": "facilityd.cli.suppression:unshelve",
    "out-of-service": "facilityd.cli.suppression:out_of_service",
    "return-to-service": "facilityd.cli.suppression:return_to_service",
    "maintenance": "facilityd.cli.maintenance:maintenance",
    "state": "facilityd.cli.state:state",
    "tasks": "facilityd.cli.tasks:tasks",
    "take": "facilityd.cli.tasks:take",
    "done": "facilityd.cli.tasks:done",
    "note": "facilityd.cli.tasks:note",
    "cancel": "facilityd.cli.tasks:cancel",
    "simulate": "facilityd.cli.simulate:simulate",
    "rules": "facilityd.cli.rules:rules",
    "commission": "facilityd.cli.commission:commission",
    "baselines": "facilityd.cli.baselines:baselines",
    "service": "facilityd.cli.service:service",
    "ready": "facilityd.cli.ready:ready",
    "waive": "facilityd.cli.waive:waive",
    "unwaive": "facilityd.cli.waive:unwaive",
    "waivers": "facilityd.cli.waive:waivers",
    "mark": "facilityd.cli.mark:mark",
    "unmark": "facilityd.cli.mark:unmark",
    "marks": "facilityd.cli.mark:marks",
    "notices": "facilityd.cli.notices:notices",
    "notify": "facilityd.cli.notices:notify",
    "audit": "facilityd.cli.audit:audit",
    "kpi": "facilityd.cli.kpi:kpi",
    "report": "facilityd.cli.report:report",
    "doctor": "facilityd.cli.doctor:doctor",
    "storage": "facilityd.cli.storage:storage",
    "backfill": "facilityd.cli.backfill:backfill",
    "backup": "facilityd.cli.backup:backup",
    "compare": "facilityd.cli.compare:compare",
    "export": "facilityd.cli.export:export",
    "restore": "facilityd.cli.backup:restore",
    "backtest": "facilityd.cli.backtest:backtest",
    "record": "facilityd.cli.record:record",
    "serve": "facilityd.cli.serve:serve",
    "user": "facilityd.cli.user:user",
    "docs": "facilityd.cli.docs:docs",
    "completion": "facilityd.cli.completion:completion",
}
RENAMED = {"alarm": "alarms", "serviced": "service"}
"""Names of before, which go on to work and say what they are called now."""
IN_A_TEXT = "KeyboardInterrupt: "
EXIT_PROBLEM, EXIT_BUG, UMASK = 1, 70, 0o077  # 70 is EX_SOFTWARE of sysexits.h
COLLECT_AFTER = 20_000
"""Objects more than freed ones after which Python looks for cycles: what a start makes is kept anyway."""
OPTIONAL = {"amqtt": "demo", "aiosmtpd": "demo", "pyarrow": "parquet", "pytest": "testing", "resvg_py": "png"}
"""Libraries that only some commands need, and the extra that brings them."""
LONGEST = 4000
"""Characters of one error's text."""


class _Lazy(click.Group):
    context_class = Context

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        listen(args)
        return super().make_context(info_name, args, parent, **extra)

    def main(  # type: ignore[override]
        self, args: Sequence[str] | None = None, standalone_mode: bool = True, **extra: Any
    ) -> Any:  # fmt: skip
        """Run a command; one that ends here, not in our own ``main``, leaves no language behind."""
        try:
            return super().main(args, standalone_mode=standalone_mode, **extra)
        finally:
            if standalone_mode:
                forget()

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS | RENAMED and not args[0].startswith("-"):
            import difflib

            from facilityd.cli.words import sentence

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            language = current()
            meant = sentence("meant-command", language, command=near[0]) if near else ""
            ctx.fail(sentence("no-command", language, command=args[0]) + meant)
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name in RENAMED and not ctx.resilient_parsing:
            from facilityd.cli.words import sentence

            now = RENAMED[name]
            click.echo(sentence("called-now", current(), old=name, new=now), err=True)
        name = RENAMED.get(name, name)
        if name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[name].partition(":")
        command = getattr(import_module(module), attribute)
        return spoken(command, name, current()) if isinstance(command, click.Command) else None

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        click.Group.format_help(spoken(self, "", current()), ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands by what they are for, each with one whole sentence."""
        language, width = current(), max(map(len, COMMANDS))
        for group in help_table().groups:
            with formatter.section(group.title[language]):
                formatter.write_dl([(name.ljust(width), summary(name, language)) for name in group.commands])


@click.command(cls=_Lazy, context_settings={"help_option_names": HELP_NAMES})
@click.version_option(package_name="facilityd")
@lang_option
def facilityd(lang: str | None) -> None:
    """Watch the equipment of a civic square. facilityd only reads; it never commands a device.

    SITE is a folder of *.yaml files, or one file.
    """


install()


def main() -> None:
    """Run a command. Named errors are one line; a bug is loud and leaves a report."""
    # Journals, logs, inboxes and reports are for the daemon's own user, whatever the shell says.
    os.umask(UMASK)
    gc.set_threshold(COLLECT_AFTER, 20, 20)
    speak_any_locale()
    try:
        status = _call()
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except FacilitydError as error:
        _named([error])
    except OSError as error:
        _output_gone(error)
    except ModuleNotFoundError as error:
        _not_installed(error)
    except ExceptionGroup as group:
        named, bugs = group.split(FacilitydError)
        if bugs or named is None:
            _bug(group)
        _named([error for error in _flat(named) if isinstance(error, FacilitydError)])
    except Exception as error:  # noqa: BLE001 - the last-resort handler
        _bug(error)
    sys.exit(status)


def _call() -> int | None:
    """Return the status that a command asked for: what click returns outside its standalone mode."""
    try:
        status = facilityd(standalone_mode=False)
        sys.stdout.flush()
    except click.Abort as abort:  # click takes the end of a module for that of a person's answers
        if isinstance(abort.__cause__, EOFError):
            refuse_cut_short(abort.__cause__)
        raise
    except SystemExit:
        # No command exits so; click and rich do where the reader of our output has gone. One that has
        # seen enough (``| head``) is no mistake.
        return 0
    return status if isinstance(status, int) else None


def _not_installed(error: ModuleNotFoundError) -> NoReturn:
    """End where a library is missing that only some commands need."""
    extra = OPTIONAL.get((error.name or "").partition(".")[0])
    if not extra:
        _bug(error)
    said = Wording("ask.needs-library", library=error.name, extra=extra)
    click.echo(f"facilityd: {in_words(said)}", err=True)
    sys.exit(EXIT_PROBLEM)


def _output_gone(error: OSError) -> NoReturn:
    """End where nobody takes the output: a reader that has seen enough (``| head``) is no mistake."""
    if error.errno not in (errno.EPIPE, errno.ENOSPC, errno.EIO) or error.filename is not None:
        _bug(error)
    # What is still buffered would fail once more when the interpreter ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if error.errno == errno.EPIPE:
        sys.exit(0)
    click.echo(f"facilityd: the output cannot be written: {error.strerror}", err=True)
    sys.exit(EXIT_PROBLEM)


def _interrupted(error: BaseException | None) -> bool:
    """Return whether Ctrl-C is behind an error: a class body may wrap it, pydantic-core says it in a text."""
    while not (error is None or isinstance(error, KeyboardInterrupt) or str(error).endswith(IN_A_TEXT)):
        error = error.__cause__ or error.__context__
    return error is not None


def _flat(group: BaseException | None) -> Iterator[BaseException]:
    if isinstance(group, BaseExceptionGroup):
        for error in group.exceptions:
            yield from _flat(error)
    elif group is not None:
        yield group


def _named(errors: Iterable[FacilitydError]) -> NoReturn:
    for error in errors:
        lines = problem_lines(error) if isinstance(error, ConfigError) else [f"facilityd: {named(error)}"]
        click.echo("\n".join(plain(line, LONGEST, lines=True) for line in lines), err=True)
    sys.exit(EXIT_PROBLEM)


def _bug(error: BaseException) -> NoReturn:
    if _interrupted(error):
        sys.exit(130)
    import tempfile
    import traceback

    secrets = _secrets()
    what = plain(masked(f"{type(error).__name__}: {error}", secrets))
    click.echo(f"facilityd: this is a bug: {what}", err=True)
    text = masked("".join(traceback.format_exception(error)), secrets)
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="facilityd-bug-", suffix=".txt", delete=False, encoding="utf-8", errors="replace"
        ) as report:
            report.write(text)
    except OSError as closed:
        click.echo(f"facilityd: no report could be written: {closed.strerror}", err=True)
    else:
        click.echo(f"facilityd: please report it with {Path(report.name)}", err=True)
    sys.exit(EXIT_BUG)


def _secrets() -> frozenset[str]:
    """Return what the log masks: a report holds no more than it."""
    formatters = (handler.formatter for handler in logging.getLogger().handlers)
    return frozenset().union(*(getattr(one, "secrets", frozenset()) for one in formatters))
