"""Messages into values with quality. Whatever arrives, nothing is raised and nothing wrong is good."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from devices.codec import EXACT, Affine, fitting, legible
from devices.pointer import ABSENT, find, steps_of
from devices.profile import TopicPoint
from devices.unit import Binding
from facilityd.model.quality import Reason
from facilityd.model.sample import LONGEST_TEXT, SignalType, Value

MAX_PAYLOAD = 256 * 1024
MAX_DEPTH = 32
LONGEST_NUMBER = 400
"""Characters of a number sent as text."""
_WHOLE = re.compile(r"[-+]?[0-9]+")
_DECIMAL = re.compile(
    r"[-+]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]+)?|nan|inf|infinity)", re.IGNORECASE
)
_MOST = sys.float_info.max
_LARGE = 10**20
"""Whole numbers from here on are no code and no text of any device."""
Verdict = tuple[Value | None, Reason | None]


@dataclass(frozen=True, slots=True)
class Extractor:
    """One place in one topic's message feeding one signal. ``slot`` = (stream, index)."""

    steps: tuple[str, ...]
    whole: bool
    point: TopicPoint
    slot: tuple[int, int]
    affine: Affine
    low: float
    high: float
    type: SignalType
    invert: bool
    codes: Mapping[int | str, int | str] | None = None
    plain: str = ""
    """The name under which it stands, where it is a plain number there: most are, and need few questions."""

    def plain_value(self, found: object) -> float | None:
        """Return the value of a plain number; None for what ``extract`` has to look at."""
        if type(found) is int:
            if not -EXACT <= found <= EXACT:
                return None
        elif type(found) is not float:
            return None
        affine = self.affine
        top = found * affine.times + affine.plus
        value = float(top if affine.by == 1 else top / affine.by)
        return value if self.low <= value <= self.high and -_MOST <= value <= _MOST else None

    def extract(self, found: object) -> Verdict:
        """Return the value in the signal's unit, or why there is none."""
        if found is None:
            return None, Reason.NO_VALUE
        if self.point.is_bool:
            return self._switch(found)
        if self.point.is_text:
            return _text(found)
        if self.point.enum:
            return self._word(found)
        number = _number(found) if self.whole or self.point.numbers == "text" else found
        if isinstance(number, bool) or not isinstance(number, int | float):
            return None, Reason.WRONG_TYPE
        value, reason = self._bounded(number)
        return (value, reason) if self.codes is None or value is None else self._word(value)

    def _word(self, found: object) -> Verdict:
        """Return what a code means; it may travel as a number, as text, or as a number in quotes."""
        if self.codes is not None and isinstance(found, bool) and str(found).lower() in self.codes:
            found = str(found).lower()  # JSON's own true and false are codes where the profile lists them
        if isinstance(found, bool) or not isinstance(found, str | int) or self.codes is None:
            return None, Reason.WRONG_TYPE
        if isinstance(found, int):
            meaning = self.codes.get(found, self.codes.get(str(found)) if abs(found) < _LARGE else None)
        else:
            found = found.strip(" \0")
            number = _number(found)
            meaning = self.codes.get(found, self.codes.get(number) if isinstance(number, int) else None)
        return (None, Reason.unknown(_short(found))) if meaning is None else (meaning, None)

    def _switch(self, found: object) -> Verdict:
        if isinstance(found, bool):
            return found != self.invert, None
        text = found if isinstance(found, str | int) else None
        if text is not None and str(text) in self.point.true:
            return not self.invert, None
        if text is not None and str(text) in self.point.false:
            return self.invert, None
        return None, Reason.WRONG_TYPE

    def _bounded(self, number: float) -> Verdict:
        whole = self.type in (SignalType.INT, SignalType.ENUM)
        try:
            if not math.isfinite(number):
                return None, Reason.NOT_A_NUMBER
            if self.point.type == "int" and number != number // 1:
                return None, Reason.WRONG_TYPE
            value = fitting(number, self.affine, whole=whole)
        except OverflowError:
            return None, Reason.OUT_OF_RANGE
        if value is None:
            return None, Reason.WRONG_TYPE if whole else Reason.OUT_OF_RANGE
        if not (math.isfinite(value) and self.low <= value <= self.high):
            return None, Reason.OUT_OF_RANGE
        return value, None


