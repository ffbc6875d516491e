"""facilityd ready: the next ceremony and the checklist before it, item by item."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import ConsoleDimensions, Group
from rich.live import Live
from rich.text import Text

from facilityd.cli.arguments import maybe_device_argument, one_site
from facilityd.cli.countdown import countdown_sentence
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import STYLES, console, json_option, print_json, styled, table, warn
from facilityd.cli.text_table import Column, whole
from facilityd.cli.when import InstantParam, at_site
from facilityd.cli.words import sentence, word, words
from facilityd.cli.wrapping import wrapped
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.text import Language
from facilityd.notify.texts import texts
from facilityd.query.instants import show_instant
from facilityd.query.words import listed

if TYPE_CHECKING:
    from facilityd.config.site import Site
    from facilityd.query.liveness import Liveness
    from facilityd.query.readiness import ItemRow, ReadinessAnswer, ReadinessBoard, RecordedCheck

COLUMNS = (
    whole("device", "设备"), Column("item", "项目"), whole("result", "结果"), Column("why", "依据", least=30),
    Column("do first", "首要措施", least=30),
)  # fmt: skip
PAST = (
    Column("ceremony", "仪式", gives=1), whole("at", "时刻"), whole("check", "检查"), whole("device", "设备"),
    whole("result", "结果"), Column("failed or unknown; waived", "未通过或未知；已放行"),
)  # fmt: skip


@click.command()
@one_site
@maybe_device_argument
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
    """Tell the next ceremony, and whether devices are ready.

    Unknown is not ready. The daemon recommends, staff decide. It checks by itself at T-60, T-30 and T-10 min.
    Exit status 0: nothing stands against it (or the countdown was ended, or the history was shown).
    1: an item failed or is unknown, and is not waived.
    """
    from facilityd.config.load import load
    from facilityd.query.readiness import ReadinessBoard, checklist_devices
    from facilityd.query.site import open_journal

    _possible(watch=watch, as_json=as_json)
    loaded = load(site, secrets=False)
    language = chosen(lang, loaded)
    board = ReadinessBoard(loaded, checklist_devices(loaded, device))
    if history:
        with open_journal(loaded) as reader:
            checks = board.recorded(reader, at_site(since, loaded.timezone))
        _history(loaded, checks, language, as_json=as_json)
    elif watch:
        _watch(loaded, board, language)
    else:
        seen = _look(loaded, board)
        if as_json:
            print_json(seen.answer.plain())
            warn(seen.liveness.warning(loaded.timezone, language), red=True)
        else:
            console().print(_view(loaded, seen, language))
        ctx.exit(0 if seen.answer.ready else 1)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is shown: read from the journal at one instant. ``recorded``: before the coming ceremony."""

    answer: ReadinessAnswer
    recorded: Sequence[RecordedCheck]
    liveness: Liveness


def _look(site: Site, board: ReadinessBoard) -> _Seen:
    from facilityd.query.liveness import liveness
    from facilityd.query.site import open_journal

    with open_journal(site) as reader:
        now = time.time_ns()
        answer = board.answer(reader, now)
        coming = answer.countdown.ceremony
        checks = board.recorded(reader, coming.at) if coming else []
        checks = [one for one in checks if coming and one.check.ceremony == coming.at]
        return _Seen(answer, checks, liveness(site, reader, now))


def _possible(*, watch: bool, as_json: bool) -> None:
    if watch and as_json:
        raise UsageError(Wording("ask.watch-for-people-json-for"), hint=Wording("ask.give-one-them"))
    if watch and not sys.stdout.isatty():
        raise UsageError(
            Wording("ask.countdown-needs-terminal"), hint=Wording("ask.leave-out-watch-print-once")
        )


def _history(site: Site, checks: Sequence[RecordedCheck], language: Language, *, as_json: bool) -> None:
    if as_json:
        print_json([one.plain() for one in checks])
        return
    rows = [_past(site, one, language) for one in checks]
    console().print(table("", PAST, rows, language=language))


