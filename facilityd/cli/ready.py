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
from rich.console import ConsoleDimensions, Group
from rich.live import Live
from rich.text import Text

from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import STYLES, console, json_option, print_json, styled, table, warn
from facilityd.cli.text_table import Column, whole
from facilityd.cli.when import InstantParam, at_site, show_instant
from facilityd.cli.words import listed
from facilityd.cli.wrapping import wrapped
from facilityd.errors import UsageError
from facilityd.model.readiness import ItemOutcome
from facilityd.model.sample import NS
from facilityd.model.text import Language
from facilityd.notify.texts import texts
from facilityd.yaml_source import suggestion

if TYPE_CHECKING:
    from facilityd.cli.countdown import Countdown
    from facilityd.cli.readiness import ItemRow, ReadinessBoard
    from facilityd.config.site import Site
    from facilityd.model.readiness import Check, CheckedItem

COLUMNS = (
    whole("device", "设备"), Column("item", "项目"), whole("result", "结果"), Column("why", "依据"),
    Column("do first", "先做"),
)  # fmt: skip
PAST = (
    Column("ceremony", "仪式", gives=1), whole("at", "时刻"), whole("check", "检查"), whole("device", "设备"),
    whole("result", "结果"), Column("failed or unknown; waived", "未通过或未知；已放行"),
)  # fmt: skip
VERDICT = {
    "zh": {"fail": "不具备条件", "unknown": "不能确认具备条件", "pass": "可以升降"},
    "en": {"fail": "NOT ready", "unknown": "not known to be ready", "pass": "ready"},
}
AGAINST = {"zh": "（{outcome} {by}）", "en": " ({outcome} {by})"}
UNASKED = {
    "zh": "（共 {all} 项，其中 {absent} 项未装或未学习，未作检查）",
    "en": " ({absent} of {all} items were not checked: not fitted or not learned)",
}
WAIVED = {"zh": "{person} 放行至 {until}：{reason}", "en": "waived by {person} until {until}: {reason}"}
LAST = {"zh": "上次记录 T−{minutes}：{verdict}", "en": "last recorded check, T−{minutes}: {verdict}"}


@click.command()
@click.argument("site", type=click.Path(exists=True, path_type=Path))
@click.argument("device", required=False, default="")
@click.option("--watch", is_flag=True, help="Count down in the terminal until Ctrl-C.")
@click.option("--history", is_flag=True, help="Show the checks recorded at T-60, T-30 and T-10 min.")
@click.option(
    "--since", type=InstantParam(), default="7d", show_default=True, help="With --history: from here on."
)
@lang_option
@json_option
@click.pass_context
def ready(
    ctx: click.Context,
    site: Path,
    device: str,
    watch: bool,
    history: bool,
    since: int,
    lang: str | None,
    as_json: bool,
) -> None:
    """Tell the next ceremony, and whether the devices are ready.

    Unknown is not ready. The daemon recommends, staff decide. It checks by itself at T-60, T-30 and T-10 min.
    Exit status 0: nothing stands against it (or the countdown was ended, or the history was shown).
    1: an item failed or is unknown, and is not waived.
    """
    from facilityd.cli.countdown import countdown
    from facilityd.cli.readiness import ReadinessBoard
    from facilityd.config.load import load

    _possible(watch=watch, as_json=as_json)
    loaded = load(site, secrets=False)
    language = chosen(lang, loaded)
    board = ReadinessBoard(loaded, _chosen(loaded, device))
    if history:
        _history(loaded, board.checks(at_site(since, loaded.timezone)), language, as_json=as_json)
    elif watch:
        _watch(loaded, board, language)
    else:
        lines, coming = board.lines(), countdown(loaded, time.time_ns())
        good = _good(lines)
        if as_json:
            items = [line.plain() for line in lines]
            print_json({"ready": good, "ceremony": coming.plain(), "items": items})
            warn(board.warning(language))
        else:
            console().print(_view(loaded, board, lines, coming, language))
        ctx.exit(0 if good else 1)


def _possible(*, watch: bool, as_json: bool) -> None:
    if watch and as_json:
        raise UsageError("--watch is for people, --json for programs", hint="give one of them")
    if watch and not sys.stdout.isatty():
        raise UsageError("a countdown needs a terminal", hint="leave out --watch to print it once")


def _chosen(site: Site, device: str) -> list[str]:
    known = [name for name, one in site.devices.items() if one.family.readiness]
    if not known:
        hint = "it is the 'readiness' of a family"
        raise UsageError("no device has a checklist", where=site.source, hint=hint)
    if device and device not in known:
        raise UsageError(f"no device {device!r} with a checklist", hint=suggestion(device, known))
    return [device] if device else known


def _history(site: Site, checks: Sequence[Check], language: Language, *, as_json: bool) -> None:
    if as_json:
        print_json([_plain(one) for one in checks])
        return
    rows = [_past(site, one, language) for one in checks]
    console().print(table("", PAST, rows, language=language))


