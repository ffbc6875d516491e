"""Answers as plain data: what JSON can hold, the same for the command line and for HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from facilityd.model.text import Text


def to_plain(value: object) -> Any:
    """Return dicts, lists, texts, numbers, booleans and None; a Text has both languages."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Text):
        return value.model_dump()
    if isinstance(value, Mapping):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: to_plain(getattr(value, one.name)) for one in fields(value)}
    return str(value)
