"""YAML as facilityd's files are written, built from libyaml's events in one pass, without nodes.

What is rare or wrong is left to ``yaml_loader``, which says what: tags, anchors, doubled keys, mistakes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml
from yaml.events import (
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from facilityd.yaml_loader import CORE, MAX_DEPTH, MAX_NODES, UNUSABLE, Loader, plain_int

Where = tuple[str | int, ...]
KEY = "\0key"
"""Last element of a path that means the key itself, not its value."""
_TAG = "tag:yaml.org,2002:"
_VALUES: dict[str, Callable[[str], Any]] = {
    f"{_TAG}int": plain_int,
    f"{_TAG}float": float,
    f"{_TAG}bool": "true".__eq__,
    f"{_TAG}null": lambda _: None,
    f"{_TAG}str": str,
}
_EVENTS = (ScalarEvent, MappingStartEvent, SequenceStartEvent)


class Unusual(Exception):
    """Something that only the slow way can read, or say what is wrong with."""


def built(text: str) -> tuple[Any, dict[Where, tuple[int, int]]]:
    """Return a text's data, and line and column (from 1) of each key and value. Raises Unusual."""
    if not yaml.__with_libyaml__:
        raise Unusual
    builder = _Builder(text)
    try:
        return builder.document(), builder.marks
    except (yaml.YAMLError, ValueError) as error:
        raise Unusual from error


class _Builder:
    def __init__(self, text: str) -> None:
        self.marks: dict[Where, tuple[int, int]] = {}
        self._event = yaml.cyaml.CParser(text).get_event  # type: ignore[attr-defined]
        self._values: dict[str, Any] = {}
        self._keys: dict[str, str | int] = {}

    def document(self) -> Any:
        self._event()
        if isinstance(self._event(), StreamEndEvent):
            return None
        data = self._value(self._event(), ())
        if not isinstance(self._event(), DocumentEndEvent) or isinstance(self._event(), DocumentStartEvent):
            raise Unusual
        return data

    def _value(self, event: Any, path: Where) -> Any:
        if not isinstance(event, _EVENTS) or event.anchor is not None or event.tag is not None:
            raise Unusual
        mark: Any = event.start_mark
        self.marks[path] = mark.line + 1, mark.column + 1
        if len(self.marks) > MAX_NODES or len(path) >= MAX_DEPTH:
            raise Unusual
        if isinstance(event, ScalarEvent):
            return self._scalar(event)
        return self._mapping(path) if isinstance(event, MappingStartEvent) else self._sequence(path)

    def _mapping(self, path: Where) -> dict[str | int, Any]:
        data: dict[str | int, Any] = {}
        while not isinstance(event := self._event(), MappingEndEvent):
            if not isinstance(event, ScalarEvent) or event.anchor is not None or event.tag is not None:
                raise Unusual
            key = self._key(event)
            if key in data:
                raise Unusual
            mark: Any = event.start_mark
            self.marks[*path, key, KEY] = mark.line + 1, mark.column + 1
            data[key] = self._value(self._event(), (*path, key))
        return data

    def _sequence(self, path: Where) -> list[Any]:
        data: list[Any] = []
        while not isinstance(event := self._event(), SequenceEndEvent):
            data.append(self._value(event, (*path, len(data))))
        return data

    def _scalar(self, event: Any) -> Any:
        text: str = event.value
        if event.implicit[0]:
            # The same few words stand everywhere: each is looked at once.
            if text not in self._values:
                self._values[text] = _VALUES[_tag(text)](text)
            value = self._values[text]
            if not isinstance(value, str):
                return value
        if UNUSABLE.search(text):
            raise Unusual
        return text

    def _key(self, event: Any) -> str | int:
        text: str = event.value
        if not event.implicit[0]:
            return text
        if text not in self._keys:
            self._keys[text] = plain_int(text) if _tag(text).endswith(":int") else text
        return self._keys[text]


def _tag(text: str) -> str:
    for tag, rule in Loader.yaml_implicit_resolvers.get(text[:1], ()):
        if rule.match(text):
            if tag not in CORE:
                raise Unusual
            return str(tag)
    return f"{_TAG}str"
