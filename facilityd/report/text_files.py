"""The report as Markdown and as CSV; what people wrote stays text there and becomes no formula or markup."""

from __future__ import annotations

import csv
import io
import re

from facilityd.model.spreadsheet import harmless
from facilityd.query.report_table import ReportCell, ReportTable
from facilityd.query.report_tables import ReportPage

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~&!])")
BOM = "\ufeff"
"""Without it a spreadsheet on Windows shows Chinese as rubbish."""


def markdown(page: ReportPage) -> str:
    """Return the report as Markdown."""
    lines = [f"# {_escaped(page.title)}", "", _escaped(page.window), ""]
    lines += [line for note in page.notes for line in (f"> {_escaped(note)}", "")]
    lines += [
        f"- **{_escaped(one.name)}**: {_escaped(one.value)} ({_escaped(one.basis)})" for one in page.tiles
    ]
    for table in page.tables:
        lines += ["", f"## {_escaped(table.title)}", ""]
        lines += _rows(table) if table.rows else [_escaped(page.nothing)]
        lines += ["", _escaped(table.note)] if table.note else []
    return "\n".join([*lines, "", _escaped(page.made), ""])


def _rows(table: ReportTable) -> list[str]:
    numeric = [
        all(row[n].value is not None or row[n].shown in ("", "—") for row in table.rows)
        for n in range(len(table.columns))
    ]
    head = [_line(map(_escaped, table.columns)), _line("---:" if one else "---" for one in numeric)]
    return head + [_line(_escaped(cell.shown) for cell in row) for row in table.rows]


def _line(cells: object) -> str:
    return f"| {' | '.join(cells)} |"  # type: ignore[arg-type]


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


def csv_text(page: ReportPage) -> str:
    """Return all tables one after the other, each under its title; numbers are numbers, times are in s."""
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\r\n").writerow
    write([harmless(page.title)])
    write([harmless(page.window)])
    for note in page.notes:
        write([harmless(note)])
    for one in page.tiles:
        write([harmless(one.name), harmless(one.value), harmless(one.basis)])
    for table in page.tables:
        write([])
        write([harmless(table.title)])
        write([harmless(name) for name in table.columns])
        for row in table.rows:
            write([_value(cell) for cell in row])
        if table.note:
            write([harmless(table.note)])
    write([])
    write([harmless(page.made)])
    return BOM + out.getvalue()


def _value(cell: ReportCell) -> str | float:
    return harmless(cell.shown) if cell.value is None else cell.value
