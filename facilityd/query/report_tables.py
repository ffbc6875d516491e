"""The report as chapters of tables in one language, for whatever writes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from facilityd.config.site import Device
from facilityd.model.sample import NS
from facilityd.model.text import Language
from facilityd.notify.texts import texts
from facilityd.query.hazard_table import hazard_table
from facilityd.query.kpi_tables import kpi_tables, priority_word, span_cell, watched_words, window_line
from facilityd.query.report import SiteReport
from facilityd.query.report_ceremonies import CeremonyRow
from facilityd.query.report_table import (
    ReportCell,
    ReportTable,
    RowCells,
    make_table,
    number_cell,
    report_sentence,
    report_word,
)
from facilityd.query.report_tasks import COUNTED
from facilityd.query.words import listed

SHARE_DECIMALS = 2
MANY_ALIKE = 3
"""Ceremonies one after the other with the same said of them, from which on they are told in one row."""
_NAMES = ("sunrise", "sunset")
RUN_TONES = {"on-time": "good", "off-time": "over", "not-seen": "over", "unknown": "unknown"}
READY_TONES = {"ready": "good", "not-ready": "over", "unknown": "unknown"}


@dataclass(frozen=True, slots=True)
class ReportTile:
    """One number at the head of the report, and what it rests on."""

    name: str
    value: str
    basis: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class ReportPage:
    """The whole report in one language, ready to be written."""

    title: str
    window: str
    notes: tuple[str, ...]
    tiles: tuple[ReportTile, ...]
    tables: tuple[ReportTable, ...]
    made: str
    nothing: str
    """What is said in place of a table without rows."""


def report_page(report: SiteReport, devices: Mapping[str, Device], language: Language) -> ReportPage:
    """Return the report's words and tables in one language."""
    tables = [
        _ceremonies(report, language), _exceptions(report, language), _availability(report, language),
        _kinds(report, language), _repairs(report, language), _tasks(report, language),
        _touched(report, language), *kpi_tables(report.kpi, devices, language),
        hazard_table(report.hazards, report.made_at, report.window.zone.key, language),
        _days(report, language),
    ]  # fmt: skip
    title = report_sentence(
        "report-title", language, site=report.site.in_(language), period=report.period.in_(language)
    )
    made = report_sentence("report-made", language, at=report.window.shown(report.made_at))
    notes = tuple(note.in_(language) for note in report.window.notes())
    return ReportPage(
        title,
        window_line(report.kpi, language),
        notes,
        tuple(_tiles(report, language)),
        tuple(tables),
        made,
        report_word("nothing" if report.window.spans() else "no-data", language),
    )


# --- the head ----------------------------------------------------------------------------------


def _tiles(report: SiteReport, language: Language) -> list[ReportTile]:
    ran = [row for row in report.ceremonies if row.run != "unknown"]
    well = sum(row.run == "on-time" for row in ran)
    checked = [row for row in report.ceremonies if row.ready != "unknown"]
    ready = sum(row.ready == "ready" for row in checked)
    median, waits = report.kpi.figure("acknowledge-median"), report.kpi.figure("unanswered")
    known = bool(report.window.spans())
    total = str(report.kpi.alarms) if known else report_word("unknown", language)
    return [
        _of("tile-run", well, len(ran), len(report.ceremonies), language),
        _of("tile-ready", ready, len(checked), len(report.ceremonies), language),
        ReportTile(_word("tile-alarms", language), total, _days_word(report, language)),
        ReportTile(
            _word("tile-acknowledge", language), median.shown(language) if median.value is not None else "—",
            median.counted(language),
            "",
        ),
        ReportTile(
            _word("tile-unanswered", language), waits.shown(language) if known else total,
            waits.counted(language),
        ),
        ReportTile(
            _word("tile-hazards", language), str(len(report.hazards)),
            report_sentence("as-of", language, at=report.window.shown(report.made_at)),
        ),
    ]  # fmt: skip


