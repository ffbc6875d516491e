"""What a register list says of a value's type: its number of registers, its sign, the order of its words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from facilityd.cli.profile_words import list_words, narrow, parts_of

WORDS = {"16": 16, "32": 32, "64": 64}
MEANT = {
    "float": ("f", 0), "single": ("f", 32), "double": ("f", 64), "int": ("i", 0), "long": ("i", 32),
    "short": ("i", 16), "word": ("n", 16), "dword": ("n", 32), "qword": ("n", 64), "dint": ("i", 32),
    "lint": ("i", 64), "code": ("n", 0), "bool": ("bit", 0), "text": ("string", 0), "bcd": ("bcd", 0),
}  # fmt: skip
"""Kind and width of each part: f a float, i a whole number with a sign unless said, n one without."""
ORDER_OF = {
    "ABCD": {"word_order": "big", "byte_order": "big"}, "CDAB": {"word_order": "little"},
    "BADC": {"byte_order": "little"}, "DCBA": {"word_order": "little", "byte_order": "little"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ListedType:
    """``wire`` is a type of a profile, ``order`` one of ABCD, CDAB, …; each is empty where not known."""

    wire: str
    order: str = ""


def listed_type(text: str, span: int) -> ListedType:
    """Return what a cell means of a value that takes ``span`` registers; 0 where it is not said."""
    said = narrow(text).lower()
    order, said = _order(said)
    said = re.sub(r"[^\w]|_", "", said)
    if said in list_words().unsure:
        return ListedType("", order)
    found = parts_of(said, _kinds())
    return ListedType(_wire([_kinds()[part] for part in found], span) if found else "", order)


def _order(text: str) -> tuple[str, str]:
    """Return the order of words and bytes that a type's text says, and the text without it."""
    for order, words in list_words().orders.items():
        for word in words:
            edge = r"\b" if word.isascii() else ""
            if found := re.search(edge + re.escape(word) + edge, text):
                return order, text[: found.start()] + text[found.end() :]
    return "", text


@cache
def _kinds() -> dict[str, str]:
    return {
        re.sub(r"[^\w]|_", "", word): kind for kind, words in list_words().types.items() for word in words
    }


def _wire(parts: list[str], span: int) -> str:
    """Return the wire type of parts that do not contradict each other, else nothing."""
    signs = {part[0] for part in parts if part in ("signed", "unsigned")}
    widths = {WORDS[part] for part in parts if part in WORDS}
    kinds = {MEANT[part][0] for part in parts if part in MEANT}
    widths |= {MEANT[part][1] for part in parts if part in MEANT and MEANT[part][1]}
    if not kinds and not signs and set(parts) == {"bit"}:
        kinds = {"bit"}
    if "i" in kinds and "n" in kinds:
        kinds -= {"i"}
    if len(signs) > 1 or len(widths) > 1 or len(kinds) > 1 or not (kinds or signs):
        return ""
    kind, width = min(kinds, default="i"), min(widths, default=0)
    if kind in ("bit", "string"):
        return "" if signs else kind
    if kind == "f":
        width = width or (16 * span if span else 32)
        return f"f{width}" if width > 16 and not signs else ""  # noqa: PLR2004
    width = width or 16 * (span or 1)
    if kind == "bcd":
        return f"bcd{width}" if width in (16, 32) else ""
    sign = min(signs, default="u" if kind == "n" else "s")
    return f"{sign}{width}" if width in (16, 32, 64) else ""


def words_of(wire: str) -> int:
    """Return how many registers a number of a wire type takes; of a bit one."""
    return max(1, int(re.sub(r"\D", "", wire) or 16) // 16)
