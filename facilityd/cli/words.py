"""Codes of the tables as a person reads them; the words stand in ``words.yaml``."""

from __future__ import annotations

from functools import cache

from facilityd.model.sample import NS
from facilityd.model.text import Language, Strict, Text
from facilityd.model.word_table import shipped_table
from facilityd.notify.texts import texts
from facilityd.query.words import say_reason

_SIZES = (("d", 86_400), ("h", 3600), ("min", 60))


class Counted(Strict):
    """A number of things; ``{n}`` is the number."""

    one: str
    several: str
    zh: str


class Words(Strict):
    """What ``words.yaml`` holds: in each section the words by code."""

    method: dict[str, Text]
    reloaded: dict[str, Text]
    event: dict[str, Text]
    table: dict[str, Text]
    mode: dict[str, Text]
    diagnosis: dict[str, Text]
    evidence: dict[str, Text]
    fact: dict[str, Text]
    severity: dict[str, Text]
    quantity: dict[str, Text]
    ceremony: dict[str, Text]
    readiness: dict[str, Text]
    waiver: dict[str, Text]
    mark: dict[str, Text]
    part: dict[str, Text]
    sentence: dict[str, Text]
    count: dict[str, Counted]


@cache
def words() -> Words:
    """Return the table that is shipped."""
    return shipped_table("facilityd.cli", "words.yaml", Words)


def word(section: dict[str, Text], code: str, language: Language) -> str:
    """Return a code's word; the code itself where the table has none."""
    known = section.get(code)
    return known.in_(language) if known else code


def sentence(name: str, language: Language, **fields: object) -> str:
    """Return one of the sentences, filled in."""
    return words().sentence[name].in_(language).format(**fields)


def counted(number: int, thing: str, language: Language) -> str:
    """Return how many there are: 1 link, 2 links."""
    form = words().count[thing]
    return (form.zh if language == "zh" else form.one if number == 1 else form.several).format(n=number)


def show_priority(priority: str, language: Language) -> str:
    """Return a priority, such as ``high``."""
    return texts().priority[priority].in_("zh") if language == "zh" and priority else priority


def show_quality(quality: str, language: Language) -> str:
    """Return a quality in words: ``good``, or reasons with commas between them."""
    between = "；" if language == "zh" else "; "
    return between.join(say_reason(one, language) for one in quality.split(", "))


def show_span(ns: float | None, language: Language) -> str:
    """Return a span as a person says it: 0.4 s, 12 s, 5 min, 3 h, 2 d; in Chinese 5 分钟; a dash for None."""
    if ns is None:
        return "—"
    seconds, unit = ns / NS, texts().span
    for name, size in _SIZES:
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit[name].in_(language)}"
    shown = f"{seconds:.1f}" if seconds < 10 else f"{seconds:.0f}"  # noqa: PLR2004
    return f"{shown} {unit['s'].in_(language)}"
