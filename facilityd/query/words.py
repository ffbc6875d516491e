"""Codes of the read model as a person reads them; the words stand in ``words.yaml``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

from facilityd.model.sample import NS
from facilityd.model.text import Language, Strict, Text
from facilityd.model.word_table import shipped_table
from facilityd.notify.texts import texts
from facilityd.notify.value_text import format_span

_UNLISTED = "unknown-code-"


class QueryWords(Strict):
    """What ``words.yaml`` holds: in each section the words by code."""

    quality: dict[str, Text]
    device: dict[str, Text]
    standing: dict[str, Text]
    notice: dict[str, Text]
    held: dict[str, Text]
    limit: dict[str, Text]
    law: dict[str, Text]
    plot: dict[str, Text]
    export: dict[str, Text]
    change: dict[str, Text]
    command: dict[str, Text]
    task_event: dict[str, Text]
    sentence: dict[str, Text]


@cache
def query_words() -> QueryWords:
    """Return the table that is shipped."""
    return shipped_table("facilityd.query", "words.yaml", QueryWords)


def sentence(name: str, language: Language, **fields: object) -> str:
    """Return one of the sentences, filled in."""
    return query_words().sentence[name].in_(language).format(**fields)


def priority_text(priority: str, language: Language) -> str:
    """Return a priority as people say it; "" for none."""
    known = texts().priority.get(priority)
    return known.in_(language) if known else priority


def span_text(ns: int, language: Language) -> str:
    """Return a span (ns) as people say it: '1 h 5 min'."""
    return format_span(max(0, ns) // NS, language)


def both(make: Callable[[Language], str]) -> Text:
    """Return a text in both languages, made by one function; what it makes may be empty."""
    return Text.model_construct(zh=make("zh"), en=make("en"))


def listed(names: Iterable[str], language: Language) -> str:
    """Return names one after the other."""
    return ("、" if language == "zh" else ", ").join(names)


def say_reason(reason: str, language: Language) -> str:
    """Return why a value is bad, in words."""
    if reason.startswith(_UNLISTED):
        return f"{texts().reason['unknown-code'].in_(language)} {reason.removeprefix(_UNLISTED)}"
    known = (query_words().quality | texts().reason).get(reason)
    return known.in_(language) if known else reason
