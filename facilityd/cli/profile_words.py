"""What makers write in register lists, as ``profile_list.yaml`` has it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from facilityd.model.text import Strict
from facilityd.model.word_table import shipped_table


class ListWords(Strict):
    """What ``profile_list.yaml`` holds."""

    columns: dict[str, tuple[str, ...]]
    orders: dict[str, tuple[str, ...]]
    types: dict[str, tuple[str, ...]]
    bit_tables: dict[str, tuple[str, ...]]
    unsure: tuple[str, ...]
    units: dict[str, tuple[str, ...]]
    degrees: dict[str, str]
    nothing: tuple[str, ...]
    reserved: tuple[str, ...]
    no_sensor: tuple[str, ...]
    whole: dict[str, str]
    english: dict[str, str]
    tails: dict[str, tuple[str, ...]]
    words: dict[str, str]


@cache
def list_words() -> ListWords:
    """Return the table that is shipped."""
    return shipped_table("facilityd.cli", "profile_list.yaml", ListWords)


def narrow(text: str) -> str:
    """Return a cell with full-width characters made narrow, and one space where there are several."""
    return " ".join(unicodedata.normalize("NFKC", text.replace("℃", "°C")).split())


def is_nothing(text: str) -> bool:
    """Return whether a cell says that there is nothing: empty, a dash, N/A."""
    return narrow(text).lower() in list_words().nothing


def bit_table(text: str) -> str:
    """Return the table of bits that a type's text names; nothing where it names none."""
    said = narrow(text).lower()
    return next((table for table, words in list_words().bit_tables.items() if said in words), "")


def parts_of(text: str, words: Iterable[str]) -> list[str] | None:
    """Return the words that a text is made of, the longest first; None where something is left over."""
    found, at = list[str](), 0
    pattern = _longest(tuple(words))
    while at < len(text):
        if not (one := pattern.match(text, at)) or not one[0]:
            return None
        found.append(one[0])
        at = one.end()
    return found


@cache
def _longest(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True))))