def _past(site: Site, one: RecordedCheck, language: Language) -> tuple[object, ...]:
    check = one.check
    items = site.devices[check.device].family.readiness
    outcome = texts().outcome
    told = {item.item: outcome[item.outcome.value].in_(language) for item in check.items}
    against = [
        (items[item.item].name.in_(language) if item.item in items else item.item)
        + sentence("stands-against", language, outcome=told[item.item], by=item.waived_by)
        for item in check.items
        if item.stands_against or item.waived_by
    ]
    verdict = styled(
        word(words().readiness, one.verdict, language), "" if check.ready else "high", calm=check.ready
    )
    moment = show_instant(check.ceremony, site.timezone)[:16]
    made = f"T−{one.minutes} {show_instant(check.at, site.timezone, date=False)[:8]}"
    name = texts().readiness[check.name].in_(language)
    return (name, moment, made, check.device, verdict, listed(against, language))


def _watch(site: Site, board: ReadinessBoard, language: Language) -> None:
    """Redraw every second until Ctrl-C; the seconds are taken from the clock, not counted."""
    out = console()

    def now() -> Group:
        return _view(site, _look(site, board), language, window=out.size)

    # A shell's background job begins with Ctrl-C ignored; a countdown must end by it all the same.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with (
        contextlib.suppress(KeyboardInterrupt),
        Live(now(), console=out, screen=True, auto_refresh=False) as live,
    ):
        while True:
            time.sleep(1.0 - time.time() % 1.0)
            live.update(now(), refresh=True)


def _view(site: Site, seen: _Seen, language: Language, *, window: ConsoleDimensions | None = None) -> Group:
    """Return what is shown; in a ``window``, with the seconds, no more than it has room for."""
    answer, warning = seen.answer, seen.liveness.warning(site.timezone, language)
    above = [
        *([Text(warning, style=STYLES["critical"])] if warning else []),
        Text(countdown_sentence(answer.countdown, language, seconds=window is not None), style="bold"),
        *_recorded(seen.recorded, language),
    ]
    width = window.width if window else console().width
    above = [Text(part, style=line.style) for line in above for part in wrapped(line.plain, width)]
    # What stands against the ceremony comes first where not everything has room.
    shown = sorted(answer.items, key=lambda one: not one.checked.stands_against) if window else answer.items
    room = max(1, window.height - len(above) - 1) if window else 0
    rows = [_row(site, line, language) for line in shown]
    return Group(
        *above,
        table("", COLUMNS, rows, language=language, lines=room),
        styled(
            word(words().readiness, answer.verdict, language) + _unasked(answer, language),
            "" if answer.ready else "high",
            calm=answer.ready,
        ),
    )


def _recorded(checks: Sequence[RecordedCheck], language: Language) -> list[Text]:
    """Return a line on the last recorded check before the coming ceremony, if there is one."""
    from facilityd.query.readiness import verdict_of

    if not checks:
        return []
    last = [one for one in checks if one.check.before == checks[-1].check.before]
    verdict = word(words().readiness, verdict_of(item for one in last for item in one.check.items), language)
    return [Text(sentence("last-check", language, minutes=last[0].minutes, verdict=verdict))]


def _row(site: Site, line: ItemRow, language: Language) -> tuple[object, ...]:
    checked, waiver = line.checked, line.waiver
    against = checked.stands_against
    outcome = texts().outcome[checked.outcome.value].in_(language)
    note = line.first.in_(language) if against else ""
    if waiver and checked.waived_by:
        until = show_instant(waiver.until, site.timezone)[:16]
        note = sentence("waived-for", language, person=waiver.person, until=until, reason=waiver.reason)
    mark = styled(outcome, "high" if against else "", calm=not against)
    return (line.device.id, line.name.in_(language), mark, line.shown(language), note)


def _unasked(answer: ReadinessAnswer, language: Language) -> str:
    """Return how much of the list the verdict says nothing of."""
    absent, count = answer.absent, len(answer.items)
    return sentence("unasked", language, absent=absent, all=count) if absent else ""
