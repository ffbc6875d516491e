"""MQTT topics: which ones can receive anything, so that no unit listens in silence for ever."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

LONGEST = 65_535
"""Bytes of a topic (MQTT 5.0, 4.7.3)."""


def base_topic(text: str) -> str:
    """Return a unit's own topic. Raises ValueError where nothing would ever arrive below it."""
    if not text:
        raise ValueError("a topic is empty: write the unit's own topic, such as zigbee2mqtt/plug-1")
    return relative_topic(text)


def relative_topic(text: str) -> str:
    """Return a topic below a unit's own; empty is the unit's own. Raises ValueError."""
    if text.startswith(("$share/", "$queue/")):
        raise ValueError("a shared subscription gets only a part of the messages: write the topic itself")
    if wild := next((sign for sign in "+#" if sign in text), ""):
        raise ValueError(f"{wild!r} is a wildcard; a unit has one topic: write it out")
    if text.endswith("/"):
        raise ValueError("a topic that ends in '/' receives nothing: leave the last '/' away")
    if not text.isprintable():
        raise ValueError("a topic holds a control character or half a character")
    if len(text.encode()) > LONGEST:
        raise ValueError(f"a topic is longer than {LONGEST} bytes")
    return text


def joined(base: str, relative: str) -> str:
    """Return the whole topic; a state may stand on the unit's own topic itself."""
    return f"{base}/{relative}" if relative else base


BaseTopic = Annotated[str, AfterValidator(base_topic)]
RelativeTopic = Annotated[str, AfterValidator(relative_topic)]
