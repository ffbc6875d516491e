"""The plot of a message as a picture, for readers whose font has no blocks: a PNG made of the line itself."""

from __future__ import annotations

import struct
import zlib

from facilityd.notify.sparkline import BARS

CELL, HEIGHT = 10, 64
"""Pixels of one block's width, and of the tallest."""
WHITE, BLUE = b"\xff\xff\xff", b"\x1f\x5f\xa8"
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def plot_of(body: str) -> str:
    """Return the blocks of a message's plot, blanks between them included; "" where it has none."""
    for line in body.splitlines():
        places = [n for n, sign in enumerate(line) if sign in BARS]
        if places:
            return line[places[0] : places[-1] + 1]
    return ""


def png(bars: str) -> bytes:
    """Return a line of blocks (not empty) as a PNG of 24-bit colours."""
    levels = [(BARS.index(sign) + 1) * HEIGHT // len(BARS) if sign in BARS else 0 for sign in bars]
    rows = (
        b"\0" + b"".join((BLUE if HEIGHT - row <= level else WHITE) * (CELL - 1) + WHITE for level in levels)
        for row in range(HEIGHT)
    )
    head = struct.pack(">IIBBBBB", len(levels) * CELL, HEIGHT, 8, 2, 0, 0, 0)
    return (
        _SIGNATURE
        + _chunk(b"IHDR", head)
        + _chunk(b"IDAT", zlib.compress(b"".join(rows), 9))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
