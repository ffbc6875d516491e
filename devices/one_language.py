"""Families beside a site may speak one language: the other says the same words, for want of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from facilityd.model.text import LANGUAGES, Language

SHORT = "short"
"""A key whose text may lack a language anyway."""


def in_both(told: Any) -> Any:
    """Return what a YAML file says, with each text that has one language in the other too."""
    if isinstance(told, list):
        return [in_both(one) for one in told]
    if not isinstance(told, dict):
        return told
    language = _only(told)
    if language is not None:
        return dict.fromkeys(LANGUAGES, told[language])
    return {key: one if key == SHORT else in_both(one) for key, one in told.items()}


def languages_of(told: Any) -> frozenset[Language]:
    """Return the languages that texts are written in: of a family with both, both."""
    return frozenset(_languages(told))


def _languages(told: Any) -> Iterator[Language]:
    if isinstance(told, dict):
        if told and set(told) <= set(LANGUAGES):
            yield from told
            return
        told = [one for key, one in told.items() if key != SHORT]
    if isinstance(told, list):
        for one in told:
            yield from _languages(one)


def _only(told: dict[Any, Any]) -> Language | None:
    """Return the language of a text that has one; ``{en: {…}}`` is no text."""
    if len(told) != 1:
        return None
    ((key, text),) = told.items()
    return key if key in LANGUAGES and isinstance(text, str) else None
