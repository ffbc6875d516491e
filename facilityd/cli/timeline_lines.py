"""A timeline in the terminal: a night in one screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import click
from rich.cells import cell_len
from rich.text import Text

from facilityd.cli.output import STYLES, console, loud, say
from facilityd.cli.wrapping import wrapped
from facilityd.model.plain import plain
from facilityd.query.instants import show_second
from facilityd.query.timeline_entries import TimelineEntry
from facilityd.query.timeline_page import summary_of, timeline_page, title_of
from facilityd.query.timeline_words import timeline_sentence, timeline_words
from facilityd.query.words import priority_text, span_text

if TYPE_CHECKING:
    from facilityd.config.site import Device
    from facilityd.model.text import Language
    from facilityd.query.report_table import ReportTable
    from facilityd.query.timeline import Timeline

TIME, INDENT = 11, "  "
"""Cells of '20:31–20:50'."""
LEAST = 40
"""Cells of a window below which times stand on lines of their own."""
LONG = 2 * 86_400 * 10**9
"""A span (ns) from which on what devices did as always is counted, and not listed."""
MOST_LINES, MOST_ALARMS = 5, 12
"""Lines below an entry, and alarms of a comparison, unless all are asked for."""
_CALM = frozenset({"run", "ceremony"})


def print_timeline(
    now: Timeline, before: Timeline | None, devices: Mapping[str, Device], language: Language, warning: str,
    *, everything: bool,
) -> None:  # fmt: skip
    """Print it: title, figures, the comparison where there is one, then what happened, day by day."""
    out = console()
    if warning:
        out.print(loud(warning))
    say(title_of(now, language))
    say(summary_of(now, language))
    for note in now.window.notes():
        say(note.in_(language))
    if before:
        _compared(now, before, devices, language)
    click.echo()
    if not now.entries:
        say(timeline_sentence("nothing", language))
    for line in _lines(now, language, out.width, everything=everything):
        out.print(line, no_wrap=True, overflow="ignore", crop=False)


def _compared(now: Timeline, before: Timeline, devices: Mapping[str, Device], language: Language) -> None:
    from facilityd.cli.kpi import print_table

    figures, alarms = timeline_page(now, before, devices, language).tables[:2]
    print_table(figures, language)
    if alarms.rows:
        print_table(_shortened(alarms), language)
        if len(alarms.rows) > MOST_ALARMS:
            say(timeline_sentence("more-rows", language, n=len(alarms.rows) - MOST_ALARMS))


def _shortened(table: ReportTable) -> ReportTable:
    from dataclasses import replace

    return replace(table, rows=table.rows[:MOST_ALARMS])


# --- day by day ------------------------------------------------------------------------------------


def _lines(now: Timeline, language: Language, width: int, *, everything: bool) -> Iterator[Text]:
    zone, day = now.window.zone.key, ""
    first = show_second(now.query.since, zone)[:10]
    usual = not everything and now.query.until - now.query.since > LONG
    hidden = {"standing"} | ({"run"} if usual else set())
    for entry in (one for one in now.entries if one.kind not in hidden):
        own = max(first, show_second(entry.since, zone)[:10])
        if own != day:
            day = own
            yield Text(day, style="bold")
        yield from _entry(entry, zone, day, language, width, everything=everything)
    if usual and (runs := now.of("run")):
        yield Text(timeline_sentence("runs-hidden", language, n=len(runs)), style="dim")
    standing = now.of("standing")
    if standing:
        yield Text(timeline_sentence("stand-throughout", language, n=len(standing)), style="bold")
    for entry in standing:
        since = show_second(entry.since, zone)[:16]
        said = f"{since}  {_head(entry, language)}"
        yield from _wrapped(said, width, STYLES.get(entry.priority, ""))


def _entry(
    entry: TimelineEntry, zone: str, day: str, language: Language, width: int, *, everything: bool
) -> Iterator[Text]:
    begin = show_second(entry.since, zone)
    time = begin[11:16] if begin[:10] == day else "…"
    if entry.until is None:
        time += "–"
    elif entry.until - entry.since >= 60 * 10**9:
        time += f"–{show_second(entry.until, zone)[11:16]}"
    style = "dim" if entry.kind in _CALM and not entry.priority else STYLES.get(entry.priority, "")
    left, room = (f"{time:<{TIME}}{INDENT}", width - TIME - 2) if width >= LEAST else ("", width)
    if not left:
        yield Text(time)
    for number, part in enumerate(wrapped(_head(entry, language), room, split=False)):
        yield Text.assemble(left if not number else " " * cell_len(left), (part, style))
    lines = [line.text.in_(language) for line in entry.lines]
    if entry.unacknowledged:
        lines.append(timeline_sentence("nobody", language))
    shown = lines if everything else lines[:MOST_LINES]
    indent = " " * (cell_len(left) or 2) + INDENT
    for line in shown:
        for number, part in enumerate(wrapped(plain(line), width - cell_len(indent) - 2, split=False)):
            yield Text(f"{indent}{'' if not number else INDENT}{part}", style="")
    if len(lines) > len(shown):
        yield Text(
            f"{indent}{timeline_sentence('more-lines', language, n=len(lines) - len(shown))}", style="dim"
        )


def _head(entry: TimelineEntry, language: Language) -> str:
    """Return what happened and where, with its priority or kind and how long it lasted."""
    where, what = entry.where.in_(language), entry.what.in_(language)
    said = timeline_sentence("of", language, where=where, what=what) if where else what
    if entry.kind in ("incident", "standing"):
        mark = (
            f"[{priority_text(entry.priority, language) or timeline_words().kind[entry.kind].in_(language)}]"
        )
        said = f"{mark} {said}"
    elif entry.kind not in _CALM:
        said = f"{timeline_words().kind[entry.kind].in_(language)}  {said}"
    if entry.until is not None and entry.until - entry.since >= 10**9 and entry.times == 1:
        lasted = span_text(entry.until - entry.since, language)
        said += f"（{lasted}）" if language == "zh" else f" ({lasted})"
    return plain(said)


def _wrapped(said: str, width: int, style: str) -> Sequence[Text]:
    return [Text(part, style=style) for part in wrapped(said, width, split=False)]