def _plain(check: Check) -> dict[str, object]:
    items = [one.plain() for one in check.items]
    return {
        "ceremony": check.ceremony, "name": check.name, "before_min": _minutes(check), "device": check.device,
        "at": check.at, "ready": check.ready, "items": items,
    }  # fmt: skip


def _past(site: Site, check: Check, language: Language) -> tuple[object, ...]:
    items = site.devices[check.device].family.readiness
    outcome = texts().outcome
    against = [
        f"{items[one.item].name.in_(language) if one.item in items else one.item}"
        f"{AGAINST[language].format(outcome=outcome[one.outcome.value].in_(language), by=one.waived_by)}"
        for one in check.items
        if one.stands_against or one.waived_by
    ]
    verdict = styled(
        VERDICT[language][_standing(check.items)], "" if check.ready else "high", calm=check.ready
    )
    moment = show_instant(check.ceremony, site.timezone)[:16]
    made = f"T−{_minutes(check)} {show_instant(check.at, site.timezone, date=False)[:8]}"
    name = texts().readiness[check.name].in_(language)
    return (name, moment, made, check.device, verdict, listed(against, language))


def _minutes(check: Check) -> int:
    return check.before // (60 * NS)


def _watch(site: Site, board: ReadinessBoard, language: Language) -> None:
    """Redraw every second until Ctrl-C; the seconds are taken from the clock, not counted."""
    from facilityd.cli.countdown import countdown

    out = console()

    def now() -> Group:
        coming = countdown(site, time.time_ns())
        return _view(site, board, board.lines(), coming, language, window=out.size)

    # A shell's background job begins with Ctrl-C ignored; a countdown must end by it all the same.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with (
        contextlib.suppress(KeyboardInterrupt),
        Live(now(), console=out, screen=True, auto_refresh=False) as live,
    ):
        while True:
            time.sleep(1.0 - time.time() % 1.0)
            live.update(now(), refresh=True)


def _view(
    site: Site,
    board: ReadinessBoard,
    lines: Sequence[ItemRow],
    coming: Countdown,
    language: Language,
    *,
    window: ConsoleDimensions | None = None,
) -> Group:
    """Return what is shown; in a ``window``, with the seconds, no more than it has room for."""
    good, warning = _good(lines), board.warning(language)
    above = [
        *([Text(warning, style=STYLES["critical"])] if warning else []),
        Text(coming.sentence(language, seconds=window is not None), style="bold"),
        *_recorded(board, coming, language),
    ]
    width = window.width if window else console().width
    above = [Text(part, style=line.style) for line in above for part in wrapped(line.plain, width)]
    # What stands against the ceremony comes first where not everything has room.
    shown = sorted(lines, key=lambda one: not one.checked.stands_against) if window else lines
    room = max(1, window.height - len(above) - 1) if window else 0
    rows = [_row(site, line, language) for line in shown]
    return Group(
        *above,
        table("", COLUMNS, rows, language=language, lines=room),
        styled(
            VERDICT[language][_standing([one.checked for one in lines])] + _unasked(lines, language),
            "" if good else "high",
            calm=good,
        ),
    )


def _recorded(board: ReadinessBoard, coming: Countdown, language: Language) -> list[Text]:
    """Return a line on the last recorded check before the coming ceremony, if there is one."""
    if coming.ceremony is None:
        return []
    checks = [one for one in board.checks(coming.ceremony.at) if one.ceremony == coming.ceremony.at]
    if not checks:
        return []
    last = [one for one in checks if one.before == checks[-1].before]
    verdict = VERDICT[language][_standing([item for one in last for item in one.items])]
    return [Text(LAST[language].format(minutes=_minutes(last[0]), verdict=verdict))]


def _row(site: Site, line: ItemRow, language: Language) -> tuple[object, ...]:
    checked, waiver = line.checked, line.waiver
    against = checked.stands_against
    outcome = texts().outcome[checked.outcome.value].in_(language)
    note = line.first.in_(language) if against else ""
    if waiver and checked.waived_by:
        until = show_instant(waiver.until, site.timezone)[:16]
        note = WAIVED[language].format(person=waiver.person, until=until, reason=waiver.reason)
    mark = styled(outcome, "high" if against else "", calm=not against)
    return (line.device.id, line.name.in_(language), mark, line.shown(language), note)


def _unasked(lines: Sequence[ItemRow], language: Language) -> str:
    """Return how much of the list the verdict says nothing of."""
    absent = sum(line.checked.outcome is ItemOutcome.ABSENT for line in lines)
    return UNASKED[language].format(absent=absent, all=len(lines)) if absent else ""


def _good(lines: Sequence[ItemRow]) -> bool:
    """Return whether nothing stands against it, and something speaks for it."""
    return _standing([line.checked for line in lines]) == "pass"


def _standing(items: Sequence[CheckedItem]) -> str:
    """Return what the whole list says: fail, unknown (nothing failed, and not all is known) or pass."""
    found = {one.outcome for one in items}
    if ItemOutcome.FAIL in found:
        return "fail"
    passed = found & {ItemOutcome.PASS, ItemOutcome.WAIVED}
    return "unknown" if ItemOutcome.UNKNOWN in found or not passed else "pass"
