"""Messages as an MQTT device writes them: topics and JSON pointers, backwards."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from devices.profile import MqttProfile, TopicPoint
from facilityd.model.sample import Value

Values = Mapping[str, Value | None]
"""Point values by name, in the points' units."""


@dataclass(frozen=True, slots=True)
class Message:
    """One topic of a profile and the points it carries, each with its JSON pointer.

    ``partial``: no point has this topic as its first source, so it carries only changes.
    """

    topic: str
    points: tuple[tuple[str, str, TopicPoint], ...]
    partial: bool

    def payload(self, values: Values) -> bytes | None:
        """Return the bytes that carry these values; None where there is nothing to publish."""
        said = [
            (pointer, said_value(point, values[name], pointer))
            for name, pointer, point in self.points
            if name in values
        ]
        if not said:
            return None
        if all(pointer == "" for pointer, _ in said):
            text = said[0][1]
            return None if text is None else str(text).encode()
        return json.dumps(document(said), ensure_ascii=False).encode()


def messages_of(profile: MqttProfile) -> tuple[Message, ...]:
    """Return every message of a profile, one per topic."""
    points = profile.expanded
    first = {point.sources[0].topic for point in points.values()}
    topics: dict[str, list[tuple[str, str, TopicPoint]]] = {}
    for name, point in points.items():
        for source in point.sources:
            topics.setdefault(source.topic, []).append((name, source.pointer, point))
    return tuple(Message(topic, tuple(parts), topic not in first) for topic, parts in topics.items())


def said_value(point: TopicPoint, value: Value | None, pointer: str) -> Any:
    """Return a value as the device writes it; null where it has none."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if point.is_bool:
        text = (point.true if value else point.false)[0]
        return bool(value) if pointer and text in ("true", "false") else text
    if isinstance(value, str) or point.enum:
        return value
    raw = (value - point.offset) / point.scale
    return round(raw) if point.type == "int" else round(raw, 6)


def document(said: Iterable[tuple[str, Any]]) -> Any:
    """Return the JSON document in which each pointer (RFC 6901) finds its value."""
    root: dict[str, Any] = {}
    for pointer, value in said:
        *path, last = [t.replace("~1", "/").replace("~0", "~") for t in pointer.split("/")[1:]]
        place = root
        for token in path:
            place = place.setdefault(token, {})
        place[last] = value
    return _arrays(root)


def _arrays(node: Any) -> Any:
    # Tokens 0, 1, 2… without a hole are an array; RFC 6901 leaves that to the document.
    if not isinstance(node, dict):
        return node
    inner = {key: _arrays(value) for key, value in node.items()}
    if set(inner) == {str(n) for n in range(len(inner))}:
        return [inner[str(n)] for n in range(len(inner))]
    return inner
