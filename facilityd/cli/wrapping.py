"""Breaks lines where a reader expects it: between words, between Chinese signs, never inside an id."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len, chop_cells

CLOSING = frozenset("，。；：！？、）】」』》”’…,.;:!?)]}%")
"""Signs that never begin a line where they can stand at the end of the one before."""
WIDE = 2


def wrapped(text: str, width: int, *, split: bool = True) -> list[str]:
    """Return the text in lines of at most ``width`` cells.

    A word that is longer is split, or with ``split`` false left to the terminal, which joins it when copied.
    """
    lines: list[str] = []
    for paragraph in text.splitlines() or [""]:
        lines += _paragraph(paragraph, max(1, width), split=split)
    return lines


def longest_word(text: str) -> int:
    """Return the cells of the longest part of a text that is never broken."""
    return max((cell_len(word) for line in text.splitlines() for _, word in _words(line)), default=0)


def _paragraph(text: str, width: int, *, split: bool) -> list[str]:
    lines, line = [], ""
    for space, word in _words(text):
        longer = f"{line} {word}" if space and line else line + word
        if cell_len(longer) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        *full, line = chop_cells(word, width) if split and cell_len(word) > width else [word]
        lines += full
    return [*lines, line] if line or not lines else lines


def _words(text: str) -> Iterator[tuple[bool, str]]:
    """Yield what is never broken, and whether a space stands before it."""
    word, space, wide = "", False, False
    for sign in text:
        if sign.isspace():
            if word:
                yield space, word
                word = ""
            space, wide = True, False
            continue
        is_wide = cell_len(sign) >= WIDE
        if word and (is_wide or wide) and sign not in CLOSING:
            yield space, word
            word, space = "", False
        word, wide = word + sign, is_wide or (wide and sign in CLOSING)
    if word:
        yield space, word
