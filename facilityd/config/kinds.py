"""Which kind of point may feed which kind of signal, and what a point's codes mean to a signal."""

from __future__ import annotations

import re
from collections.abc import Mapping

from devices.family import Signal
from devices.profile import Point, TopicPoint
from facilityd.model.sample import SignalType

Codes = Mapping[int | str, int | str]


def kind_of(point: Point | TopicPoint) -> str:
    """Return what a point is, as it is said to people."""
    if point.is_bool:
        return "a switch"
    if point.is_text:
        return "a text"
    return "a code with words" if point.enum else "a number"


def suits(signal: Signal, point: Point | TopicPoint) -> bool:
    """Return whether a point may feed a signal: a code is shown as word, meaning or number."""
    if signal.type is SignalType.BOOL or point.is_bool:
        return signal.type is SignalType.BOOL and point.is_bool
    if signal.type is SignalType.TEXT or point.is_text:
        return signal.type is SignalType.TEXT and (point.is_text or bool(point.enum))
    return signal.type is SignalType.ENUM or all(isinstance(code, int) for code in point.enum)


def words_of(signal: Signal) -> dict[str, int]:
    """Return the codes of an enum signal by word: its English name in small letters, with hyphens."""
    return {
        re.sub(r"[^a-z0-9]+", "-", text.en.lower()).strip("-"): code for code, text in signal.values.items()
    }


def unknown_words(signal: Signal, point: Point | TopicPoint) -> list[str]:
    """Return the words of a point that an enum signal does not know."""
    if signal.type is not SignalType.ENUM:
        return []
    known = words_of(signal)
    return [word for word in dict.fromkeys(point.enum.values()) if word.replace("_", "-") not in known]


def codes_of(signal: Signal, point: Point | TopicPoint) -> Codes | None:
    """Return what each code of a point means to a signal, or None where the point has no codes."""
    if signal.type is SignalType.ENUM:
        known = words_of(signal)
        if not point.enum:
            return {code: code for code in signal.values}
        named = {code: known.get(word.replace("_", "-")) for code, word in point.enum.items()}
        return {code: meaning for code, meaning in named.items() if meaning is not None}
    if signal.type is SignalType.TEXT and point.enum:
        return dict(point.enum.items())
    return {code: code for code in point.enum} or None