def _of(name: str, count: int, known: int, due: int, language: Language) -> ReportTile:
    basis = report_sentence("of-due", language, known=known, due=due)
    if not known:
        return ReportTile(_word(name, language), report_word("unknown", language), basis)
    tone = "good" if count == known else "over"
    return ReportTile(_word(name, language), f"{count} / {known}", basis, tone)


def _word(name: str, language: Language) -> str:
    return report_word(name, language)


def _days_word(report: SiteReport, language: Language) -> str:
    name, kpi = "announced-in-days" if report.window.spans() else "in-days", report.kpi
    return report_sentence(
        name, language, watched=watched_words(report.window, language), first=kpi.first, again=kpi.again
    )


# --- ceremonies ------------------------------------------------------------------------------


def _ceremonies(report: SiteReport, language: Language) -> ReportTable:
    """Return the sums by kind of ceremony and hoist."""
    rows: list[RowCells] = []
    for hoist in dict.fromkeys(row.device for row in report.ceremonies):
        for name in _NAMES:
            own = [row for row in report.ceremonies if (row.device, row.name) == (hoist, name)]
            if own:
                rows.append((own[0].where.in_(language), texts().readiness[name].in_(language), *_sums(own)))
    columns = (
        "device", "ceremony", "due", "checked", "ready", "not-ready", "waived", "on-time", "off-time",
        "not-seen", "run-unknown",
    )  # fmt: skip
    return make_table("ceremonies", columns, rows, language)


def _sums(own: list[CeremonyRow]) -> tuple[int, ...]:
    ready, run = [row.ready for row in own], [row.run for row in own]
    return (
        len(own), len(own) - ready.count("unknown"), ready.count("ready"), ready.count("not-ready"),
        sum(bool(row.waived) for row in own), run.count("on-time"), run.count("off-time"),
        run.count("not-seen"), run.count("unknown"),
    )  # fmt: skip


def _exceptions(report: SiteReport, language: Language) -> ReportTable:
    """Return ceremonies that were not ready, did not run in time, or had alarms; alike ones in one row."""
    rows: list[RowCells] = []
    for hoist in dict.fromkeys(row.device for row in report.ceremonies):
        own = [row for row in report.ceremonies if row.device == hoist]
        for (odd, *_), found in groupby(own, key=lambda row: (_is_odd(row), *_alike(row))):
            if odd:
                rows += _together(report, list(found), language)
    return make_table("ceremony-exceptions", CEREMONY_COLUMNS, rows, language)


def _is_odd(row: CeremonyRow) -> bool:
    late = row.ready == "not-ready" or row.run in ("off-time", "not-seen")
    return late or bool(row.alarms or row.waived)


def _alike(row: CeremonyRow) -> tuple[object, ...]:
    """Return what ceremonies in a row must have in common to be told together; one that ran is its own."""
    return row.ready, row.run, row.against, row.alarms, row.waived, row.at if row.took is not None else 0


def _together(report: SiteReport, rows: list[CeremonyRow], language: Language) -> list[RowCells]:
    """Return a row for each ceremony, of many alike a single one that says from when to when and how many."""
    cells = [ceremony_cells(report, row, language) for row in rows]
    if len(rows) < MANY_ALIKE:
        return cells
    named = (name for name in _NAMES if any(row.name == name for row in rows))
    names = listed((texts().readiness[name].in_(language) for name in named), language)
    when = report_sentence("ceremonies-alike", language, since=cells[0][0], until=cells[-1][0], n=len(rows))
    return [(when, names, *cells[0][2:])]


CEREMONY_COLUMNS = ("at", "ceremony", "device", "readiness", "run", "took", "near-alarms", "against")


def ceremony_cells(report: SiteReport, row: CeremonyRow, language: Language) -> RowCells:
    """Return the cells of one ceremony under ``CEREMONY_COLUMNS``."""
    return (
        report.window.shown(row.at), texts().readiness[row.name].in_(language), row.where.in_(language),
        ReportCell(report_word(row.ready, language), tone=READY_TONES[row.ready]),
        ReportCell(report_word(f"run-{row.run}", language), tone=RUN_TONES[row.run]),
        number_cell(row.took, 0, texts().span["s"].in_(language)), row.alarms,
        listed((one.in_(language) for one in row.against), language),
    )  # fmt: skip


