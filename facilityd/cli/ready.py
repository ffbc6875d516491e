"""facilityd ready: the next ceremony and the checklist before it, item by item."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Group
from rich.live import Live
from rich.text import Text

from facilityd.cli.output import console, json_option, print_json, said, table
from facilityd.errors import UsageError
from facilityd.marked import suggestion
from facilityd.model.text import Language

if TYPE_CHECKING:
    from facilityd.cli.countdown import Countdown
    from facilityd.cli.readiness import Line
    from facilityd.config.site import Site

HEAD = {
    "zh": ("设备", "项目", "结果", "数值", "先做"),
    "en": ("device", "item", "result", "values", "do first"),
}
MARKS = {
    "zh": {"pass": "通过", "fail": "未通过", "unknown": "未知"},
    "en": {"pass": "pass", "fail": "FAIL", "unknown": "UNKNOWN"},
}
VERDICT = {"zh": ("不具备条件", "可以升降"), "en": ("NOT ready", "ready")}


@click.command()
@click.argument("site", type=click.Path(exists=True, path_type=Path))
@click.argument("device", required=False, default="")
@click.option("--watch", is_flag=True, help="Count down in the terminal until Ctrl-C.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="en", show_default=True)
@json_option
@click.pass_context
def ready(ctx: click.Context, site: Path, device: str, watch: bool, lang: str, as_json: bool) -> None:
    """Tell when the next ceremony is and whether the devices with a checklist are ready for it.

    Unknown is not ready. The daemon recommends, staff decide.
    Exit status 0: every item passed (or the countdown was ended). 1: one failed or is unknown.
    """
    from facilityd.cli.countdown import countdown
    from facilityd.cli.readiness import report
    from facilityd.config.load import load

    language: Language = "zh" if lang == "zh" else "en"
    if watch and as_json:
        raise UsageError("--watch is for people, --json for programs", hint="give one of them")
    if watch and not sys.stdout.isatty():
        raise UsageError("a countdown needs a terminal", hint="leave out --watch to print it once")
    loaded = load(site)
    devices = _chosen(loaded, device)
    if watch:
        _watch(loaded, devices, language)
        return
    lines, coming = report(loaded, devices), countdown(loaded, time.time_ns())
    good = _good(lines)
    if as_json:
        print_json({"ready": good, "ceremony": coming.plain(), "items": [line.plain() for line in lines]})
    else:
        console().print(_view(lines, coming, language))
    ctx.exit(0 if good else 1)


def _chosen(site: Site, device: str) -> list[str]:
    known = [name for name, one in site.devices.items() if one.family.readiness]
    if not known:
        hint = "it is the 'readiness' of a family"
        raise UsageError("no device has a checklist", where=site.source, hint=hint)
    if device and device not in known:
        raise UsageError(f"no device {device!r} with a checklist", hint=suggestion(device, known))
    return [device] if device else known


def _watch(site: Site, devices: Sequence[str], language: Language) -> None:
    """Redraw every second until Ctrl-C; the seconds are taken from the clock, not counted."""
    from facilityd.cli.countdown import countdown
    from facilityd.cli.readiness import report

    def now() -> Group:
        coming = countdown(site, time.time_ns())
        return _view(report(site, devices), coming, language, seconds=True)

    # A shell's background job begins with Ctrl-C ignored; a countdown must end by it all the same.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with (
        contextlib.suppress(KeyboardInterrupt),
        Live(now(), console=console(), screen=True, auto_refresh=False) as live,
    ):
        while True:
            time.sleep(1.0 - time.time() % 1.0)
            live.update(now(), refresh=True)


def _view(lines: Sequence[Line], coming: Countdown, language: Language, *, seconds: bool = False) -> Group:
    good = _good(lines)
    return Group(
        Text(coming.sentence(language, seconds=seconds), style="bold"),
        table("", HEAD[language], [_row(line, language) for line in lines]),
        said(VERDICT[language][good], "" if good else "high", calm=good),
    )


def _row(line: Line, language: Language) -> tuple[object, ...]:
    passed = line.mark == "pass"
    mark = said(MARKS[language][line.mark], "" if passed else "high", calm=passed)
    first = "" if passed else line.first.in_(language)
    return (line.device, line.name.in_(language), mark, line.shown, first)


def _good(lines: Sequence[Line]) -> bool:
    return all(line.mark == "pass" for line in lines)
