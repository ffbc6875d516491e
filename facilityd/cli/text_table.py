"""Tables that stay readable however narrow the window is: what gives way, and what never does.

Where all columns fit they stand side by side, texts broken between words. Where they do not, those of
less worth are left out, and named; where even the rest does not fit, each row becomes a record of lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions
from rich.text import Text

from facilityd.cli.wrapping import longest_word, wrapped
from facilityd.model.plain import plain
from facilityd.model.text import Language

GAP = "  "
LONGEST = 4000
"""Characters of a cell; what is longer is cut."""
NARROWEST, WIDEST_WORD = 14, 32
"""Cells of a column of text: below the first it is not read with ease, longer words are split."""
MORE = {"zh": "… 还有 {count} 行", "en": "… and {count} more"}
LEFT_OUT = {
    "zh": "窗口太窄，未显示：{names}",
    "en": "not shown in so narrow a window: {names}",
}


@dataclass(frozen=True, slots=True)
class Column:
    """``whole``: never cut, broken or left out, as ids, states, values and ages are.

    ``gives``: the greater, the sooner it is left out; 0 is never. ``named``: a record says its name.
    ``least``: cells below which long texts are not read with ease, where there is so much of them.
    """

    en: str
    zh: str = ""
    whole: bool = False
    gives: int = 0
    named: bool = False
    least: int = 0

    def head(self, language: Language) -> str:
        """Return its name."""
        return self.zh if language == "zh" and self.zh else self.en


def whole(en: str, zh: str = "", *, named: bool = False) -> Column:
    """Return a column that is always shown, and never broken."""
    return Column(en, zh, whole=True, named=named)


class TextTable:
    """Rows under columns, laid out for the window that they are printed to.

    ``lines``: the most that it may take, of a live view; 0 without limit. There, columns of less worth
    take one line a row; no other cell is ever cut: which rows have no room then is counted.
    """

    def __init__(
        self,
        title: str,
        columns: Sequence[Column],
        rows: Iterable[Sequence[object]],
        *,
        language: Language = "en",
        lines: int = 0,
    ) -> None:
        self._title, self._columns, self._language, self._lines = title, columns, language, lines
        self._rows = [[_clean(cell) for cell in row] for row in rows]
        self._heads = [column.head(language) for column in columns]
        self._widths = [
            max(_breadth(self._heads[n]), *(_breadth(row[n].plain) for row in self._rows), 1)
            for n in range(len(columns))
        ]
        self._least = [self._least_of(n) for n in range(len(columns))]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        """Yield the lines."""
        for line in self.laid_out(options.max_width, drop=console.is_terminal):
            line.no_wrap, line.overflow = True, "ignore"
            yield line

    def laid_out(self, width: int, *, drop: bool = True) -> list[Text]:
        """Return the lines for a window of ``width`` cells; ``drop``: columns may be left out."""
        shown = self._chosen(width, drop=drop)
        rows = self._table(shown, width) if shown else [self._record(row, width) for row in self._rows]
        title = wrapped(self._title, width) if self._title else []
        head = self._head(shown, width) if shown and any(self._heads) else []
        tail = self._left_out(shown, width) if shown else []
        top = [Text(line, style="bold italic") for line in title] + head
        return [*top, *self._limited(rows, len(top) + len(tail)), *tail]

    # --- which columns ---------------------------------------------------------------------

    def _chosen(self, width: int, *, drop: bool) -> list[int]:
        """Return the columns that stand side by side; none where the rows must be records."""
        shown = list(range(len(self._columns)))
        while not self._fits(shown, width):
            worst = max(shown, key=lambda n: (self._columns[n].gives, n), default=None)
            if worst is None or not drop or not self._columns[worst].gives:
                return []
            shown.remove(worst)
        return shown

    def _fits(self, shown: Sequence[int], width: int) -> bool:
        return sum(self._least[n] for n in shown) + len(GAP) * (len(shown) - 1) <= width

    def _least_of(self, n: int) -> int:
        """Return the cells that a column needs at least: a text as many as its longest word."""
        if self._columns[n].whole:
            return self._widths[n]
        longest = max((longest_word(row[n].plain) for row in self._rows), default=0)
        return min(self._widths[n], max(NARROWEST, self._columns[n].least, min(longest, WIDEST_WORD)))

    def _left_out(self, shown: Sequence[int], width: int) -> list[Text]:
        names = [head for n, head in enumerate(self._heads) if n not in shown]
        if not names or not self._rows:
            return []
        said = LEFT_OUT[self._language].format(names=", ".join(names))
        return [Text(line, style="dim") for line in wrapped(said, width)]

    # --- side by side ----------------------------------------------------------------------

    def _room(self, shown: Sequence[int], width: int) -> dict[int, int]:
        """Return each column's width: texts share fairly what is left, none takes more than it needs."""
        room = {n: self._widths[n] for n in shown if self._columns[n].whole}
        left = width - sum(room.values()) - len(GAP) * (len(shown) - 1)
        # Those that want the least above what they need come first, so that the others share what they leave.
        texts = sorted((n for n in shown if n not in room), key=lambda n: self._widths[n] - self._least[n])
        spare = left - sum(self._least[n] for n in texts)
        for place, n in enumerate(texts):
            more = min(self._widths[n] - self._least[n], spare // (len(texts) - place))
            room[n] = self._least[n] + more
            spare -= more
        return room

    def _head(self, shown: Sequence[int], width: int) -> list[Text]:
        room = self._room(shown, width)
        names = {n: wrapped(self._heads[n], room[n]) for n in shown}
        return [
            _beside([(names[n][k] if k < len(names[n]) else "", "bold", room[n]) for n in shown])
            for k in range(max(map(len, names.values())))
        ]

    def _table(self, shown: Sequence[int], width: int) -> list[list[Text]]:
        room = self._room(shown, width)
        return [self._row(row, shown, room) for row in self._rows]

    def _row(self, row: Sequence[Text], shown: Sequence[int], room: dict[int, int]) -> list[Text]:
        cells = {n: self._cell(n, row[n].plain, room[n]) for n in shown}
        return [
            _beside([(cells[n][k] if k < len(cells[n]) else "", row[n].style, room[n]) for n in shown])
            for k in range(max(map(len, cells.values())))
        ]

    def _cell(self, n: int, text: str, width: int) -> list[str]:
        """Return a cell's lines: in a live view one, cut, of what is worth less than another row."""
        if self._lines and self._columns[n].gives:
            return [_cut(" ".join(text.split()), width)]
        return wrapped(text, width)

    # --- records ---------------------------------------------------------------------------

    def _record(self, row: Sequence[Text], width: int) -> list[Text]:
        """Return a row as lines: what is whole, then the texts with their names."""
        lines = [Text()]
        for n, column in enumerate(self._columns):
            if column.whole and row[n].plain:
                name = f"{self._heads[n]} " if column.named else ""
                _join(lines, Text(name + row[n].plain, style=row[n].style), width)
        texts = [n for n, column in enumerate(self._columns) if not column.whole and row[n].plain]
        if self._lines:
            essential = [row[n] for n in texts if not self._columns[n].gives]
            room = width - len(GAP)
            return lines + [
                Text(GAP + line, style=cell.style) for cell in essential for line in wrapped(cell.plain, room)
            ]
        colon = "：" if self._language == "zh" else ": "
        lines += [Text()] if texts and lines[-1].plain else []
        for n in texts:
            name = f"{self._heads[n]}{colon}" if self._heads[n] else ""
            _join(lines, Text(name + row[n].plain, style=row[n].style), width, indent=GAP)
        return lines

    def _limited(self, rows: Sequence[list[Text]], used: int) -> list[Text]:
        every = [line for row in rows for line in row]
        if not self._lines or used + len(every) <= self._lines:
            return every
        kept: list[Text] = []
        for count, row in enumerate(rows):
            if used + len(kept) + len(row) + 1 > self._lines:
                return [*kept, Text(MORE[self._language].format(count=len(rows) - count), style="bold")]
            kept += row
        return kept


def _clean(cell: object) -> Text:
    """Return a cell without anything that a terminal would obey."""
    style = cell.style if isinstance(cell, Text) else ""
    return Text(plain(cell.plain if isinstance(cell, Text) else str(cell), LONGEST, lines=True), style=style)


def _breadth(text: str) -> int:
    return max((cell_len(line) for line in text.splitlines()), default=0)


def _cut(text: str, width: int) -> str:
    out = Text(text)
    out.truncate(max(1, width), overflow="ellipsis")
    return out.plain


def _beside(cells: Sequence[tuple[str, object, int]]) -> Text:
    """Return cells of (text, style, width) side by side."""
    line = Text()
    for number, (text, style, width) in enumerate(cells):
        line.append(GAP if number else "")
        line.append(text, style=style or None)  # type: ignore[arg-type]
        line.append(" " * (width - cell_len(text)))
    line.rstrip()
    return line


def _join(lines: list[Text], part: Text, width: int, indent: str = "") -> None:
    """Put a part on the last line where it fits whole, else on lines of its own."""
    last = lines[-1]
    if last.plain and last.cell_len + len(GAP) + part.cell_len <= width and "\n" not in part.plain:
        last.append(GAP)
        last.append(part.plain, style=part.style)
        return
    first = indent if not last.plain else GAP
    for number, line in enumerate(wrapped(part.plain, width - len(GAP))):
        shown = Text(first if not number else GAP)
        shown.append(line, style=part.style)
        if not number and not last.plain:
            lines[-1] = shown
        else:
            lines.append(shown)
