"""Why a notice was not taken: it stands in the journal in English, by which its Chinese is found."""

from __future__ import annotations

import re
from functools import cache

from facilityd.model.message import Wording, texts_of

_LINKS = ("link.name-unknown", "link.no-answer", "link.refused", "link.unreachable", "link.was-lost")
_PARTS = {
    "why": "(?P<why>.*)", "words": "(?P<words>.*)", "found": "(?P<found>.*)", "code": "(?P<code>[^ :]+)",
    "status": r"(?P<status>\d{3})", "list": "(?P<list>invaliduser|unlicenseduser)",
}  # fmt: skip
"""What may stand for each part of a text."""


def recognised(reason: str) -> str:
    """Return a reason that can be said in both languages; as it is where none of ours is found in it."""
    for slug, pattern in _patterns():
        if found := pattern.fullmatch(reason):
            parts = {
                name: recognised(part) if name == "why" else part for name, part in found.groupdict().items()
            }
            return Wording(slug, **parts)
    return reason


def answer(reason: str) -> str:
    """Return what the receiver said, in its own words; empty where it said nothing."""
    found = recognised(reason)
    if not isinstance(found, Wording):
        return ""
    if why := found.parts.get("why"):
        return answer(why)
    if found.slug in ("send.http", "send.http-alone", "send.smtp"):
        return str(found)
    return str(found.parts.get("words", ""))


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    """Return the texts as patterns; what has most words of its own comes first."""
    texts = {slug: one["en"] for slug, one in texts_of("send").items()}
    texts |= {slug: texts_of("link")[slug]["en"] for slug in _LINKS}
    longest = sorted(texts, key=lambda slug: -len(re.sub(r"\{\w+\}", "", texts[slug])))
    return [(slug, re.compile(_pattern(texts[slug]), re.DOTALL)) for slug in longest]


def _pattern(text: str) -> str:
    pieces = re.split(r"\{(\w+)\}", text)
    return "".join(_PARTS[piece] if n % 2 else re.escape(piece) for n, piece in enumerate(pieces))
