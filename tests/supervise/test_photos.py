"""What is kept of a photo, what is refused, and where it lies."""

from __future__ import annotations

import os
import struct
import time
from pathlib import Path

import pytest
from support.photos import GPS, JPEG, PNG_START, WEBP, camera_jpeg, chunk, png, segment

from facilityd.errors import FacilitydError, UsageError
from facilityd.model.message import spoken
from facilityd.supervise.photo_content import MOST_BYTES, cleaned
from facilityd.supervise.photos import PhotoFolder

HTML = b"<html><script>alert(1)</script></html>"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


@pytest.mark.parametrize("order", ["<", ">"])
def test_where_a_jpeg_was_taken_is_not_kept_and_how_it_was_held_is(order: str) -> None:
    kept, suffix = cleaned(camera_jpeg(6, order))
    assert suffix == "jpg"
    assert not any(trace in kept for trace in (GPS, b"Zhang", b"PK\x03\x04"))
    assert kept.count(b"Exif\0\0") == 1
    assert struct.pack(">HHIH", 0x112, 3, 1, 6) in kept
    assert kept.endswith(b"\xff\xd9")
    assert cleaned(kept)[0] == kept, "cleaned once more it is the same photo"


def test_of_an_upright_jpeg_only_the_picture_is_left() -> None:
    assert cleaned(JPEG) == (JPEG, "jpg")
    assert cleaned(camera_jpeg(1))[0] == JPEG


def test_a_png_keeps_its_pixels_alone() -> None:
    told = chunk(b"eXIf", GPS) + chunk(b"tEXt", b"Author\0Zhang") + chunk(b"acTL", b"\0" * 8)
    assert cleaned(png(more=told) + HTML) == (png(), "png")


def test_a_webp_keeps_its_pixels_alone() -> None:
    extended = chunk_of(b"VP8X", bytes([0x0C, 0, 0, 0]) + bytes([23, 0, 0, 15, 0, 0]))
    told = riff(extended + WEBP[12:] + chunk_of(b"EXIF", GPS) + chunk_of(b"XMP ", GPS)) + HTML
    kept, suffix = cleaned(told)
    assert (suffix, GPS in kept, HTML in kept) == ("webp", False, False)
    assert kept == riff(extended.replace(b"\x0c\0\0\0\x17", b"\0\0\0\0\x17") + WEBP[12:])


def riff(body: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def chunk_of(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


@pytest.mark.parametrize(
    ("content", "slug"),
    [
        (b"", "photo.no-picture"),
        (HTML, "photo.no-picture"),
        (SVG, "photo.no-picture"),
        (b"GIF89a" + HTML, "photo.no-picture"),
        (b"\xff\xd8\xff" + HTML, "photo.broken"),
        (JPEG[:-300], "photo.broken"),
        (JPEG[:2] + b"\xff\xd9", "photo.broken"),
        (JPEG[:2] + segment(0xC3, b"\x08\0\x10\0\x18\x01\x11\0") + JPEG[2:], "photo.broken"),
        (b"\xff\xd8" + b"\xff\xfe\0\x02" * 200_000 + b"\xff\xd9", "photo.broken"),
        (b"\xff\xd8\xff\xe0\xff\xff", "photo.broken"),
        (PNG_START + HTML, "photo.broken"),
        (png()[:-20], "photo.broken"),
        (png().replace(b"IDAT", b"IDAX"), "photo.broken"),
        (PNG_START + chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)) + chunk(b"IEND", b""), "photo.broken"),
        (png(0, 5), "photo.broken"),
        (png(60_000, 60_000, data=b"x"), "photo.too-many-pixels"),
        (JPEG.replace(b"\0\x10\0\x18\x03", b"\xea\x60\xea\x60\x03"), "photo.too-many-pixels"),
        (riff(chunk_of(b"VP8X", bytes([2, 0, 0, 0]) + b"\0" * 6) + WEBP[12:]), "photo.moving"),
        (riff(chunk_of(b"VP8X", bytes(4) + b"\xff" * 6) + WEBP[12:]), "photo.too-many-pixels"),
        (riff(b"VP8 \xff\xff\xff\x7f" + b"x" * 20), "photo.broken"),
        (riff(b""), "photo.broken"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "photo.heic"),
        (JPEG + b"\0" * MOST_BYTES, "photo.too-large"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)}",
)  # fmt: skip
def test_what_is_no_photo_is_refused_and_says_why(content: bytes, slug: str) -> None:
    with pytest.raises(UsageError) as refused:
        cleaned(content)
    assert refused.value.what.slug == slug
    assert spoken(refused.value.what, "zh") != spoken(refused.value.what, "en")


def test_no_cut_or_altered_photo_is_more_than_refused() -> None:
    for whole in (camera_jpeg(), png(), WEBP):
        for at in range(len(whole)):
            for other in (whole[:at], whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]):
                try:
                    kept, _ = cleaned(other)
                except UsageError:
                    continue
                assert cleaned(kept)[0] == kept


def test_a_photo_is_named_by_what_it_holds_and_kept_once(tmp_path: Path) -> None:
    photos = PhotoFolder(tmp_path / "journal.db", free=0)
    name, fresh = photos.add(camera_jpeg())
    again, twice = photos.add(camera_jpeg() + b"another end")
    assert (name, fresh, twice) == (again, True, False)
    assert [one.name for one in photos.folder.iterdir()] == [name]
    assert photos.read(name) == cleaned(camera_jpeg())[0]


@pytest.mark.parametrize("name", ["../journal.db", "..%2fjournal.db", "/etc/passwd", "", ".", "a" * 64 + ".svg",
                                  "A" * 64 + ".jpg", "a" * 64 + ".jpg\n", "a" * 64 + ".jpg/../x", "０" * 64 + ".jpg"])  # fmt: skip
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "journal.db").write_text("secret")
    photos = PhotoFolder(tmp_path / "journal.db", free=0)
    photos.add(JPEG)
    with pytest.raises(UsageError, match="no such photo"):
        photos.read(name)
    photos.remove(name)
    assert (tmp_path / "journal.db").read_text() == "secret"


def test_a_link_in_place_of_a_photo_is_not_followed(tmp_path: Path) -> None:
    photos = PhotoFolder(tmp_path / "journal.db", free=0)
    name, _ = photos.add(JPEG)
    (photos.folder / name).unlink()
    (photos.folder / name).symlink_to("/etc/passwd")
    with pytest.raises(UsageError):
        photos.read(name)
    assert photos.size(name) is None


def test_photos_leave_the_journal_its_room(tmp_path: Path) -> None:
    photos = PhotoFolder(tmp_path / "journal.db", most=len(JPEG) + 10, free=0)
    photos.add(JPEG)
    with pytest.raises(FacilitydError, match="no room"):
        photos.add(png())
    with pytest.raises(FacilitydError, match="no room"):
        PhotoFolder(tmp_path / "other.db", free=2**60).add(JPEG)


def test_old_photos_and_halves_are_forgotten_and_nothing_else(tmp_path: Path) -> None:
    photos = PhotoFolder(tmp_path / "journal.db", free=0)
    old, new = photos.add(JPEG)[0], photos.add(png())[0]
    half, foreign = photos.folder / ".x.1.part", photos.folder / "notes.txt"
    for one in (photos.folder / old, half, foreign):
        one.touch()
        os.utime(one, (1.0, 1.0))
    assert photos.forget(time.time(), 86_400.0) == 1
    assert sorted(one.name for one in photos.folder.iterdir()) == sorted([new, "notes.txt"])
    (photos.folder / new).touch()
    assert photos.forget(time.time(), 86_400.0) == 0
