"""MQTT topics: which ones can receive anything, so that no unit listens in silence for ever."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from facilityd.model.message import Wording

LONGEST = 65_535
"""Bytes of a topic (MQTT 5.0, 4.7.3)."""
LONGEST_NAME = 64
"""Characters of what may stand in place of ``+``."""


def base_topic(text: str) -> str:
    """Return a unit's own topic. Raises ValueError where nothing would ever arrive below it."""
    if not text:
        raise ValueError(Wording("model.topic-empty-write-unit-own"))
    return relative_topic(text)


def relative_topic(text: str) -> str:
    """Return a topic below a unit's own; empty is the unit's own. Raises ValueError."""
    if text.startswith(("$share/", "$queue/")):
        raise ValueError(Wording("model.shared-subscription-gets-only-part"))
    if wild := next((sign for sign in "+#" if sign in text), ""):
        raise ValueError(Wording("model.wildcard-write-topic-out-one", wild=wild))
    if text.endswith("/"):
        raise ValueError(Wording("model.topic-that-ends-in-receives"))
    if not text.isprintable():
        raise ValueError(Wording("model.topic-holds-control-character-or"))
    if text != text.strip():
        raise ValueError(Wording("model.topic-begins-or-ends-with"))
    if slip := next((sign for sign in ("／", "＋", "＃", "://") if sign in text), ""):
        raise ValueError(Wording("model.stands-in-no-topic-write", slip=slip))
    if len(text.encode()) > LONGEST:
        raise ValueError(Wording("model.topic-longer-than-bytes", longest=LONGEST))
    return text


def template_topic(text: str) -> str:
    """Return a unit's own topic, or that of many alike: one of its levels may be ``+``. Raises ValueError."""
    levels = text.split("/")
    if "+" not in text or text.startswith(("$share/", "$queue/")):
        return base_topic(text)
    if any("+" in level and level != "+" for level in levels):
        raise ValueError(Wording("model.wildcard-that-stands-for-whole"))
    if levels.count("+") > 1:
        raise ValueError(Wording("model.one-names-units-second-one"))
    base_topic(text.replace("+", "x"))
    return text


def doubtful(text: str) -> tuple[str, str] | None:
    """Return what in a topic is allowed and hardly meant, and what to do."""
    if "\\" in text:
        return Wording("model.topic-with-backslash-brokers-know"), Wording(
            "model.write", value=text.replace(chr(92), "/")
        )
    if "//" in text:
        return Wording("model.topic-with-empty-level"), Wording("model.write-one-where-no-level")
    if "{" in text:
        return Wording("model.topic-with-braces-nothing-replaced"), Wording("model.level-that-names-unit")
    return None


UNFIT = Wording("model.its-name-cannot-id")


def unit_name(text: str) -> str:
    """Return what may stand in place of ``+`` as a unit's name. Raises ValueError."""
    if not 0 < len(text) <= LONGEST_NAME:
        raise ValueError(Wording("model.name-has-characters", longest_name=LONGEST_NAME))
    if not text.isprintable() or text != text.strip():
        raise ValueError(Wording("model.name-holds-control-character-or"))
    if any(sign in text for sign in "/+#") or text.startswith("$"):
        raise ValueError(Wording("model.cannot-stand-in-one-level", text=text))
    return text


def unfit(name: str) -> str:
    """Return why a name that was seen cannot be a unit's; nothing where it can."""
    try:
        unit_name(name)
    except ValueError:
        return UNFIT
    return ""


def _below(text: str) -> str:
    """Return a topic below a unit's own. Raises ValueError."""
    if text.startswith("/"):
        raise ValueError(Wording("model.topic-below-unit-own-begins"))
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
