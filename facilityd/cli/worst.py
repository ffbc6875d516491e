"""facilityd worst: which devices gave the most trouble."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from facilityd.cli.arguments import one_site
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import console, json_option, print_json, say, table
from facilityd.cli.text_table import Column, whole
from facilityd.cli.when import InstantParam, between
from facilityd.cli.words import sentence
from facilityd.model.sample import NS
from facilityd.query.words import span_text

if TYPE_CHECKING:
    from facilityd.model.text import Language
    from facilityd.query.worst import WorstRow

COLUMNS = (
    Column("device", "设备", least=12), whole("alarms", "报警"), whole("in alarm", "报警时长"),
    whole("without data", "缺数据时长"), Column("most often", "最多的报警"),
)  # fmt: skip


@click.command()
@one_site
@click.option("--since", type=InstantParam(), default="7d", show_default=True, help="Span back, or a time.")
@click.option("--until", type=InstantParam(), default=None, help="Span back, or a time.  [default: now]")
@click.option("--family", default="", help="Only devices of this family.")
@click.option("--top", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many devices.")
@click.option(
    "--by", "order", type=click.Choice(["alarms", "time", "data"]), default="alarms", show_default=True,
    help="By how many alarms, how long in alarm, or how long without data.",
)  # fmt: skip
@lang_option
@json_option
def worst(
    site: Path, since: int, until: int | None, family: str, top: int, order: str, lang: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """List the devices that gave the most trouble."""
    from facilityd.cli.headline import warn_unwatched
    from facilityd.config.load import load
    from facilityd.query.site import SiteQuery
    from facilityd.query.worst import WorstQuery

    loaded = load(site, secrets=False)
    language = chosen(lang, loaded)
    with SiteQuery(loaded) as query:
        warn_unwatched(loaded, query.journal, language)
        answer = query.worst(WorstQuery(*between(loaded, since, until), family, order, top))
    if as_json:
        print_json(answer.plain())
        return
    for note in answer.window.notes():
        say(note.in_(language))
    if answer.rows:
        rows = [_row(row, language) for row in answer.rows]
        console().print(table("", COLUMNS, rows, language=language))
    else:
        say(sentence("no-trouble", language))


def _row(row: WorstRow, language: Language) -> tuple[str, ...]:
    held, missing = (span_text(round(s) * NS, language) for s in (row.in_alarm_s, row.without_data_s))
    often = f"{row.what.in_(language)} × {row.times}" if row.what else "—"
    return row.where.in_(language), str(row.alarms), held, missing, often
