"""What pydantic finds, in the words of people who write configuration files."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

Context = Mapping[str, Any]


def choice(word: str, names: list[str]) -> str:
    """Return what is allowed, and which of it was probably meant."""
    same = [name for name in names if name.lower() == word.lower()]
    near = same or difflib.get_close_matches(word, names, n=1, cutoff=0.65)
    return f"allowed: {', '.join(names)}" + (f"; did you mean {near[0]!r}?" if near else "")


def _entries(context: Context) -> str:
    count = context.get("min_length", 1)
    return f"at least {count} {'entry is' if count == 1 else 'entries are'} needed"


def _characters(context: Context) -> str:
    least = context.get("min_length", 1)
    return "a text is needed here" if least == 1 else f"at least {least} characters are needed"


def _settings(context: Context) -> str:
    if context.get("class_name") == "Text":
        return "write it in both languages: {zh: …, en: …}"
    return "settings as 'key: value' are expected"


_WORDS: dict[str, Callable[[Context], str]] = {
    "too_short": _entries,
    "too_long": lambda context: f"at most {context.get('max_length')} entries are allowed",
    "string_too_short": _characters,
    "string_type": lambda _: "a text is expected",
    "dict_type": lambda _: "settings as 'key: value' are expected",
    "model_type": _settings,
    "model_attributes_type": _settings,
    "int_type": lambda _: "a whole number is expected",
    "int_parsing": lambda _: "a whole number is expected",
    "int_from_float": lambda _: "a whole number is expected",
    "float_type": lambda _: "a number is expected",
    "float_parsing": lambda _: "a number is expected",
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


def known_keys(schema: dict[str, Any], loc: Sequence[str | int]) -> list[str]:
    """Return the keys allowed where an unknown one was found, from the model's JSON schema."""
    spots = [schema]
    for step in loc[:-1]:
        spots = (
            _branch(spots, step)
            or [child for spot in spots for child in _children(schema, spot, step)]
            or spots
        )
    return [name for spot in spots for flat in _flat(schema, spot) for name in flat.get("properties", {})]


def _branch(spots: list[dict[str, Any]], tag: str | int) -> list[dict[str, Any]]:
    """Return the branch of a tagged union that a tag chooses: a key of another one is not allowed here."""
    chosen = (spot.get("discriminator", {}).get("mapping", {}).get(tag) for spot in spots)
    return [{"$ref": name} for name in chosen if name]


def _flat(root: dict[str, Any], spot: dict[str, Any]) -> list[dict[str, Any]]:
    if "$ref" in spot:
        return _flat(root, cast("dict[str, Any]", root["$defs"][spot["$ref"].rsplit("/", 1)[-1]]))
    branches = spot.get("anyOf", []) + spot.get("oneOf", []) + spot.get("allOf", [])
    return [flat for branch in branches for flat in _flat(root, branch)] if branches else [spot]


def _children(root: dict[str, Any], spot: dict[str, Any], step: str | int) -> list[dict[str, Any]]:
    out = []
    for flat in _flat(root, spot):
        child = flat.get("properties", {}).get(step) or flat.get("items") or flat.get("additionalProperties")
        if isinstance(child, dict):
            out.append(child)
    return out
