"""The words of the timeline; they stand in ``timeline.yaml``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from facilityd.model.plain import plain
from facilityd.model.text import Language, Strict, Text
from facilityd.model.word_table import shipped_table
from facilityd.query.words import both, listed

LONGEST = 400
"""Characters of what a person wrote; what is longer is cut."""
SHOWN = 4
"""Names that are told one by one; of more the first ones, and that there are others."""


class TimelineWords(Strict):
    """What ``timeline.yaml`` holds: in each section the words by code."""

    kind: dict[str, Text]
    mark: dict[str, Text]
    state: dict[str, Text]
    column: dict[str, Text]
    figure: dict[str, Text]
    sentence: dict[str, Text]


@cache
def timeline_words() -> TimelineWords:
    """Return the table that is shipped."""
    return shipped_table("facilityd.query", "timeline.yaml", TimelineWords)


def timeline_sentence(name: str, language: Language, /, **fields: object) -> str:
    """Return one of the sentences, filled in; a text among the fields in the same language."""
    shown = {key: one.in_(language) if isinstance(one, Text) else one for key, one in fields.items()}
    return timeline_words().sentence[name].in_(language).format(**shown)


def timeline_text(name: str, /, **fields: object) -> Text:
    """Return one of the sentences in both languages."""
    return both(lambda language: timeline_sentence(name, language, **fields))


def by(person: str, comment: str = "") -> Text:
    """Return who did something, and what they wrote; nothing for nobody."""
    who = timeline_text("by", person=plain(person, LONGEST)) if person else Text.model_construct(zh="", en="")
    return timeline_text("comment", said=who, comment=plain(comment, LONGEST)) if comment else who


def several(names: Sequence[Text]) -> Text:
    """Return names one after the other, each once; of many the first ones and that there are others."""
    found = unique(names)
    if len(found) <= SHOWN:
        return joined(found)
    return timeline_text("and-more", names=joined(found[:SHOWN]))


def how_many(names: Sequence[Text]) -> Text:
    """Return a name, or how many there are and which."""
    found = unique(names)
    return found[0] if len(found) == 1 else timeline_text("several", n=len(found), names=several(found))


def unique(names: Iterable[Text]) -> list[Text]:
    """Return each text once, in order."""
    return list({(one.zh, one.en): one for one in names}.values())


def joined(names: Sequence[Text]) -> Text:
    """Return texts one after the other."""
    return both(lambda language: listed((one.in_(language) for one in names), language))
