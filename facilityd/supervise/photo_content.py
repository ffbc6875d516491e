"""What a photo is by its bytes, and what of them is kept: the picture, nothing that was written beside it.

The pixels stay as they are: nothing is decoded, so that no picture can make this process take memory for what
it claims to be. Where it was taken, by which camera and whatever follows its end is left out.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator

from facilityd.errors import UsageError
from facilityd.model.message import Wording

MIB = 1 << 20
MOST_BYTES = 12 * MIB
"""Of one photo."""
MOST_SIDE, MOST_PIXELS = 16_384, 64_000_000
"""What a phone can be asked to show."""
MOST_PARTS = 100_000
"""Segments, chunks or scans of one file."""
_PNG = b"\x89PNG\r\n\x1a\n"
_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis")


class _Broken(Exception):
    """The bytes end or go wrong where a picture would go on."""


def cleaned(content: bytes) -> tuple[bytes, str]:
    """Return a picture without what stands beside it, and its suffix. Raises UsageError for what is none."""
    if len(content) > MOST_BYTES:
        raise UsageError(Wording("photo.too-large", most=MOST_BYTES // MIB))
    if content[4:8] == b"ftyp" and content[8:12] in _BRANDS:
        raise UsageError(Wording("photo.heic"), hint=Wording("photo.heic-hint"))
    for start, suffix, clean in _KINDS:
        if start.match(content):
            try:
                return clean(content), suffix
            except (_Broken, struct.error, IndexError) as error:
                raise UsageError(Wording("photo.broken"), hint=Wording("photo.take-again")) from error
    raise UsageError(Wording("photo.no-picture"), hint=Wording("photo.kinds"))


def _check_size(width: int, height: int) -> None:
    if not (width and height):
        raise _Broken
    if max(width, height) > MOST_SIDE or width * height > MOST_PIXELS:
        most = MOST_PIXELS // 1_000_000
        raise UsageError(Wording("photo.too-many-pixels", width=width, height=height, most=most))


# --- JPEG: segments, and behind each start of a scan what it holds -------------------------------
_FRAMES = range(0xC0, 0xD0)
_SOFS = frozenset((0xC0, 0xC1, 0xC2))  # the frames that browsers show
_TABLES = frozenset((0xC4, 0xDB, 0xDD))
_MARK, _SOS, _EOI, _EXIF = 0xFF, 0xDA, 0xD9, 0xE1
_LENGTH = 2
"""Bytes that say how long a segment is, and are part of it."""
_KEPT = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
"""What else is needed to show it, by how it begins: its colours."""
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_UPRIGHT, _TURNED = 1, range(1, 9)


def _jpeg(content: bytes) -> bytes:
    parts, turned, shown = [content[:2]], _UPRIGHT, False
    for marker, segment, scan in _segments(content):
        body = segment[4:]
        if marker in _SOFS:
            height, width = struct.unpack_from(">HH", body, 1)
            _check_size(width, height)
        elif marker == _EXIF:
            turned = _orientation(body) or turned
            continue
        elif marker == _SOS:
            shown = True
        elif marker in _FRAMES and marker not in _TABLES:
            raise _Broken
        elif marker not in _TABLES and not (marker in _KEPT and body.startswith(_KEPT[marker])):
            continue
        parts += [segment, scan]
    if not shown:
        raise _Broken
    if turned != _UPRIGHT:  # a phone writes the picture as its sensor lies, and how it was held beside it
        exif = struct.pack(">8sHHHIHHI", b"MM\0*\0\0\0\x08", 1, 0x112, 3, 1, turned, 0, 0)
        parts.insert(1, b"\xff\xe1" + struct.pack(">H", 8 + len(exif)) + b"Exif\0\0" + exif)
    return b"".join([*parts, b"\xff\xd9"])


def _segments(content: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Iterate over (marker, segment, what its scan holds) up to the end of the picture."""
    at = 2
    for _ in range(MOST_PARTS):
        while content[at : at + 2] == b"\xff\xff":
            at += 1
        if content[at] != _MARK:
            raise _Broken
        marker = content[at + 1]
        if marker == _EOI:
            return
        (length,) = struct.unpack_from(">H", content, at + 2)
        end = behind = at + 2 + length
        if length < _LENGTH or end > len(content):
            raise _Broken
        if marker == _SOS:
            found = _MARKER.search(content, end)
            if found is None:
                raise _Broken
            behind = found.start()
        yield marker, content[at:end], content[end:behind]
        at = behind
    raise _Broken


