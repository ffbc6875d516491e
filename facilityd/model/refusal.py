"""Why a command was refused, as the journal keeps it: both texts, to be read in either language."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from facilityd.model.message import Wording, spoken
from facilityd.model.plain import masked, plain
from facilityd.model.text import LANGUAGES, Text

LONGEST = 1000
"""Characters of each text."""
_BETWEEN = " / "


def stored(refusal: str) -> str:
    """Return a refusal as it is kept: both texts apart, or the one there is."""
    if not refusal:
        return ""
    text = {"zh": refusal.in_("zh"), "en": str(refusal)} if isinstance(refusal, Wording) else _split(refusal)
    return json.dumps({name: plain(said, LONGEST) for name, said in text.items()}, ensure_ascii=False)


def stored_lines(lines: Sequence[str], secrets: Iterable[str] = ()) -> str:
    """Return a refusal of several lines as it is kept, without ``secrets``."""
    told = {
        name: "\n".join(plain(masked(spoken(line, name), secrets), LONGEST) for line in lines)
        for name in LANGUAGES
    }
    return json.dumps(told, ensure_ascii=False)


def read(kept: str) -> Text:
    """Return both texts of what is kept; an older facilityd kept them as one: "english / chinese"."""
    try:
        found = json.loads(kept)
    except ValueError:
        found = None
    if isinstance(found, dict) and all(isinstance(found.get(name), str) for name in ("zh", "en")):
        return Text.model_construct(zh=found["zh"], en=found["en"])
    texts = _split(kept)
    return Text.model_construct(zh=texts["zh"], en=texts["en"])


def _split(text: str) -> dict[str, str]:
    """Return the texts of "place: english / chinese", each with its place; of another text it twice."""
    english, between, chinese = text.partition(_BETWEEN)
    if not between:
        return {"zh": text, "en": text}
    place, colon, _ = english.partition(": ")
    return {"zh": f"{place}：{chinese}" if colon else chinese, "en": english}
