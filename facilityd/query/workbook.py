"""A workbook (xlsx) of one table: the least that spreadsheets read, written as it comes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

from facilityd.query.export_text import TableValue

MOST_ROWS = 1_048_576
"""Of a sheet, as spreadsheets have it; what is more goes on in the next."""
_TYPES = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/styles.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>{sheets}</Types>'
)
_TYPE = (
    '<Override PartName="/xl/worksheets/sheet{0}.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
)
_RELS = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{0}</Relationships>'
)
_REL = (
    '<Relationship Id="rId{0}" Target="{2}"'
    ' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{1}"/>'
)
_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_BOOK = (
    f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><workbook {_MAIN} xmlns:r='
    '"http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>{0}</sheets></workbook>'
)
_STYLES = (
    f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><styleSheet {_MAIN}>'
    '<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
    '<fonts count="2"><font/><font><b/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="3"><xf/><xf numFmtId="164" applyNumberFormat="1"/><xf fontId="1" applyFont="1"/>'
    "</cellXfs></styleSheet>"
)
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet's days have no zone
_DAY_S = 86400.0


def write_workbook(path: Path, title: str, heads: Sequence[str], rows: Iterable[Sequence[TableValue]]) -> int:
    """Write a table to a file; return the number of rows. Times are of no zone. Raises OSError."""
    count, sheets, following = 0, 0, iter(rows)
    with ZipFile(path, "w", ZIP_DEFLATED) as book:
        more = True
        while more:
            sheets += 1
            with book.open(f"xl/worksheets/sheet{sheets}.xml", "w", force_zip64=True) as sheet:
                sheet.write(f'<?xml version="1.0" encoding="UTF-8"?><worksheet {_MAIN}><sheetData>'.encode())
                sheet.write(_row(heads, style=' s="2"'))
                written, more = 0, False
                for row in following:
                    sheet.write(_row(row))
                    written += 1
                    if written == MOST_ROWS - 1:
                        more = True
                        break
                sheet.write(b"</sheetData></worksheet>")
            count += written
        _frame(book, title, sheets)
    return count


def _frame(book: ZipFile, title: str, sheets: int) -> None:
    numbers = range(1, sheets + 1)
    parts = [_REL.format(n, "worksheet", f"worksheets/sheet{n}.xml") for n in numbers]
    parts.append(_REL.format(sheets + 1, "styles", "styles.xml"))
    names = [f'<sheet name="{_name(title, n)}" sheetId="{n}" r:id="rId{n}"/>' for n in numbers]
    book.writestr("[Content_Types].xml", _TYPES.format(sheets="".join(map(_TYPE.format, numbers))))
    book.writestr("_rels/.rels", _RELS.format(_REL.format(1, "officeDocument", "xl/workbook.xml")))
    book.writestr("xl/workbook.xml", _BOOK.format("".join(names)))
    book.writestr("xl/_rels/workbook.xml.rels", _RELS.format("".join(parts)))
    book.writestr("xl/styles.xml", _STYLES)


def _name(title: str, number: int) -> str:
    plain = "".join(letter for letter in title if letter not in r"[]:*?/\\'")[:24] or "facilityd"
    return escape(plain if number == 1 else f"{plain} {number}", {'"': "&quot;"})


def _row(cells: Sequence[TableValue], style: str = "") -> bytes:
    return f"<row>{''.join(_cell(cell, style) for cell in cells)}</row>".encode()


def _cell(cell: TableValue, style: str) -> str:
    if cell is None or cell == "":
        return "<c/>"
    if isinstance(cell, datetime):
        return f'<c s="1"><v>{(cell - _EPOCH).total_seconds() / _DAY_S!r}</v></c>'
    if isinstance(cell, bool):
        return f'<c t="b"><v>{cell:d}</v></c>'
    if isinstance(cell, int | float):
        return f"<c><v>{cell!r}</v></c>"
    plain = "".join(letter for letter in cell if letter >= " " or letter in "\t\n")
    return f'<c t="inlineStr"{style}><is><t xml:space="preserve">{escape(plain)}</t></is></c>'
