"""A workbook (xlsx) of one table, written as it comes: numbers and times as spreadsheets have them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from io import BytesIO, FileIO
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facilityd.query.export_text import TableValue

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

MOST_ROWS = 1_048_576
"""Of a sheet, as spreadsheets have it; what is more goes on in the next."""
# What a device says is text, whatever it begins with: no formula, no link, no number.
_OPTIONS = {
    "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
    "strings_to_numbers": False,
}  # fmt: skip
_WIDTHS = (20, 24, 24, 14)


def write_workbook(target: Path | BytesIO, heads: Sequence[str], rows: Iterable[Sequence[TableValue]]) -> int:
    """Write a table to a file, or into memory; return the number of rows. Times are of no zone.

    Raises OSError.
    """
    from xlsxwriter import Workbook  # noqa: PLC0415 - loaded only where a workbook is asked for
    from xlsxwriter.exceptions import FileCreateError  # noqa: PLC0415

    options = _OPTIONS | {"in_memory": isinstance(target, BytesIO)}
    out = target if isinstance(target, BytesIO) else _FailingOnce(target)
    count, following, book = 0, iter(rows), Workbook(out, options)
    bold = book.add_format({"bold": True, "bottom": 1})
    times = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    while True:
        first = next(following, None)
        if first is None and count:
            break
        sheet = book.add_worksheet()
        for column, width in enumerate(_WIDTHS):
            sheet.set_column(column, column, width)
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, heads, bold)
        if first is None:
            break
        _write(sheet, 1, first, times)
        number = 1
        for number, row in enumerate(islice(following, MOST_ROWS - 2), 2):
            _write(sheet, number, row, times)
        count += number
    try:
        book.close()
    except FileCreateError as error:
        why = error.args[0] if error.args else error
        raise why if isinstance(why, OSError) else OSError(str(error)) from error
    if isinstance(out, _FailingOnce):
        out.close()
    return count


class _FailingOnce:
    """A file that takes all of what is written; once it could not, it says so, and takes nothing any more.

    An archive that could not be written is written to once more when it is forgotten.
    """

    def __init__(self, path: Path) -> None:
        self._file, self._over, self._at = FileIO(path, "wb"), False, 0

    def write(self, data: Any, /) -> int:
        """Write all of it. Raises OSError, once."""
        left = memoryview(data).cast("B")
        while left and not self.over:
            try:
                left = left[self._file.write(left) :]
            except OSError:
                self._over = True
                raise
        self._at += len(data)
        return len(data)

    @property
    def over(self) -> bool:
        """True once nothing is taken any more."""
        return self._over or self._file.closed

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a place."""
        self._at = offset if self.over else self._file.seek(offset, whence)
        return self._at

    def tell(self) -> int:
        """Return the place."""
        return self._at

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """End it."""
        self._file.close()


def _write(sheet: Worksheet, number: int, row: Sequence[TableValue], times: Any) -> None:
    for column, value in enumerate(row):
        if isinstance(value, datetime):
            sheet.write_datetime(number, column, value, times)
        elif value is not None:
            sheet.write(number, column, value)
