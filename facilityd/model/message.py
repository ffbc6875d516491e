"""Messages kept by slug and parts, so that each reader gets them in the own language.

As a ``str`` a message is English: logs, JSON and tests read it so. The texts stand in ``messages/``, one file
for each area; a slug is the file's name, a point, and the message's own name.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Self

from facilityd.model.language import Language
from facilityd.model.shipped_data import shipped_data

SYSTEM = "strerror"
"""The part that is what the operating system says."""
_COMMAS = {"en": ", ", "zh": "、"}
_ERROR = {
    "en": ("{where}: {what}", "{what}; {hint}"),
    "zh": ("{where}：{what}", "{what}；{hint}"),
}


class Wording(str):
    """A text by its ``slug``, filled in with ``parts``: also messages, errors and lists of texts."""

    __slots__ = ("parts", "slug")
    slug: str
    parts: Mapping[str, Any]

    def __new__(cls, slug: str, /, **parts: Any) -> Self:
        """Return one. Raises KeyError for a slug or a part that there is not: a mistake in the code."""
        made = super().__new__(cls, _filled(slug, parts, "en"))
        made.slug, made.parts = slug, parts
        return made

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, Any]]:
        """Return what makes the same message again, in a copy or another process."""
        return (self.slug,), dict(self.parts)

    def in_(self, language: Language) -> str:
        """Return the wording for one reader."""
        return _filled(self.slug, self.parts, language)


def spoken(text: object, language: Language) -> str:
    """Return a text, or what an error says, in a language where it can be said in both; else as it is."""
    if isinstance(text, Wording):
        return text.in_(language)
    if isinstance(text, Exception):
        return _spoken_error(text, language)
    return str(text)


def reason(error: Exception) -> str:
    """Return what an error says; a message stays one, which ``str(error)`` would not."""
    first = error.args[0] if error.args else ""
    return first if isinstance(first, Wording) and first == str(error) else str(error)


def _spoken_error(error: Exception, language: Language) -> str:
    """Return an error's text; of one of ours its place, what and hint."""
    what = getattr(error, "what", None)
    if not isinstance(what, str):
        return spoken(reason(error), language)
    said, (at, more) = spoken(what, language), _ERROR[language]
    if where := getattr(error, "where", ""):
        said = at.format(where=spoken(where, language), what=said)
    if hint := getattr(error, "hint", ""):
        said = more.format(what=said, hint=spoken(hint, language))
    return said


def _filled(slug: str, parts: Mapping[str, Any], language: str) -> str:
    """Return a text filled in; what is listed is joined as the language does it."""
    shown = {name: _part(part, language) for name, part in parts.items()}
    if SYSTEM in shown:
        shown[SYSTEM] = _by_english().get(str(shown[SYSTEM]), {}).get(language, shown[SYSTEM])
    return texts_of(slug.partition(".")[0])[slug][language].format(**shown)


def _part(part: Any, language: Any) -> Any:
    if isinstance(part, Wording | Exception):
        return spoken(part, language)
    if hasattr(part, "in_"):  # a Text; to know the class would load what checks tables
        return part.in_(language)
    if isinstance(part, list | tuple) and all(isinstance(one, str) for one in part):
        return _COMMAS[language].join(spoken(one, language) for one in part)
    return part


@cache
def system_words() -> dict[str, dict[str, str]]:
    """Return what the operating system says, in each language by its name."""
    found: dict[str, dict[str, str]] = shipped_data("facilityd.model", "system_words.yaml")
    return found


@cache
def _by_english() -> dict[str, dict[str, str]]:
    return {text["en"]: text for text in system_words().values()}


@cache
def texts_of(area: str) -> dict[str, dict[str, str]]:
    """Return an area's texts by slug, each by language."""
    texts = shipped_data("facilityd.model", "messages", f"{area}.yaml")
    return {f"{area}.{name}": text for name, text in texts.items()}
