"""What a point can ever return, and what a profile asks of it that never comes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

from devices.codec import from_words, to_words
from devices.profile import IdentityCheck, ModbusProfile, MqttProfile, Point, TopicPoint, WireType
from facilityd.model.message import Wording

Path = tuple[str | int, ...]
Fault = tuple[Path, str, str]
"""Where in the profile, what is wrong, what to do."""
LONGEST_NAME = 64
HIGHEST_F32 = 3.4028234663852886e38
_QUANTITY = ("scale", "offset", "range", "unit", "sign", "numbers")
_FLOATS = (WireType.F32, WireType.F64)


def span(point: Point | TopicPoint) -> tuple[float, float]:
    """Return the lowest and highest value of a number in the point's unit, its range heeded."""
    low, high = sorted(end * point.scale + point.offset for end in _raw(point))
    return (max(low, point.range[0]), min(high, point.range[1])) if point.range else (low, high)


def _raw(point: Point | TopicPoint) -> tuple[float, float]:
    """Return the lowest and highest number before scaling."""
    if isinstance(point, TopicPoint):
        return -math.inf, math.inf
    low, high = (-HIGHEST_F32, HIGHEST_F32) if point.type is WireType.F32 else point.raw
    return (-high if point.sign else low), high


def faults(profile: ModbusProfile | MqttProfile) -> list[Fault]:
    """Return what a profile can never receive. Texts and codes are compared as they travel."""
    out: list[Fault] = []
    for name, point in profile.points.items():
        out += _under(("points", name), _point(name, point))
        if isinstance(point, TopicPoint):
            out += _under(("points", name), _topic_point(point))
        elif isinstance(profile, ModbusProfile):
            out += _under(("points", name), _register(point, profile))
    out += _availability(profile) if isinstance(profile, MqttProfile) else ()
    for number, expect in enumerate(profile.identity):
        if what := _expected(profile.expanded, expect):
            out.append((("identity", number), what, Wording("tables.compare-with-manual-with-type")))
    return out


def _under(where: Path, found: Iterable[Fault]) -> Iterator[Fault]:
    return (((*where, *at), what, hint) for at, what, hint in found)


def _point(name: str, point: Point | TopicPoint) -> Iterator[Fault]:
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable() or any(sign.isspace() for sign in name):
        yield (
            (),
            Wording("tables.no-name-point", name=name[:LONGEST_NAME]),
            Wording("tables.letters-digits-at-most"),
        )
    if point.is_bool:
        for setting in sorted(point.model_fields_set.intersection(_QUANTITY)):
            yield (
                (setting,),
                Wording("tables.switch-no-quantity-has-no", setting=setting),
                Wording("tables.leave-out"),
            )
    elif point.range and not point.is_text and not point.enum and not _comes(point, *point.range):
        low, high = span(point.model_copy(update={"range": None}))
        what = Wording("tables.by-its-type-scale-point", low=low, high=high)
        yield ("range",), what, Wording("tables.compare-range-with-scale-offset")
    if point.repeat and point.repeat.first < 0:
        yield (
            ("repeat",),
            Wording("tables.numbers-begin-at-or"),
            Wording("tables.write-first"),
        )


def _register(point: Point, profile: ModbusProfile) -> Iterator[Fault]:
    table = point.table or profile.table
    if table.is_bits != (point.type is WireType.BIT):
        if table.is_bits:
            yield (
                ("type",),
                Wording("tables.table-holds-bits", table=table),
                Wording("tables.write-type-bit"),
            )
        else:
            what = Wording("tables.table-holds-registers", table=table)
            yield ("type",), what, Wording("tables.write-type-u-and-bit")
    plain = point.type in (WireType.U16, WireType.S16)
    if not plain and (point.bit is not None or point.bits):
        yield (
            ("type",),
            Wording("tables.bits-taken-from-register-as", type=point.type),
            Wording("tables.write-type-u"),
        )
    if point.sign and abs(point.sign.address - point.address) >= profile.max_block:
        what = Wording("tables.sign-at-value-at-do", address=point.sign.address, address2=point.address)
        yield (
            ("sign",),
            what,
            Wording("tables.at-most-registers-read-at", max_block=profile.max_block),
        )
    if point.sign and point.repeat:
        yield (
            ("sign",),
            Wording("tables.all-repeated-points-would-take"),
            Wording("tables.write-points-out"),
        )
    if point.repeat and point.bit is None and point.repeat.count > 1 and point.repeat.step < point.words:
        what = Wording("tables.step-where-each-point-takes", step=point.repeat.step, words=point.words)
        yield ("repeat",), what, Wording("tables.write-step-or-what-manual", words=point.words)
    if both := sorted(set(point.enum) & set(point.no_value)):
        yield (
            ("enum",),
            Wording("tables.code-word-means-no-value", both=both[0]),
            Wording("tables.take-out-one-them"),
        )


