"""facilityd events: everything that happened, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from facilityd.cli.arguments import Asked, site_and_names
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import console, json_option, print_json, say, styled, table
from facilityd.cli.text_table import Column, whole
from facilityd.cli.when import InstantParam, between
from facilityd.cli.words import sentence
from facilityd.query.instants import show_second

if TYPE_CHECKING:
    from facilityd.model.text import Language
    from facilityd.query.event_log import EventRow

COLUMNS = (
    whole("time", "时间"), Column("what happened", "事件", least=10), Column("device", "设备", least=10),
    Column("of what", "内容"), Column("by", "由谁", gives=1), Column("evidence, note", "依据、备注", gives=2),
)  # fmt: skip


@click.command()
@site_and_names("device", more=True)
@click.option("--since", type=InstantParam(), default="1d", show_default=True, help="Span back, or a time.")
@click.option("--until", type=InstantParam(), default=None, help="Span back, or a time.  [default: now]")
@click.option("--family", default="", help="Only of devices of this family.")
@click.option("--rule", default="", help="Only of this rule.")
@click.option("--kind", default="", help="alarm, task, command, mark, downtime; or raise, take, reload …")
@click.option(
    "--most", type=click.IntRange(1, 100_000), default=1000, show_default=True, help="At most so many."
)
@lang_option
@json_option
def events(
    asked: Asked, since: int, until: int | None, family: str, rule: str, kind: str, most: int,
    lang: str | None, as_json: bool,
) -> None:  # fmt: skip
    """List everything that happened, one line after the other.

    Changes of alarms, tasks, what people asked, marks and times that nobody watched. Whether a rule could be
    judged is told only where it is asked for: --kind lose, --kind regain.
    """
    from facilityd.cli.headline import warn_unwatched
    from facilityd.config.load import load
    from facilityd.query.event_log import EventFilter
    from facilityd.query.site import SiteQuery

    loaded = load(*asked.site, secrets=False)
    language = chosen(lang, loaded)
    span = between(loaded, since, until)
    with SiteQuery(loaded) as query:
        warn_unwatched(loaded, query.journal, language)
        rows = query.events(EventFilter(*span, asked.names, family, rule, kind), most + 1)
    if as_json:
        print_json([row.plain() for row in rows[:most]])
        return
    if not rows:
        say(sentence("no-events", language))
        return
    shown = [_row(row, loaded.timezone, language) for row in rows[:most]]
    console().print(table("", COLUMNS, shown, language=language))
    if len(rows) > most:
        say(sentence("first-rows", language, shown=f"{most:,}"))


def _row(row: EventRow, zone: str, language: Language) -> tuple[object, ...]:
    more = row.more.in_(language) if row.more else ""
    said = styled(row.said.in_(language), row.priority if row.kind == "raise" else "")
    return show_second(row.at, zone), said, row.where.in_(language), row.what.in_(language), row.person, more
