"""The hazard ledger as a table in one language."""

from __future__ import annotations

from collections.abc import Sequence

from facilityd.model.rule import Priority
from facilityd.model.sample import NS
from facilityd.model.text import Language
from facilityd.query.hazards import HazardRow
from facilityd.query.instants import show_second
from facilityd.query.kpi_tables import priority_word, span_cell
from facilityd.query.report_table import ReportCell, ReportTable, make_table

COLUMNS = ("urgency", "kind", "device", "hazard", "since", "open-for", "who", "next")


def hazard_table(rows: Sequence[HazardRow], now: int, zone: str, language: Language) -> ReportTable:
    """Return the ledger as of ``now`` (ns UTC)."""
    return make_table("hazards", COLUMNS, [_row(row, now, zone, language) for row in rows], language)


def _row(row: HazardRow, now: int, zone: str, language: Language) -> tuple[ReportCell | str, ...]:
    level = Priority(min(row.level, Priority.CRITICAL)).name.lower()
    tone = "over" if row.level >= Priority.HIGH else "tolerable" if row.level == Priority.MEDIUM else ""
    since = show_second(row.since, zone)[:16] if row.since else "—"
    lasted = span_cell(max(0, now - row.since) / NS if row.since else None, language)
    return (
        ReportCell(priority_word(level, language), row.level, tone), row.kind_name.in_(language),
        row.where.in_(language), row.what.in_(language), since, lasted, row.who or "—",
        row.next.in_(language),
    )  # fmt: skip
