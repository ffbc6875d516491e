"""Tables in one language, for whatever shows them: a terminal, HTML, Markdown, CSV or a workbook."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from facilityd.model.plain import plain
from facilityd.model.text import Language, Strict, Text
from facilityd.model.word_table import shipped_table

LONGEST = 4000
"""Characters of a cell; what people wrote may be longer, and is cut."""


class ReportCell(NamedTuple):
    """What is shown, the number behind it where there is one; ``tone``: good, tolerable, over or none."""

    shown: str
    value: float | int | None = None
    tone: str = ""


RowCells = tuple[ReportCell | str | int, ...]
"""A row as it is given; texts and whole numbers become cells."""


@dataclass(frozen=True, slots=True)
class ReportTable:
    """Rows under columns; ``note`` says what a reader must know of them. ``id``: the same in any language."""

    id: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[ReportCell, ...], ...]
    note: str = ""


class ReportWords(Strict):
    """What ``report.yaml`` holds: in each section the words by code."""

    title: dict[str, Text]
    note: dict[str, Text]
    column: dict[str, Text]
    word: dict[str, Text]
    sentence: dict[str, Text]


@cache
def report_words() -> ReportWords:
    """Return the table that is shipped."""
    return shipped_table("facilityd.query", "report.yaml", ReportWords)


def report_word(code: str, language: Language) -> str:
    """Return a code's word; the code itself where the table has none."""
    known = report_words().word.get(code)
    return known.in_(language) if known else code


def report_sentence(name: str, language: Language, **fields: object) -> str:
    """Return one of the sentences, filled in."""
    return report_words().sentence[name].in_(language).format(**fields)


def make_table(
    name: str, columns: Iterable[str], rows: Iterable[RowCells], language: Language
) -> ReportTable:
    """Return a table whose title, note and columns are those of ``report.yaml``."""
    words = report_words()
    cells = tuple(tuple(_cell(one) for one in row) for row in rows)
    note = words.note[name].in_(language) if name in words.note else ""
    heads = tuple(words.column[column].in_(language) for column in columns)
    return ReportTable(name, words.title[name].in_(language), heads, cells, note)


def number_cell(value: float | None, decimals: int = 1, unit: str = "", tone: str = "") -> ReportCell:
    """Return a number as a cell; a dash for what is not known."""
    if value is None:
        return ReportCell("—")
    return ReportCell(f"{value:.{decimals}f} {unit}".rstrip(), round(value, 6), tone)


def _cell(one: ReportCell | str | int) -> ReportCell:
    if isinstance(one, ReportCell):
        return one._replace(shown=plain(one.shown, LONGEST))
    return ReportCell(plain(one, LONGEST)) if isinstance(one, str) else ReportCell(str(one), one)