def _text(found: object) -> Verdict:
    """Return a text made legible; a number may stand for one (a version, a serial number)."""
    if isinstance(found, int) and not isinstance(found, bool) and abs(found) < _LARGE:
        found = str(found)
    if not isinstance(found, str):
        return None, Reason.WRONG_TYPE
    if len(found) > LONGEST_TEXT:
        return None, Reason.OUT_OF_RANGE
    text = legible(found)
    return (text, None) if text else (None, Reason.WRONG_TYPE if found.strip("\0 ") else Reason.NO_VALUE)


def _short(code: str | int) -> str:
    """Return a code as a reason names it; one that is long is not named."""
    return str(code) if isinstance(code, str) or abs(code) < _LARGE else "long"


def _number(found: object) -> object:
    """Read a number that is carried as text; what a person would not read as one stays text."""
    if not isinstance(found, str) or len(found) > LONGEST_NUMBER:
        return found
    text = found.strip()
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else found


def extractors(bindings: Iterable[Binding], streams: tuple[object, ...]) -> dict[str, list[Extractor]]:
    """Return what to take out of each topic (relative to the unit's own)."""
    out: dict[str, list[Extractor]] = {}
    for binding in bindings:
        point = binding.point
        if not isinstance(point, TopicPoint):
            raise TypeError(f"{binding.name} is not an MQTT point")
        for source in point.sources:
            steps = steps_of(source.pointer)
            slot = (streams.index(binding.stream), binding.slot)
            one = _extractor(binding, point, steps, slot, whole=not source.pointer)
            out.setdefault(source.topic, []).append(one)
    return out


def _extractor(
    binding: Binding, point: TopicPoint, steps: tuple[str, ...], slot: tuple[int, int], *, whole: bool
) -> Extractor:
    low = -math.inf if binding.low is None else binding.low
    high = math.inf if binding.high is None else binding.high
    if point.range:
        ends = sorted(end * binding.scale + binding.offset for end in point.range)
        low, high = max(low, ends[0]), min(high, ends[1])
    affine = Affine.of((point.scale, point.offset), (binding.scale, binding.offset))
    one = Extractor(steps, whole, point, slot, affine, low, high, binding.type, binding.invert, binding.codes)
    return replace(one, plain=steps[0]) if len(steps) == 1 and _is_plain(one) else one


def _is_plain(one: Extractor) -> bool:
    """Return whether a number there needs no more than its scale and its range."""
    point = one.point
    unusual = point.is_bool or point.is_text or point.enum or point.type == "int" or point.numbers == "text"
    return not unusual and one.codes is None and one.type is SignalType.FLOAT


def decode(payload: bytes, wanted: Sequence[Extractor]) -> dict[tuple[int, int], Verdict]:
    """Return what a message says of each slot it carries; a partial message leaves the rest."""
    document = parse(payload, whole=all(one.whole for one in wanted))
    if document is ABSENT:
        return {one.slot: (None, Reason.MALFORMED) for one in wanted}
    out: dict[tuple[int, int], Verdict] = {}
    plain = document if isinstance(document, dict) else {}
    for one in wanted:
        if one.plain and (value := one.plain_value(plain.get(one.plain))) is not None:
            out[one.slot] = value, None
            continue
        found = find(document, one.steps)
        if found is not ABSENT:
            out[one.slot] = one.extract(found)
    return out


def parse(payload: bytes, *, whole: bool) -> object:
    """Return the text or the JSON document of a message; ``ABSENT`` where it is neither."""
    if len(payload) > MAX_PAYLOAD or payload.count(b"[") + payload.count(b"{") > 64 * MAX_DEPTH:
        return ABSENT
    try:
        text = payload.decode("utf-8").rstrip("\0")  # some devices send the end of their string along
        return text.strip() if whole else json.loads(text)
    except (UnicodeDecodeError, ValueError, RecursionError):
        return ABSENT
