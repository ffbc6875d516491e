"""The rows of a maker's register list: of a CSV as spreadsheets write it, or of a workbook."""

from __future__ import annotations

import csv
import io
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from facilityd.errors import UsageError, system_reason
from facilityd.model.message import Wording

LARGEST, LARGEST_BOOK, UNPACKED, MOST = 2**20, 2**24, 2**27, 2000
"""Bytes of a CSV, of a workbook and of what is in it; rows of a list that are read."""
ZIPPED, OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListedRows:
    """A table of cells. ``where`` says what it is, for people: the file, and of a workbook the sheet."""

    where: str
    rows: tuple[Row, ...]

    def place(self, index: int) -> str:
        """Return where a row is, counted as a spreadsheet does."""
        return f"{self.where}:{index + 1}"


def tables_of(path: Path) -> Iterator[ListedRows]:
    """Yield the tables of a file: one of a CSV, each sheet of a workbook. Raises UsageError."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BOOK + 1)
    except OSError as error:
        raise UsageError(
            Wording("ask.cannot-be-read", error=system_reason(error)), where=str(path)
        ) from error
    if content.startswith((ZIPPED, OLD_EXCEL)):
        yield from _sheets(path, content)
    else:
        yield ListedRows(str(path), _lines(content[:LARGEST]))


def column_name(index: int) -> str:
    """Return a column as spreadsheets call it: A, B, … Z, AA."""
    letters = string.ascii_uppercase
    return letters[index] if index < len(letters) else letters[index // 26 - 1] + letters[index % 26]


def _sheets(path: Path, content: bytes) -> Iterator[ListedRows]:
    from python_calamine import CalamineError, CalamineWorkbook

    if len(content) > LARGEST_BOOK or _unpacked(content) > UNPACKED:
        raise UsageError(Wording("ask.list-too-large"), where=str(path), hint=Wording("ask.list-own-sheet"))
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        for name in book.sheet_names:
            sheet = book.get_sheet_by_name(name).to_python(skip_empty_area=False, nrows=MOST + 1)
            yield ListedRows(f"{path}[{name}]", tuple(tuple(map(_cell, row)) for row in sheet))
    except (CalamineError, OSError, ValueError) as error:
        raise UsageError(Wording("ask.no-workbook"), where=str(path), hint=Wording("ask.as-csv")) from error


def _unpacked(content: bytes) -> int:
    """Return how many bytes a workbook says that it holds; nothing where it is no zip."""
    try:
        with ZipFile(io.BytesIO(content)) as parts:
            return sum(part.file_size for part in parts.infolist())
    except BadZipFile:
        return 0


def _cell(value: object) -> str:
    """Return a cell as it is shown: spreadsheets keep 40001 as 40001.0."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _lines(content: bytes) -> tuple[Row, ...]:
    try:
        read = csv.reader(io.StringIO(_text(content), newline=""), dialect=_dialect(content))
        return tuple(tuple(row) for _, row in zip(range(MOST + 1), read, strict=False))
    except csv.Error:  # no table at all
        return ()


def _text(content: bytes) -> str:
    """Return the text: UTF-8, else what Chinese Windows writes."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030", errors="replace")


def _dialect(content: bytes) -> type[csv.Dialect]:
    first = _text(content).splitlines()[:1]
    if first and "\t" in first[0]:
        return csv.excel_tab
    if first and first[0].count(";") > first[0].count(","):
        return type("Semicolons", (csv.excel,), {"delimiter": ";"})
    return csv.excel


def filled(rows: Sequence[Row], after: int) -> Iterator[tuple[int, Row]]:
    """Yield the rows after one that have something in them, each with its index."""
    yield from ((n, row) for n, row in enumerate(rows) if n > after and any(map(str.strip, row)))
