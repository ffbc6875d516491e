"""An item with a mistake, as far as it is understood, so that its others are reported in the same round.

What is wrong is reported and nothing starts with it: only the checks between items see what is made here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from facilityd.yaml_source import UNREADABLE, Key

_NAME = {"zh": "?", "en": "?"}
STAND_INS: Mapping[str, Mapping[str, Any]] = {
    "site": {"name": _NAME, "latitude": 0, "longitude": 0, "timezone": "UTC"},
    "links": {"host": "localhost", "port": 1, "serial_port": "/nowhere/tty", "username": "?"},
    "units": {"period": "7d", "device_id": 1, "topic": "nowhere"},
    "devices": {"name": _NAME},
    "sinks": {"url": "http://localhost", "bucket": "?", "path": "nowhere.lp"},
    "recipients": {"name": _NAME, "language": "en"},
}
"""What stands in for a setting that is wrong or missing; nothing that another check could object to."""
NEEDED = frozenset(("id", "protocol", "link", "profile", "family", "kind", "token", "signals", "channels"))
"""Settings without which nothing more can be said of an item."""
_HOOK = {"kind": "webhook", "url": "http://localhost"}


def unreadable(value: Any) -> bool:
    """Return whether a part of an item was not understood, and reported."""
    if isinstance(value, dict):
        return any(unreadable(part) for key, part in value.items() if key not in OPTIONAL)
    return any(map(unreadable, value)) if isinstance(value, list) else value in (None, UNREADABLE)


PEOPLES = ("zh", "en")
"""Texts, which have a check of their own."""


def _parts(value: Any) -> Iterator[tuple[Key, Any]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)


def unseen(value: Any, path: tuple[Key, ...]) -> Iterator[tuple[Key, ...]]:
    """Iterate over the paths of texts with letters that nobody sees."""
    for key, part in _parts(value):
        if isinstance(part, str) and part != UNREADABLE and key not in PEOPLES and not part.isprintable():
            yield (*path, key)
        yield from unseen(part, (*path, key))


OPTIONAL = ("rules", "readiness")
"""Settings in which nothing means something: {above: null, below: 5} turns a limit round."""


def nothings(value: Any, path: tuple[Key, ...]) -> Iterator[tuple[Key, ...]]:
    """Iterate over the paths at which nothing stands."""
    for key, part in _parts(value):
        if key in OPTIONAL:
            continue
        yield from [(*path, key)] if part is None else nothings(part, (*path, key))


def mended(adapter: TypeAdapter[Any], section: str, item: Any) -> Any:
    """Return an item without its mistakes, or None where too little of it is left."""
    if not isinstance(item, dict):
        return None
    item = dict(item)
    try:
        for key in [key for key, value in item.items() if unreadable(value)]:
            _replace(section, item, (key, *_bad_parts(item[key])))
        for place in _mistakes(adapter, item):
            _replace(section, item, place)
        return adapter.validate_python(item)
    except (ValidationError, LookupError):
        return None


def _bad_parts(value: Any) -> list[Key]:
    return [key for key, part in value.items() if unreadable(part)] if isinstance(value, dict) else []


def _mistakes(adapter: TypeAdapter[Any], item: dict[str, Any]) -> list[tuple[Key, ...]]:
    try:
        adapter.validate_python(item)
    except ValidationError as error:
        # The name of a union's branch may stand first: no key of the item.
        return [_from_item(item, line["loc"]) for line in error.errors()]
    return []


def _from_item(item: dict[str, Any], place: Sequence[Key]) -> tuple[Key, ...]:
    start = next((n for n, key in enumerate(place) if key in item), len(place) - 1)
    return tuple(place[max(start, 0) :])


def _replace(section: str, item: dict[str, Any], place: tuple[Key, ...]) -> None:
    """Put something sound in the place of a mistake. Raises LookupError where there is nothing."""
    key = str(place[0])
    inside = item.get(key)
    if key == "signals" and isinstance(inside, dict) and len(place) > 1:
        item[key] = {name: source for name, source in inside.items() if name not in place[1:]}
    elif key == "channels" and isinstance(inside, list) and len(place) > 1:
        item[key] = [_HOOK if number == place[1] else channel for number, channel in enumerate(inside)]
    elif key in STAND_INS.get(section, {}):
        item[key] = STAND_INS[section][key]
    elif key in NEEDED:
        raise LookupError(key)
    else:
        item.pop(key, None)
