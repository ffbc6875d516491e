"""Breaks lines where a reader expects it: between words, between Chinese signs, never inside an id."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rich.cells import cell_len, chop_cells

from facilityd.model.language import Language

CLOSING = frozenset("，。；：！？、）】」』》”’…,.;:!?)]}%")
"""Signs that never begin a line where they can stand at the end of the one before."""
OPENING = frozenset("（【「『《“‘([{")
"""Signs that never end a line where what they open can follow."""
WIDE = 2
KEPT = "\u00a0"
"""A space that no line is broken at, nor within the word that holds one; shown as a space."""


_SPACES = " \t"
_CHUNKS = re.compile(rf"[^\S{KEPT}]*(?:[^\s]|{KEPT})+|\s+")
_MEASURE = re.compile(r"(\d[\d.,]* (?:分钟|小时|秒|天|次|%|°C|[A-Za-z]{1,3}(?:/[a-z]+|³/h)?(?![A-Za-z])))")
"""A number and its unit."""
_COMMAS = re.compile("(?<=[，；])")


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
    for chunk in _CHUNKS.findall(text) if KEPT in text else [text]:
        if KEPT not in chunk:
            yield from _loose(chunk)
            continue
        # Parts that belong together each end with a comma of their own.
        space = chunk[0].isspace() and chunk[0] != KEPT
        for number, part in enumerate(filter(None, _COMMAS.split(chunk.strip(_SPACES)))):
            yield space and not number, part.replace(KEPT, " ")


def _loose(text: str) -> Iterator[tuple[bool, str]]:
    word, space, wide = "", False, False
    for sign, is_measure in _signs(text):
        if sign.isspace():
            if word:
                yield space, word
                word = ""
            space, wide = True, False
            continue
        is_wide = not is_measure and cell_len(sign) >= WIDE
        if word and (is_wide or wide) and sign not in CLOSING and word[-1] not in OPENING:
            yield space, word
            word, space = "", False
        word, wide = word + sign, is_wide or is_measure or (wide and sign in CLOSING)
    if word:
        yield space, word


def _signs(text: str) -> Iterator[tuple[str, bool]]:
    """Yield sign by sign, but a number with its unit as one, and whether it is that."""
    for number, part in enumerate(_MEASURE.split(text)):
        if number % 2:
            yield part, True
        else:
            yield from ((sign, False) for sign in part)


def joined(parts: Iterable[str], language: Language) -> str:
    """Return parts one after the other that lines are broken between, and never within."""
    kept = (part.replace(" ", KEPT) for part in parts)
    return ("，" if language == "zh" else ", ").join(kept)


def padded(text: str, width: int) -> str:
    """Return the text with spaces after it up to a number of cells."""
    return text + " " * max(0, width - cell_len(text))
