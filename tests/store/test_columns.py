"""Columns come back to the bit, and a bit that flips is found."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facilityd.store.columns import DamagedColumns, pack, unpack

WHOLE = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.integers(-100, 100))
DECIMAL = st.builds(lambda n, p: n / 10.0**p, st.integers(-(10**7), 10**7), st.integers(0, 6))
FLOAT = st.one_of(st.none(), st.floats(allow_nan=False), DECIMAL, st.just(-0.0))


def bits(column):
    return [value if not isinstance(value, float) else struct.pack("<d", value) for value in column]


@given(st.integers(1, 40).flatmap(lambda n: st.lists(
    st.one_of(st.lists(WHOLE, min_size=n, max_size=n), st.lists(FLOAT, min_size=n, max_size=n)), min_size=1, max_size=4
)))  # fmt: skip
def test_any_columns_come_back_to_the_bit(columns):
    found = unpack(pack(columns, b"key"), len(columns[0]), b"key")
    assert [bits(column) for column in found] == [bits(column) for column in columns]
    assert [[type(v) for v in column] for column in found] == [
        [type(v) for v in column] for column in columns
    ]


@given(st.lists(DECIMAL, min_size=3, max_size=30), st.data())
def test_a_flipped_bit_is_never_a_value(column, data):
    packed = bytearray(pack([column], b"key"))
    packed[data.draw(st.integers(0, len(packed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(DamagedColumns):
        unpack(bytes(packed), len(column), b"key")
    with pytest.raises(DamagedColumns):
        unpack(pack([column], b"key"), len(column), b"another place")


def test_what_devices_say_takes_less_than_two_bytes_a_value():
    """A noisy analog value of two decimals, read once a second for an hour, and a contact."""
    noisy = [round(230 + 3 * ((n * 7919) % 1000) / 1000, 2) for n in range(3600)]
    contact = [int(n // 900 % 2) for n in range(3600)]
    assert len(pack([noisy], b"")) / 3600 < 2.0
    assert len(pack([contact], b"")) < 120
