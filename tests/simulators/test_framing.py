"""Frames against vectors that stand in the specifications and in every manual."""

from __future__ import annotations

import pytest

from simulators.framing import MBAP, RTU, Frame, FramingLost, crc16

READ = bytes.fromhex("01 03 00 00 00 0a c5 cd")  # the example of countless manuals
WRITE_MANY = bytes.fromhex("01 10 00 01 00 02 04 00 0a 01 02 92 30")  # V1.1b3, 6.12, as RTU


def test_crc_of_known_frames():
    assert crc16(READ[:-2]).to_bytes(2, "little") == READ[-2:]
    assert crc16(WRITE_MANY) == 0
    assert RTU.pack(Frame(1, READ[1:-2])) == READ


@pytest.mark.parametrize("frame", [READ, WRITE_MANY, RTU.pack(Frame(9, bytes((0x2B, 14, 1, 0))))])
def test_rtu_takes_whole_requests_and_leaves_the_rest(frame):
    buffer = bytearray(frame[:3])
    assert RTU.take(buffer) is None
    buffer += frame[3:]
    taken = RTU.take(buffer)
    assert taken == Frame(frame[0], frame[1:-2])
    assert not buffer


def test_rtu_gives_up_on_a_bad_crc_and_on_endless_nonsense():
    with pytest.raises(FramingLost):
        RTU.take(bytearray(READ[:-1] + b"\x00"))
    assert RTU.take(bytearray(b"\x07\x7f" * 100)) is None
    with pytest.raises(FramingLost):
        RTU.take(bytearray(b"\x07\x7f" * 200))


def test_mbap_takes_requests_out_of_a_stream():
    asked = [Frame(1, b"\x03\x00\x00\x00\x01", 7), Frame(2, b"\x04\x00\x05\x00\x02", 8)]
    buffer = bytearray(b"".join(MBAP.pack(f) for f in asked) + b"\x00")
    assert [MBAP.take(buffer), MBAP.take(buffer), MBAP.take(buffer)] == [*asked, None]


@pytest.mark.parametrize("header", ["0001 0001 0006 01", "0001 0000 ffff 01", "0001 0000 0001 01"])
def test_mbap_refuses_what_is_not_modbus(header):
    with pytest.raises(FramingLost):
        MBAP.take(bytearray(bytes.fromhex(header)))
