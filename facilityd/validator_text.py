"""What pydantic finds, in the words of people who write configuration files."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any

Context = Mapping[str, Any]


def choice(word: str, names: list[str]) -> str:
    """Return what is allowed, and which of it was probably meant."""
    same = [name for name in names if name.lower() == word.lower()]
    near = same or difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    return f"allowed: {', '.join(names)}" + (f"; did you mean {near[0]!r}?" if near else "")


def _entries(context: Context) -> str:
    count = context.get("min_length", 1)
    return f"at least {count} {'entry is' if count == 1 else 'entries are'} needed"


def _characters(context: Context) -> str:
    least = context.get("min_length", 1)
    return "a text is needed here" if least == 1 else f"at least {least} characters are needed"


_WORDS: dict[str, Callable[[Context], str]] = {
    "too_short": _entries,
    "too_long": lambda context: f"at most {context.get('max_length')} entries are allowed",
    "string_too_short": _characters,
    "string_type": lambda _: "a text is expected",
    "dict_type": lambda _: "settings as 'key: value' are expected",
    "model_type": lambda _: "settings as 'key: value' are expected",
    "model_attributes_type": lambda _: "settings as 'key: value' are expected",
    "list_type": lambda _: "a list is expected",
    "tuple_type": lambda _: "a list is expected",
    "bool_type": lambda _: "true or false is expected",
    "bool_parsing": lambda _: "true or false is expected",
    "string_pattern_mismatch": lambda context: f"does not have the expected form {context.get('pattern')}",
    "union_tag_not_found": lambda context: f"{context.get('discriminator')} is missing",
}

_SETTINGS_TYPES = ("model_type", "model_attributes_type", "dict_type")
_PLAIN_TYPES = ("string_type", "int_type", "float_type")


def plain(kind: str, message: str, context: Context) -> str:
    """Return one sentence for a problem of a pydantic kind; pydantic's own where it reads well."""
    words = _WORDS.get(kind)
    text = message.removeprefix("Input ")
    return words(context) if words else text[:1].lower() + text[1:]


def without_echoes(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Drop what only follows from a mistake that is told: by a union's other branch, by a wrong entry."""

    def echo(line: dict[str, Any]) -> bool:
        if line["type"] in _SETTINGS_TYPES and not isinstance(line["input"], dict | list):
            union = line["loc"][:-1]
            return any(o["type"] in _PLAIN_TYPES and o["loc"][: len(union)] == union for o in lines)
        if not isinstance(line["input"], dict | list) or line["type"] not in _PLAIN_TYPES:
            return False
        union = line["loc"][:-1]
        return any(other["loc"][: len(union)] == union for other in lines if other is not line)

    return [line for line in lines if not echo(line) and not _enough(line)]


def _enough(line: dict[str, Any]) -> bool:
    """Return whether only too few *right* entries stand there: what is wrong with the others is told."""
    found = line["input"]
    return (
        line["type"] == "too_short"
        and isinstance(found, list | dict)
        and len(found) >= line["ctx"]["min_length"]
    )
