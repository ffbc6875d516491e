"""A form with a file in it, as browsers send it without a script (RFC 7578), within limits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

MOST_PARTS = 20
LONGEST_HEAD, LONGEST_FIELD = 2000, 16_000
"""Bytes of what stands before a part, and of a field that is no file."""
_BOUNDARY = re.compile(
    r'multipart/form-data\s*;.*?\bboundary="?([0-9A-Za-z\'()+_,./:=? -]{1,70})', re.ASCII | re.IGNORECASE
)
_LINE = re.IGNORECASE | re.MULTILINE
_NAME = re.compile(rb'^content-disposition:\s*form-data\s*;[^\r\n]*?\bname="([^"\r\n]*)"', _LINE)
_FILE = re.compile(rb'^content-disposition:[^\r\n]*\bfilename\*?=("?)([^"\r\n;]*)', _LINE)


class NoForm(Exception):
    """What was sent is no form, or holds more than one may."""


@dataclass
class SentForm:
    """``fields`` as text; ``file``: the bytes of the one file, whatever its name, or None."""

    fields: dict[str, str] = field(default_factory=dict)
    file: bytes | None = None


def is_multipart(content_type: str) -> bool:
    """Return whether a form comes with a file."""
    return content_type.lower().startswith("multipart/form-data")


def read_multipart(content_type: str, body: bytes, *, cut: bool = False) -> SentForm:
    """Return what a form holds; ``cut``: only its beginning is there, and what ends within it is returned.

    Raises NoForm for what is none, or holds too much.
    """
    found = _BOUNDARY.match(content_type)
    if found is None:
        raise NoForm
    form, mark = SentForm(), b"--" + found[1].strip().encode("ascii")
    if cut:
        whole, between, rest = body.rpartition(b"\r\n" + mark)
        body = body if rest.startswith(b"--") else whole + between + b"--"
    for head, content in _parts(body, mark):
        name = _NAME.search(head)
        if name is None:
            raise NoForm
        if chosen := _FILE.search(head):
            if content or chosen[2]:  # where nobody chose a file there is neither
                if form.file is not None:
                    raise NoForm
                form.file = content
        elif len(content) > LONGEST_FIELD:
            raise NoForm
        else:
            form.fields[name[1].decode(errors="replace")] = content.decode(errors="replace")
    return form


def _parts(body: bytes, mark: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Iterate over (head, content) of the parts. Raises NoForm where the last one does not end."""
    if not body.startswith(mark):
        raise NoForm
    at = len(mark)
    for _ in range(MOST_PARTS):
        if body[at : at + 2] == b"--":
            return
        if body[at : at + 2] != b"\r\n":
            raise NoForm
        head = body.find(b"\r\n\r\n", at, at + LONGEST_HEAD)
        end = body.find(b"\r\n" + mark, head + 2) if head >= 0 else -1
        if end < 0:
            raise NoForm
        yield body[at + 2 : head + 2], body[head + 4 : end]
        at = end + 2 + len(mark)
    raise NoForm
