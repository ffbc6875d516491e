"""All occurrences of alarms in a span, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facilityd.cli.output import console, print_json, say, styled, table
from facilityd.cli.text_table import Column, whole
from facilityd.cli.words import sentence, show_priority, show_span
from facilityd.query.instants import show_second

if TYPE_CHECKING:
    from facilityd.model.text import Language
    from facilityd.query.occurrences import OccurrenceQuery, OccurrenceRow
    from facilityd.query.site import SiteQuery

COLUMNS = (
    whole("raised", "报警时间"), whole("lasted", "时长"), whole("priority", "优先级"),
    Column("device", "设备", least=12), Column("what", "内容"),
    Column("acknowledged", "确认", gives=1), Column("evidence", "依据", gives=2),
)  # fmt: skip


def show_occurrences(query: SiteQuery, asked: OccurrenceQuery, language: Language, *, as_json: bool) -> None:
    """Print the occurrences of a span. Raises UsageError for what there is not."""
    rows = query.occurrences(asked)
    if as_json:
        print_json([row.plain() for row in rows])
        return
    if not rows:
        say(sentence("no-occurrences", language))
        return
    cells = [_row(row, query.site.timezone, language) for row in rows]
    console().print(table("", COLUMNS, cells, language=language))
    untold = sum(row.told_at is None for row in rows)
    devices = len({row.device for row in rows})
    say(sentence("occurrences", language, n=len(rows), devices=devices, untold=untold))


def _row(row: OccurrenceRow, zone: str, language: Language) -> tuple[object, ...]:
    lasted = sentence("stands", language) if row.until is None else show_span(row.until - row.since, language)
    acked = f"{show_second(row.acknowledged_at, zone)[11:16]} {row.person}" if row.acknowledged_at else "—"
    what, priority = row.what.in_(language), styled(show_priority(row.priority, language), row.priority)
    return (
        show_second(row.since, zone)[:16], lasted, priority,
        row.where.in_(language), what, acked if row.told_at else sentence("untold", language),
        row.evidence.in_(language),
    )  # fmt: skip