# --- devices, alarms, tasks --------------------------------------------------------------------


def _availability(report: SiteReport, language: Language) -> ReportTable:
    rows: list[RowCells] = []
    alone = Counter(one.family for one in report.availability if one.device)
    for one in report.availability:
        if not one.device and alone[one.family] == 1:
            continue  # its only device says the same
        name = one.where.in_(language)
        shown = report_sentence("whole-family", language, family=name) if not one.device else name
        rows.append(
            (
                shown, number_cell(one.share, SHARE_DECIMALS, "%"), one.faults, span_cell(one.down, language),
                span_cell(one.longest, language), span_cell(one.unknown, language),
                span_cell(one.planned, language), span_cell(one.observed, language),
            )
        )  # fmt: skip
    columns = ("device", "available", "faults", "down", "longest", "unanswered", "planned", "observed")
    return make_table("availability", columns, rows if report.window.spans() else (), language)


def _kinds(report: SiteReport, language: Language) -> ReportTable:
    rows: list[RowCells] = [
        (
            row.family.in_(language), row.what.in_(language), priority_word(row.priority, language),
            row.alarms, row.devices, span_cell(row.acknowledge, language), span_cell(row.repair, language),
        )
        for row in report.kinds
    ]  # fmt: skip
    columns = ("family", "alarm", "priority", "alarms", "devices", "to-acknowledge", "to-repair")
    return make_table("alarm-kinds", columns, rows, language)


def _repairs(report: SiteReport, language: Language) -> ReportTable:
    rows: list[RowCells] = [
        (
            priority_word(row.priority, language), row.alarms, row.over, row.alarms - row.over,
            *(span_cell(time, language) for time in (row.median, row.p95, row.longest)),
        )
        for row in report.repairs
    ]  # fmt: skip
    columns = ("priority", "alarms", "over", "stands", "median", "p95", "longest")
    return make_table("repairs", columns, rows, language)


def _tasks(report: SiteReport, language: Language) -> ReportTable:
    tasks = report.tasks
    sums = (("kind-repair", tasks.repairs), ("kind-inspection", tasks.inspections))
    rows: list[RowCells] = []
    if any(sum(counts.values()) for _, counts in sums):
        rows = [(report_word(name, language), *(n[kind.value] for kind in COUNTED)) for name, n in sums]
    return make_table("tasks", ("kind", *(f"task-{kind.value}" for kind in COUNTED)), rows, language)


def _touched(report: SiteReport, language: Language) -> ReportTable:
    rows: list[RowCells] = []
    for row in report.tasks.touched:
        task = row.task
        notes = "; ".join(" ".join(filter(None, (n.person, n.text, n.parts))) for n in task.notes)
        rows.append(
            (
                task.id, row.device.in_(language), row.what.in_(language),
                report.window.shown(task.opened_at),
                task.state.wording.in_(language), task.person or "—", task.reopened,
                span_cell((task.done_at - task.opened_at) / NS if task.done_at else None, language), notes,
            )
        )  # fmt: skip
    columns = ("number", "device", "task", "opened", "state", "who", "reopened", "to-done", "notes")
    return make_table("task-list", columns, rows, language)


def _days(report: SiteReport, language: Language) -> ReportTable:
    """Return alarms by day and priority: what the plot shows, and a workbook's chart."""
    names = ("critical", "high", "medium", "low")
    rows: list[RowCells] = [
        (
            day.day.isoformat(), *(day.alarms.get(name, 0) for name in names), sum(day.alarms.values()),
            report_word("yes" if day.watched else "no", language),
        )
        for day in report.days
    ]  # fmt: skip
    columns = ("day", *(f"priority-{name}" for name in names), "alarms", "watched")
    return make_table("days", columns, rows, language)
