"""Golden words and messages of a profile, computed again, so that a mistake is reported at once."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from devices.codec import Affine, bit_field, from_words, legible, string_bytes, text_of
from devices.pointer import ABSENT, find, steps_of
from devices.profile import Golden, ModbusProfile, MqttProfile, Point, TopicGolden, TopicPoint
from facilityd.model.message import Wording

NEAR = 1e-4
"""Manuals print values rounded."""
Found = float | bool | str | None


def slips(profile: ModbusProfile | MqttProfile) -> dict[int, str]:
    """Return what is wrong with golden lines, by their number."""
    told = _modbus(profile) if isinstance(profile, ModbusProfile) else _mqtt(profile)
    return {number: text for number, text in told.items() if text}


def _modbus(profile: ModbusProfile) -> dict[int, str]:
    return {n: _words(profile.expanded[golden.point], golden) for n, golden in enumerate(profile.golden)}


def _words(point: Point, golden: Golden) -> str:
    if len(golden.words) != point.words:
        return Wording(
            "tables.takes-words-here", type=point.type, words=point.words, words2=len(golden.words)
        )
    if not all(0 <= word <= (1 if point.type == "bit" else 0xFFFF) for word in golden.words):
        return Wording("tables.word-bit-or")
    return _compare(
        value_of(point, golden.words, golden.status),
        golden.value,
        Wording("tables.words-give", words=list(golden.words)),
    )


def value_of(point: Point, words: Sequence[int], status: int | None = None) -> Found:
    """Return the value of a point's words; None where they have none. ``status``: the word of its sign."""
    if point.type == "bit":
        return bool(words[0])
    if point.is_text:
        return text_of(string_bytes(words, point.byte_order or "big"), point.encoding)
    orders = point.word_order or "big", point.byte_order or "big"
    raw = from_words(words, point.type.value, *orders)
    if raw in point.no_value or not math.isfinite(raw):
        return None
    if point.bit is not None:
        return bool(int(raw) >> point.bit & 1)
    if point.bits:
        raw = bit_field(int(raw), *point.bits)
    if point.enum:
        return point.enum.get(int(raw))
    if point.sign and (status or 0) >> point.sign.bit & 1:
        raw = -raw
    return Affine.of((point.scale, point.offset))(raw)


def _mqtt(profile: MqttProfile) -> dict[int, str]:
    return {
        n: _message(profile.expanded.get(golden.point), golden) for n, golden in enumerate(profile.golden)
    }


def _message(point: TopicPoint | None, golden: TopicGolden) -> str:
    if point is None:
        return Wording("tables.profile-has-no-point", point=golden.point)
    source = next((one for one in point.sources if one.topic == golden.topic), None)
    if source is None:
        return Wording("tables.point-has-no-source-on", point=golden.point, topic=golden.topic)
    try:
        found = json.loads(golden.payload) if source.pointer else golden.payload.strip()
    except ValueError:
        return Wording("tables.payload-not-json")
    found = find(found, steps_of(source.pointer))
    if found is ABSENT:
        return Wording("tables.nothing-stands-at-in-payload", pointer=source.pointer)
    return _compare(_said(point, found), golden.value, Wording("tables.payload-gives"))


def _said(point: TopicPoint, found: object) -> Found:
    if found is None or (point.is_bool and isinstance(found, bool)):
        return found
    if point.is_bool:
        text = str(found)
        return True if text in point.true else False if text in point.false else text
    if point.is_text or point.enum:
        found = str(found).lower() if isinstance(found, bool) else found
        text = legible(str(found)) or ""
        return (
            point.enum.get(text, point.enum.get(int(text) if text.isdecimal() else text))
            if point.enum
            else text
        )
    try:
        number = float(found)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return str(found)
    return Affine.of((point.scale, point.offset))(number)


def _compare(found: Found, wanted: Found, what: str) -> str:
    switch = isinstance(found, bool) or isinstance(wanted, bool)
    if found is None or wanted is None or switch or isinstance(found, str) or isinstance(wanted, str):
        same = found == wanted and type(found) is type(wanted)
    else:
        same = math.isclose(found, wanted, rel_tol=NEAR, abs_tol=1e-9)
    return "" if same else Wording("tables.not", what=what, found=_spell(found), wanted=_spell(wanted))


def _spell(value: Found) -> str:
    if value is None or isinstance(value, bool):
        return Wording("tables.no-value") if value is None else str(value).lower()
    return repr(value) if isinstance(value, str) else f"{value:.10g}"
