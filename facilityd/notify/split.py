"""Texts within a limit of bytes: no character is cut, and lines stay whole where they fit."""

from __future__ import annotations

PART = " ({0}/{1})"
"""At the end of a part: what a phone shows of the first one is the text's own beginning."""


def cut(text: str, limit: int) -> str:
    """Return the beginning of a text that fits into ``limit`` bytes of UTF-8, with an ellipsis where cut."""
    if len(text.encode()) <= limit:
        return text
    room = max(0, limit - len("…".encode()))
    return text.encode()[:room].decode(errors="ignore") + "…" if limit >= len("…".encode()) else ""


def split(text: str, limit: int, most: int) -> list[str]:
    """Return a text as at most ``most`` numbered parts of at most ``limit`` bytes; the last is cut.

    ``limit`` is at least 40.
    """
    if len(text.encode()) <= limit:
        return [text]
    room = limit - len(PART.format(most, most).encode())
    parts = _parts(text, room)
    if len(parts) > most:
        parts = [*parts[: most - 1], cut("\n".join(parts[most - 1 :]), room)]
    if len(parts) < 2:  # noqa: PLR2004 - one part needs no number
        return parts or [""]
    return [part + PART.format(number, len(parts)) for number, part in enumerate(parts, start=1)]


def _parts(text: str, room: int) -> list[str]:
    parts, now = [], ""
    for line in text.splitlines():
        for piece in _pieces(line, room):
            joined = f"{now}\n{piece}" if now else piece
            if len(joined.encode()) <= room:
                now = joined
            else:
                parts.append(now)
                now = piece
    return [part for part in (*parts, now) if part]


def _pieces(line: str, room: int) -> list[str]:
    """Return a line in pieces that fit; a line that fits is one."""
    pieces = []
    while len(line.encode()) > room:
        piece = line.encode()[:room].decode(errors="ignore")
        pieces.append(piece)
        line = line[len(piece) :]
    return [*pieces, line]
