"""MQTT topics: which ones can receive anything, so that no unit listens in silence for ever."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

LONGEST = 65_535
"""Bytes of a topic (MQTT 5.0, 4.7.3)."""
LONGEST_NAME = 64
"""Characters of what may stand in place of ``+``."""


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
        raise ValueError(f"{wild!r} is a wildcard: write the topic out; one level of a unit's own may be '+'")
    if text.endswith("/"):
        raise ValueError("a topic that ends in '/' receives nothing: leave the last '/' away")
    if not text.isprintable():
        raise ValueError("a topic holds a control character or half a character")
    if text != text.strip():
        raise ValueError("a topic begins or ends with a space: no device sends to that one")
    if slip := next((sign for sign in ("／", "＋", "＃", "://") if sign in text), ""):
        raise ValueError(f"{slip!r} stands in no topic: write its levels with '/' between them, without host")
    if len(text.encode()) > LONGEST:
        raise ValueError(f"a topic is longer than {LONGEST} bytes")
    return text


def template_topic(text: str) -> str:
    """Return a unit's own topic, or that of many alike: one of its levels may be ``+``. Raises ValueError."""
    levels = text.split("/")
    if "+" not in text or text.startswith(("$share/", "$queue/")):
        return base_topic(text)
    if any("+" in level and level != "+" for level in levels):
        raise ValueError("'+' is a wildcard that stands for a whole level: write it between two '/'")
    if levels.count("+") > 1:
        raise ValueError("one '+' names the units, a second one would not: write the other level out")
    base_topic(text.replace("+", "x"))
    return text


def doubtful(text: str) -> tuple[str, str] | None:
    """Return what in a topic is allowed and hardly meant, and what to do."""
    if "\\" in text:
        return "a topic with a backslash: brokers know '/' only", f"write {text.replace(chr(92), '/')}"
    if "//" in text:
        return "a topic with an empty level ('//')", "write one '/' where no level is missing"
    if "{" in text:
        return "a topic with braces: nothing is replaced here", "a level that names the unit is '+'"
    return None


UNFIT = "its name cannot be an id"


def unit_name(text: str) -> str:
    """Return what may stand in place of ``+`` as a unit's name. Raises ValueError."""
    if not 0 < len(text) <= LONGEST_NAME:
        raise ValueError(f"a name has 1 to {LONGEST_NAME} characters")
    if not text.isprintable() or text != text.strip():
        raise ValueError("a name holds a control character, or begins or ends with a space")
    if any(sign in text for sign in "/+#") or text.startswith("$"):
        raise ValueError(f"{text!r} cannot stand in one level of a topic")
    return text


def unfit(name: str) -> str:
    """Return why a name that was heard cannot be a unit's; nothing where it can."""
    try:
        unit_name(name)
    except ValueError:
        return UNFIT
    return ""


def _below(text: str) -> str:
    """Return a topic below a unit's own. Raises ValueError."""
    if text.startswith("/"):
        raise ValueError("a topic below the unit's own begins without '/': one is put between them")
    return relative_topic(text)


def covers(pattern: str, topic: str) -> bool:
    """Return whether a subscription to a pattern with ``+`` brings a topic (MQTT 5.0, 4.7)."""
    wanted, there = pattern.split("/"), topic.split("/")
    return len(wanted) == len(there) and all(a in ("+", b) for a, b in zip(wanted, there, strict=True))


def joined(base: str, relative: str) -> str:
    """Return the whole topic; a state may stand on the unit's own topic itself."""
    return f"{base}/{relative}" if relative else base


BaseTopic = Annotated[str, AfterValidator(template_topic)]
RelativeTopic = Annotated[str, AfterValidator(_below)]