def _topic_point(point: TopicPoint) -> Iterator[Fault]:
    for number, source in enumerate(point.sources):
        if source in point.sources[:number]:
            yield (
                ("sources", number),
                Wording("tables.this-source-stands-twice"),
                Wording("tables.take-one-out"),
            )
        if ("{n}" in source.topic + source.pointer) != (point.repeat is not None):
            what = (
                Wording("tables.has-no-all-repeated-points")
                if point.repeat
                else Wording("tables.has-no-repeat")
            )
            yield (
                ("sources", number),
                Wording("tables.source", what=what),
                Wording("tables.write-where-number-stands-in"),
            )
    if point.repeat and point.repeat.step != 1:
        yield (
            ("repeat",),
            Wording("tables.step-one-registers-topics-numbered"),
            Wording("tables.write-step"),
        )
    for setting, words in (("true", point.true), ("false", point.false)):
        if setting in point.model_fields_set and not point.is_bool:
            yield (
                (setting,),
                Wording("tables.only-switch-has-words-for", setting=setting),
                Wording("tables.write-type-bool"),
            )
        if point.is_bool and not words:
            yield (
                (setting,),
                Wording("tables.no-word-means-so-never", setting=setting),
                Wording("tables.name-one-such-as"),
            )
        if point.is_bool and not all(source.pointer for source in point.sources):
            yield from _under((setting,), _words(words))
    yield from _under(("enum",), _words(tuple(map(str, point.enum))))


def _words(words: tuple[str, ...]) -> Iterator[Fault]:
    for number, word in enumerate(words):
        if word != word.strip(" \0\r\n\t") or not word:
            what = Wording("tables.never-heard-spaces-around-word", word=word)
            yield (), what, Wording("tables.write-word-alone")
        if word in words[:number]:
            yield (
                (),
                Wording("tables.stands-twice-number-same-in", word=word),
                Wording("tables.take-one-out"),
            )


def _availability(profile: MqttProfile) -> Iterator[Fault]:
    there = profile.availability
    for setting in ("online", "offline") if there and not there.pointer else ():
        for _, what, hint in _words((getattr(there, setting),)):
            yield ("availability", setting), what, hint


def _expected(points: Mapping[str, Point] | Mapping[str, TopicPoint], expect: IdentityCheck) -> str:
    """Return why a line of the identity probe can never hold."""
    point = points.get(expect.point)
    if point is None:
        return Wording("tables.profile-has-no-point", point=expect.point)
    if point.range and not _comes(point, *point.range):
        return ""  # told at the range
    if expect.between is not None:
        return "" if _comes(point, *expect.between) else _never(point, Wording("tables.nothing-this"))
    for value in expect.one_of or (expect.equals or 0.0,):
        if not _comes(point, value, value):
            return _never(point, Wording("tables.not-2", value=value))
        if isinstance(point, Point) and point.type is WireType.F32 and not _exact(value):
            return Wording("tables.no-f-exactly-write-between", value=value)
    return ""


def _never(point: Point | TopicPoint, what: str) -> str:
    low, high = (0, 1) if point.is_bool else span(point)
    return Wording("tables.among-what-point-can-say", what=what, low=low, high=high)


def _exact(value: float) -> bool:
    return from_words(to_words(value, "f32"), "f32") == value


def _comes(point: Point | TopicPoint, low: float, high: float) -> bool:
    """Return whether a point can return anything from ``low`` to ``high``."""
    if point.is_bool:
        return low <= 0 <= high or low <= 1 <= high
    if point.range:
        low, high = max(low, point.range[0]), min(high, point.range[1])
    raw_low, raw_high = _raw(point)
    scale, offset = Fraction(repr(point.scale)), Fraction(repr(point.offset))
    ends = sorted((Fraction(repr(end)) - offset) / scale for end in (low, high))
    whole = point.type in ("int", "enum") if isinstance(point, TopicPoint) else point.type not in _FLOATS
    if low > high or ends[1] < raw_low or ends[0] > raw_high:
        return False
    if not whole:
        return True
    first = math.ceil(ends[0]) if ends[0] > raw_low else math.ceil(raw_low)
    last = math.floor(ends[1]) if ends[1] < raw_high else math.floor(raw_high)
    missing = point.no_value if isinstance(point, Point) else ()
    return first <= last and not (first == last and first in missing)
