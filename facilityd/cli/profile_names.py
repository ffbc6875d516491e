"""A point's name, as the shipped profiles name theirs, of what a maker calls it in Chinese or English."""

from __future__ import annotations

import re
from functools import cache

from facilityd.cli.profile_words import list_words, narrow, parts_of

LONGEST = 40
CHINESE = r"\u4e00-\u9fff"


def point_name(text: str) -> str:
    """Return a name such as voltage_l1; nothing where it is not understood as a whole."""
    said = narrow(text)
    if not re.search(f"[{CHINESE}]", said):
        return _english(said)
    beside = max(re.findall(f"[^{CHINESE}]+", said), key=len, default="")
    if made := _chinese(said):
        return made
    return _english(beside) if re.search(r"[A-Za-z]{4}", beside) else ""


def _english(text: str) -> str:
    made = f"_{_slug(text)}_"
    if known := list_words().whole.get(made.strip("_")):
        return known
    for phrase, word in list_words().english.items():
        made = made.replace(f"_{phrase}_", f"_{word}_")
    tails = list[str]()
    for tail, phrases in list_words().tails.items():
        phrase = next((p for p in phrases if p.isascii() and f"_{_slug(p)}_" in made), "")
        if phrase and made != f"_{_slug(phrase)}_":
            made = made.replace(f"_{_slug(phrase)}_", "_", 1)
            tails.append(tail)
    return _joined([made.strip("_")], tails)


def _chinese(text: str) -> str:
    """Return the name of a text of which every word is known.

    What stands in brackets in Latin, and an English name beside the Chinese one, are left out.
    """
    said = re.sub(r"\([\x20-\x7e]*\)", "", text).lower()
    said = re.sub(rf"(?<![{CHINESE}])[^{CHINESE}]*[a-z]{{4}}[^{CHINESE}]*", "", said)
    said = re.sub(rf"(?<=[{CHINESE}])\s[^{CHINESE}]*[a-z]{{4}}[^{CHINESE}]*", "", said)
    short = [one for one in list_words().whole if re.search(rf"(?<![a-z]){one}(?![a-z])", said)]
    said = re.sub(rf"(?<![a-z])(?:{'|'.join(list_words().whole)})(?![a-z])", "", said)
    said = re.sub(rf"\s*([{CHINESE}])\s*", r"\1", said)
    words, tails = list[str](), list[str]()
    for piece in re.findall(rf"[abcln123+-]+(?=[{CHINESE}])[{CHINESE}#]*|[{CHINESE}#]+|[a-z]+|\d+", said):
        found = _pieces(re.sub("[+-]", "", piece))
        if found is None:
            return ""
        words, tails = words + found[0], tails + found[1]
    if short and not tails:
        tails = [list_words().whole[short[0]].partition("_")[2]]
    words = [word for word in words if word]
    if len(words) > 1 and words[0].isdigit():
        words[:2] = words[1], words[0]
    return _joined(words, sorted(set(tails), key=[*list_words().tails].index)) if words else ""


def _pieces(piece: str) -> tuple[list[str], list[str]] | None:
    """Return the words and the tails of a piece of text; None where one is not known."""
    if piece.isascii() and piece != "#":
        return [piece], []
    known = list_words().words
    parts = parts_of(piece, (*known, *_tails(), *_DIGITS))
    if parts is None:
        return None
    rest = "".join("" if part in _tails() else part for part in parts)  # 有功总电能 is 有功电能, in all
    again = parts_of(rest, (*known, *_DIGITS)) or []
    said = re.sub(r"(\d) (?=\d)", r"\1", " ".join(known.get(part, part) for part in again))
    return said.split(), [_tails()[part] for part in parts if part in _tails()]


_DIGITS = tuple("0123456789")


@cache
def _tails() -> dict[str, str]:
    return {
        phrase: tail
        for tail, phrases in list_words().tails.items()
        for phrase in phrases
        if not phrase.isascii()
    }


def _joined(words: list[str], tails: list[str]) -> str:
    return _slug("_".join([*words, *tails]))[:LONGEST].strip("_")


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
