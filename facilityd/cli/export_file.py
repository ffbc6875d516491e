"""A file that is written bit by bit and can be gone on with: FILE.part, and FILE.part.json beside it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from facilityd.errors import UsageError
from facilityd.model.message import Wording

_EVERY = 20_000
"""Lines between two marks: so many are written again at most."""


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Hand out where to write: the file has its name only when all of it is durable; else nothing is left.

    For formats whose end says where all the rest is, which nobody can go on with. Raises UsageError where
    the file is there already or cannot be written.
    """
    if path.exists() or path.is_symlink():
        raise UsageError(Wording("ask.export-there"), where=str(path))
    part = path.with_name(path.name + ".part")
    try:
        yield part
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.rename(path)
    except OSError as error:
        what = Wording("ask.export-cannot-written", strerror=error.strerror)
        raise UsageError(what, where=str(path)) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


class ResumableFile:
    """Whole under its name only when ``finish`` was called.

    ``key``: what is exported; with another one it begins anew.
    ``mark`` is where an earlier run had come, None where there was none; ``kept`` what it had noted then.
    Raises UsageError where the file is there already or cannot be written.
    """

    def __init__(self, path: Path, key: Mapping[str, Any], notes: Mapping[str, Any]) -> None:
        self._path, self._key = path, json.loads(json.dumps(key))
        self._part, self._side = (path.with_name(path.name + end) for end in (".part", ".part.json"))
        if path.exists() or path.is_symlink():
            raise UsageError(Wording("ask.export-there"), where=str(path))
        state = self._state()
        self.mark: Any = state.get("mark")
        self.kept: Mapping[str, Any] = state.get("notes", notes)
        self._lines = 0
        try:
            self._file = self._part.open("r+b" if state else "wb")
            self._file.truncate(state.get("size", 0))
            self._file.seek(0, os.SEEK_END)
        except OSError as error:
            raise self._refused(error) from error

    def _state(self) -> dict[str, Any]:
        try:
            state = json.loads(self._side.read_text(encoding="utf-8"))
            fits = state["key"] == self._key and self._part.stat().st_size >= state["size"]
            return dict(state) if fits else {}
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def _refused(self, error: OSError) -> UsageError:
        return UsageError(
            Wording("ask.export-cannot-written", strerror=error.strerror), where=str(self._path)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._file.close()

    def begin(self, text: bytes) -> None:
        """Write what stands first, unless an earlier run did."""
        if not self._file.tell():
            self._file.write(text)

    def write(self, lines: Iterable[tuple[bytes, Any]]) -> int:
        """Write lines, each with the mark behind it; return how many. Raises UsageError on a full disk."""
        try:
            for text, mark in lines:
                self._file.write(text)
                self.mark = mark
                self._lines += 1
                if self._lines % _EVERY == 0:
                    self._save()
            self._save()
        except OSError as error:
            raise self._refused(error) from error
        except BaseException:
            with suppress(OSError):
                self._save()
            raise
        return self._lines

    def _save(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        state = {"key": self._key, "mark": self.mark, "notes": dict(self.kept), "size": self._file.tell()}
        fresh = self._side.with_name(self._side.name + ".new")
        fresh.write_text(json.dumps(state), encoding="utf-8")
        fresh.replace(self._side)

    def finish(self) -> None:
        """Give the file its name. Raises UsageError."""
        try:
            self._file.close()
            self._part.rename(self._path)
            self._side.unlink(missing_ok=True)
        except OSError as error:
            raise self._refused(error) from error
