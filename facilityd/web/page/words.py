"""What the page says, in both languages; the words stand in ``words.yaml``."""

from __future__ import annotations

from functools import cache

from facilityd.model.text import Language, Strict, Text
from facilityd.model.word_table import shipped_table


class SitePageWords(Strict):
    """What ``words.yaml`` holds: by part of the page the texts by name."""

    frame: dict[str, Text]
    tour: dict[str, Text]
    account: dict[str, Text]
    now: dict[str, Text]
    chart: dict[str, Text]
    device: dict[str, Text]
    alarm: dict[str, Text]
    history: dict[str, Text]
    square: dict[str, Text]
    lighting: dict[str, Text]
    night: dict[str, Text]
    ready: dict[str, Text]
    tasks: dict[str, Text]
    photo: dict[str, Text]
    system: dict[str, Text]
    stories: dict[str, Text]
    handbook: dict[str, Text]


@cache
def site_page_words() -> dict[str, Text]:
    """Return every text by ``part.name``."""
    table = shipped_table("facilityd.web.page", "words.yaml", SitePageWords)
    return {
        f"{part}.{name}": text
        for part in SitePageWords.model_fields
        for name, text in getattr(table, part).items()
    }


def word(name: str, language: Language, /, **fields: object) -> str:
    """Return one of the texts, filled in. Raises KeyError where there is none of that name."""
    text = site_page_words()[name].in_(language)
    return text.format(**fields) if fields else text
