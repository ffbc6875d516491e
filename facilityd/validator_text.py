"""What pydantic finds, in the words of people who write configuration files."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any, cast

from facilityd.model.message import Wording


def choice(word: str, names: list[str]) -> str:
    """Return what is allowed, and which of it was probably meant."""
    same = [name for name in names if name.lower() == word.lower()]
    near = same or difflib.get_close_matches(word, names, n=1, cutoff=0.65)
    if near:
        return Wording("yaml.allowed-meant", names=names, near=near[0])
    return Wording("yaml.allowed", names=names)


_SETTINGS_TYPES = ("model_type", "model_attributes_type", "dict_type")
_PLAIN_TYPES = ("string_type", "int_type", "float_type")


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
