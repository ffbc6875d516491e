"""The report as a workbook: a sheet for each table, numbers as numbers, and a chart of alarms by day."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from facilityd.model.sample import NS
from facilityd.query.report import SiteReport
from facilityd.query.report_table import ReportCell, ReportTable
from facilityd.query.report_tables import ReportPage

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

# What people wrote is text, whatever it begins with: no formula, no link, no number.
OPTIONS = {
    "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
}  # fmt: skip
NAME, NARROWEST, WIDEST = 31, 8, 60
"""Characters of a sheet's name, and of a column's width."""
_FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\", " "))
_COLOURS = {"good": "#1d7a4a", "tolerable": "#8a5a00", "over": "#b3261e", "unknown": "#5a6675"}
_SERIES = ("#a3161a", "#d9692f", "#e2b04a", "#8fb7d9")
Formats = dict[str, Any]
_NUMBER = re.compile(r"(-?\d+(?:\.(\d+))?)((?: [^\d\"][^\"]*)?)")
_WIDE = 0x2E80
"""Characters from here on are about two wide."""


def workbook(report: SiteReport, page: ReportPage) -> bytes:
    """Return the bytes of an .xlsx file."""
    return tables_workbook(page, report.made_at)


def tables_workbook(page: ReportPage, made_at: int) -> bytes:
    """Return any page of tables as an .xlsx file; ``made_at`` in ns UTC."""
    from xlsxwriter import Workbook  # noqa: PLC0415 - loaded only where a workbook is asked for

    out = io.BytesIO()
    with Workbook(out, OPTIONS) as book:
        made = datetime.fromtimestamp(made_at // NS, UTC).replace(tzinfo=None)
        book.set_properties({"title": page.title, "comments": page.made, "created": made})
        formats = _formats(book)
        _front(book, page, formats)
        used: set[str] = set()
        for table in page.tables:
            sheet = book.add_worksheet(_sheet_name(table.title, used))
            _sheet(book, sheet, table, page, formats)
            if table.id == "days" and table.rows:
                _chart(book, sheet, table)
    return out.getvalue()


def _formats(book: Workbook) -> Formats:
    text = {"text_wrap": True, "valign": "top", "align": "left", "indent": 1}
    made = {name: book.add_format(text | {"font_color": colour}) for name, colour in _COLOURS.items()}
    made["text"] = book.add_format(text)
    made["right"] = book.add_format(text | {"align": "right"})
    made["title"] = book.add_format({"bold": True, "font_size": 16})
    head = {"bold": True, "bottom": 2, "text_wrap": True, "valign": "top", "bg_color": "#eef1f5"}
    made["head"] = book.add_format(head)
    made["head right"] = book.add_format(head | {"align": "right"})
    made["soft"] = book.add_format({"font_color": "#5a6675", "text_wrap": False})
    return made


def _front(book: Workbook, page: ReportPage, formats: Formats) -> None:
    sheet = book.add_worksheet(_sheet_name(page.title, set()))
    _on_paper(sheet)
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 2, 26)
    sheet.write_string(0, 0, page.title, formats["title"])
    lines = [page.window, *page.notes]
    for n, text in enumerate(lines, 1):
        sheet.write_string(n, 0, text, formats["soft"])
    row = len(lines) + 2
    for n, one in enumerate(page.tiles):
        shown = formats.get(one.tone, formats["text"])
        sheet.write_string(row + n, 0, one.name, formats["text"])
        sheet.write_string(row + n, 1, one.value, shown)
        sheet.write_string(row + n, 2, one.basis, formats["soft"])
    sheet.write_string(row + len(page.tiles) + 1, 0, page.made, formats["soft"])


def _sheet(book: Workbook, sheet: Worksheet, table: ReportTable, page: ReportPage, formats: Formats) -> None:
    sheet.write_string(0, 0, table.title, formats["title"])
    sheet.write_string(1, 0, page.window, formats["soft"])
    sheet.write_string(2, 0, table.note, formats["soft"])
    for n, name in enumerate(table.columns):
        number = any(row[n].value is not None for row in table.rows)
        sheet.write_string(TOP, n, name, formats["head right" if number else "head"])
        sheet.set_column(n, n, _width([name, *(row[n].shown for row in table.rows)]))
    for m, row in enumerate(table.rows, TOP + 1):
        for n, cell in enumerate(row):
            _write(book, sheet, (m, n), cell, formats)
    sheet.freeze_panes(TOP + 1, 0)
    _on_paper(sheet)
    sheet.repeat_rows(TOP)
    if not table.rows:
        sheet.write_string(TOP + 1, 0, page.nothing, formats["soft"])
    else:
        sheet.autofilter(TOP, 0, TOP + len(table.rows), len(table.columns) - 1)


def _on_paper(sheet: Worksheet) -> None:
    """Let a sheet be printed as wide as an A4 page."""
    sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.fit_to_pages(1, 0)


A4 = 9
TOP = 4
"""The row of a sheet's heads, counted from 0."""


def _write(
    book: Workbook, sheet: Worksheet, place: tuple[int, int], cell: ReportCell, formats: Formats
) -> None:
    """Write a number as the number it is, with its unit; a time as people read it."""
    pattern = number_format(cell)
    if pattern is None or cell.value is None:
        kind = cell.tone if cell.tone in formats else "text" if cell.value is None else "right"
        sheet.write_string(*place, cell.shown, formats[kind])  # a span stands under spans that are numbers
        return
    if pattern not in formats:
        formats[pattern] = book.add_format({"num_format": pattern, "valign": "top"})
    sheet.write_number(*place, cell.value, formats[pattern])


def number_format(cell: ReportCell) -> str | None:
    """Return the format that shows a cell's number as it is shown; None where that is no plain number."""
    found = _NUMBER.fullmatch(cell.shown)
    if cell.value is None or found is None:
        return None
    number, digits, unit = found[1], found[2] or "", found[3]
    if abs(float(number) - cell.value) > 0.51 * 10.0 ** -len(digits):
        return None
    decimals = f".{'0' * len(digits)}" if digits else ""
    return f'0{decimals}"{unit}"' if unit else f"0{decimals}"


def _width(texts: list[str]) -> int:
    longest = max(sum(2 if ord(char) >= _WIDE else 1 for char in text) for text in texts)
    return max(NARROWEST, min(WIDEST, longest + 2))


def _sheet_name(title: str, used: set[str]) -> str:
    """Return a name that a workbook takes, each once."""
    name = " ".join(title.translate(_FORBIDDEN).split())[:NAME].strip("' ,，") or "-"
    while name.lower() in used:
        name = f"{name[: NAME - 2]} {len(used) % 10}"
    used.add(name.lower())
    return name


def _chart(book: Workbook, sheet: Worksheet, table: ReportTable) -> None:
    chart = book.add_chart({"type": "column", "subtype": "stacked"})
    last = TOP + len(table.rows)
    for n, colour in reversed(list(enumerate(_SERIES, 1))):
        chart.add_series({
            "name": [sheet.name, TOP, n], "categories": [sheet.name, TOP + 1, 0, last, 0],
            "values": [sheet.name, TOP + 1, n, last, n], "fill": {"color": colour}, "gap": 30,
        })  # fmt: skip
    chart.set_title({"name": table.title})
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": 860, "height": 320})
    sheet.insert_chart(TOP, len(table.columns) + 1, chart)
