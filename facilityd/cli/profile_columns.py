"""Which row of a register list is its head, and which column holds what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from facilityd.cli.profile_rows import ListedRows, Row, column_name
from facilityd.cli.profile_words import list_words, narrow


def columns_of(table: ListedRows, told: Mapping[str, str]) -> tuple[int, dict[str, int]]:
    """Return which row is the head and which column is what; nothing where no row is one.

    ``told``: letters or headings of columns, by what they hold.
    """
    return next(((n, found) for n, row in enumerate(table.rows) if (found := _columns(row, told))), (0, {}))


def _columns(row: Row, told: Mapping[str, str]) -> dict[str, int]:
    """Return which column is what; nothing where the row is no head: address and name are needed."""
    heads = [narrow(cell).lower() for cell in row]
    if not any(heads):
        return {}
    found: dict[str, int] = {}
    for key, said in told.items():
        if (n := _told_column(said, heads)) is None:
            return {}
        found[key] = n
    for key, words in list_words().columns.items():
        if key not in found and (n := _guessed(words, heads, [*found.values()])) is not None:
            found[key] = n
    return found if {"address", "name"} <= found.keys() else {}


def _guessed(words: Sequence[str], heads: Sequence[str], taken: Sequence[int]) -> int | None:
    """Return the column that fits best: by the first word that fits any, its shortest heading."""
    for word in words:
        free = [n for n, head in enumerate(heads) if n not in taken]
        fits = [n for n in free if (heads[n] == word[1:] if word[0] == "=" else word in heads[n])]
        if fits:
            return min(fits, key=lambda n: len(heads[n]))
    return None


def _told_column(said: str, heads: Sequence[str]) -> int | None:
    """Return the column that is meant by its heading, or by its letter."""
    if said.strip().lower() in heads:
        return heads.index(said.strip().lower())
    return next((n for n in range(len(heads)) if column_name(n) == said.strip().upper()), None)
