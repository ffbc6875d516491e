"""All four byte orders, and decimal digits in registers, by the adapter and by the simulator."""

from __future__ import annotations

import struct
from itertools import product
from typing import Any

import pytest
from support.modbus_harness import decoded, link_to, profile, running_bus, served, unit, until
from support.virtual import in_virtual_time

from devices.codec import from_words, to_words
from facilityd.model.quality import Reason
from facilityd.model.sample import SignalType

ORDERS = {
    "ABCD": ("big", "big"),
    "CDAB": ("little", "big"),
    "BADC": ("big", "little"),
    "DCBA": ("little", "little"),
}


@pytest.mark.parametrize("name", ORDERS)
def test_every_order_of_four_bytes(name: str) -> None:
    data = dict(zip("ABCD", struct.pack(">f", 123.5), strict=True))
    wire = bytes(data[letter] for letter in name)
    words = struct.unpack(">2H", wire)
    assert from_words(words, "f32", *ORDERS[name]) == 123.5
    assert to_words(123.5, "f32", *ORDERS[name]) == list(words)


@pytest.mark.parametrize(("word_order", "byte_order"), list(product(["big", "little"], repeat=2)))
@in_virtual_time
async def test_a_unit_with_any_order_reads_right(word_order: str, byte_order: str) -> None:
    one = unit(model=profile(word_order=word_order, byte_order=byte_order, golden=_golden(byte_order)))
    async with served([one]) as endpoint, running_bus(link_to(endpoint), [one]) as intake:
        await until(lambda: len(intake.good()) >= 2)
    assert intake.wrong() == []
    assert intake.reasons() == set()


def _golden(byte_order: str) -> list[dict[str, Any]]:
    return [{"point": "first", "words": [11 if byte_order == "big" else 11 << 8], "value": 11}]


def _decode(point: dict[str, Any], words: list[int], kind: SignalType = SignalType.FLOAT) -> Any:
    return decoded(point, words, kind)


@pytest.mark.parametrize(
    ("point", "words", "found"),
    [
        ({"type": "bcd16"}, [0x1234], (1234.0, None)),
        ({"type": "bcd16", "scale": 0.1}, [0x0230], (23.0, None)),
        ({"type": "bcd32"}, [0x0012, 0x3456], (123456.0, None)),
        ({"type": "bcd32", "word_order": "little"}, [0x3456, 0x0012], (123456.0, None)),
        ({"type": "bcd16", "byte_order": "little"}, [0x3412], (1234.0, None)),
        ({"type": "bcd16"}, [0x12A4], (None, Reason.NOT_A_NUMBER)),
        ({"type": "bcd16", "no_value": [9999]}, [0x9999], (None, Reason.NO_VALUE)),
    ],
)
def test_decimal_digits(point: dict[str, Any], words: list[int], found: Any) -> None:
    assert _decode(point, words) == found
    if found[0] is not None and "scale" not in point:
        how = point.get("word_order", "big"), point.get("byte_order", "big")
        assert to_words(found[0], point["type"], *how) == words


def test_bits_of_a_swapped_register() -> None:
    swapped = {"type": "u16", "byte_order": "little"}
    assert _decode({**swapped, "bit": 0}, [0x0100], SignalType.BOOL) == (True, None)
    assert _decode({**swapped, "bits": [8, 11]}, [0x0005], SignalType.ENUM) == (5, None)