def _orientation(body: bytes) -> int:
    """Return how a camera was held, 1 to 8, of the metadata of a JPEG; 0 where they do not say."""
    if body[:6] != b"Exif\0\0" or body[6:8] not in (b"II", b"MM"):
        return 0
    order, tiff = "<" if body[6:8] == b"II" else ">", body[6:]
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        for n in range(min(count, 200)):
            tag, kind, _, value = struct.unpack_from(f"{order}HHIH", tiff, start + 2 + 12 * n)
            if (tag, kind) == (0x112, 3):
                return value if value in _TURNED else 0
    except struct.error:
        return 0
    return 0


# --- PNG: chunks, each with its checksum --------------------------------------------------------
_SHOWN = frozenset((b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"pHYs"))
_ANCILLARY = 0x20


def _png(content: bytes) -> bytes:
    seen: set[bytes] = set()
    parts, at = [_PNG], len(_PNG)
    for _ in range(MOST_PARTS):
        length, kind = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        if end > len(content):
            raise _Broken
        if not seen:
            if (kind, length) != (b"IHDR", 13):
                raise _Broken
            _check_size(*struct.unpack_from(">II", content, at + 8))
        if kind in _SHOWN:
            if zlib.crc32(content[at + 4 : end - 4]) != struct.unpack_from(">I", content, end - 4)[0]:
                raise _Broken
            parts.append(content[at:end])
        elif not kind[0] & _ANCILLARY:
            raise _Broken
        seen.add(kind)
        at = end
        if kind == b"IEND":
            if b"IDAT" not in seen:
                raise _Broken
            return b"".join(parts)
    raise _Broken


# --- WebP: chunks of a RIFF file ----------------------------------------------------------------
_FORM, _LOSSLESS = 4, 0x2F  # bytes of the word WEBP; with what such a frame begins
_ANIMATED, _WITHOUT = 0x02, 0xFF & ~(0x08 | 0x04)  # the flags of moving pictures; all but Exif and XMP


def _webp(content: bytes) -> bytes:
    (size,) = struct.unpack_from("<I", content, 4)
    if not _FORM <= size <= len(content) - 8:
        raise _Broken
    parts, at, shown = [], 12, False
    while at < size + 8:
        kind, length = struct.unpack_from("<4sI", content, at)
        body = content[at + 8 : at + 8 + length]
        if len(body) < length or at + 8 + length > size + 8:
            raise _Broken
        at += 8 + length + length % 2
        if kind == b"VP8X":
            if body[0] & _ANIMATED:
                raise UsageError(Wording("photo.moving"), hint=Wording("photo.kinds"))
            _check_size(1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little"))
            body = bytes([body[0] & _WITHOUT]) + body[1:]
        elif kind in (b"VP8 ", b"VP8L"):
            _check_size(*_frame(kind, body))
            shown = True
        elif kind not in (b"ALPH", b"ICCP"):
            continue
        parts.append(struct.pack("<4sI", kind, length) + body + b"\0" * (length % 2))
    if not shown:
        raise _Broken
    kept = b"".join(parts)
    return b"RIFF" + struct.pack("<I", 4 + len(kept)) + b"WEBP" + kept


def _frame(kind: bytes, body: bytes) -> tuple[int, int]:
    """Return width and height of a frame."""
    if kind == b"VP8 ":
        if body[3:6] != b"\x9d\x01\x2a":
            raise _Broken
        width, height = struct.unpack_from("<HH", body, 6)
        return width & 0x3FFF, height & 0x3FFF
    if body[0] != _LOSSLESS:
        raise _Broken
    (bits,) = struct.unpack_from("<I", body, 1)
    return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)


_KINDS = (
    (re.compile(rb"\xff\xd8\xff"), "jpg", _jpeg),
    (re.compile(re.escape(_PNG)), "png", _png),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "webp", _webp),
)
