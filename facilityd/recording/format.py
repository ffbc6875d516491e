"""Recordings as files: JSON Lines, compressed with zstandard where the name ends in .zst.

First the header, then one line per happening with ``t``, ns since the start. docs/recordings.md
describes it for other programs.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Self

import zstandard

from facilityd.errors import UsageError

VERSION = 1
LOST = "link-lost"
"""Reason of an exchange during which the link was lost."""


@dataclass(frozen=True, slots=True)
class Header:
    """What was recorded. ``start`` in ns UTC; ``units`` maps each unit to its profile and address."""

    link: str
    protocol: str
    start: int
    units: dict[str, dict[str, Any]] = field(default_factory=dict)
    version: int = VERSION


@dataclass(frozen=True, slots=True)
class Exchange:
    """One Modbus read. ``payload`` in hex, or ``reason`` for why there is none; ``took`` in ns."""

    t: int
    took: int
    device_id: int
    function: int
    address: int
    count: int
    payload: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MqttRecord:
    """One MQTT message; ``payload`` in hex."""

    t: int
    topic: str
    payload: str
    qos: int = 0
    retain: bool = False


@dataclass(frozen=True, slots=True)
class LinkNews:
    """The link was opened, or why it was lost or could not be opened."""

    t: int
    up: bool
    reason: str = ""


Happening = Exchange | MqttRecord | LinkNews
_KINDS: dict[str, type[Exchange | MqttRecord | LinkNews]] = {
    "exchange": Exchange,
    "heard": MqttRecord,
    "link": LinkNews,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


class Recorder:
    """Writes a recording as it happens. Use as a context manager."""

    def __init__(self, path: Path, header: Header) -> None:
        self._file: IO[bytes] = open_to_write(path)
        self.count = 0
        self._write({"kind": "facilityd-recording", **asdict(header)})

    def note(self, happening: Happening) -> None:
        """Keep one happening."""
        self.count += 1
        self._write({"kind": _NAMES[type(happening)], **asdict(happening)})

    def _write(self, data: dict[str, Any]) -> None:
        self._file.write(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_to_write(path: Path) -> IO[bytes]:
    """Open a file, compressed where its name ends in .zst. Raises UsageError."""
    try:
        raw = path.open("wb")
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror}", where=str(path)) from error
    if path.suffix != ".zst":
        return raw
    return zstandard.ZstdCompressor(level=6).stream_writer(raw, closefd=True)


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording that was read; ``damage`` says where it stops making sense, if it does."""

    header: Header
    happenings: tuple[Happening, ...]
    damage: str = ""


def read(path: Path) -> Recording:
    """Return what a file holds, as far as it can be read. Raises UsageError where nothing can."""
    lines = _lines(path)
    try:
        header = _header(next(lines, b""))
    except (ValueError, TypeError, KeyError, OSError, zstandard.ZstdError) as error:
        hint = "facilityd record writes them"
        raise UsageError(f"is not a recording: {error}", where=f"{path}:1", hint=hint) from error
    found: list[Happening] = []
    try:
        for text in lines:
            data = json.loads(text)
            found.append(_KINDS[data.pop("kind")](**data))
    except (ValueError, TypeError, KeyError, zstandard.ZstdError) as error:
        good = f"{len(found)} lines before are good"
        damage = f"{path}:{len(found) + 2}: cannot be read from here on ({error}); {good}"
        return Recording(header, tuple(found), damage)
    return Recording(header, tuple(found))


def _lines(path: Path) -> Iterator[bytes]:
    try:
        raw = path.open("rb")
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path)) from error
    with raw:
        if path.suffix != ".zst":
            yield from raw
            return
        with zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True) as plain:
            yield from io.BufferedReader(plain)


def _header(text: bytes) -> Header:
    data = json.loads(text)
    if data.pop("kind", "") != "facilityd-recording":
        raise ValueError("its first line is no header")
    if data.get("version") != VERSION:
        raise ValueError(f"version {data.get('version')}, this facilityd reads {VERSION}")
    return Header(**data)
