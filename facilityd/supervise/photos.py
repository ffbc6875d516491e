"""Photos of people, in a folder beside the journal that the page and the command line fill.

The journal has the name alone, which is the digest of the bytes. A photo is whole and on the disk before
anything is asked with its name.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from facilityd.errors import FacilitydError, UsageError
from facilityd.model.message import Wording
from facilityd.model.photo import is_photo
from facilityd.model.regular import read_regular
from facilityd.supervise.photo_content import MIB, MOST_BYTES, cleaned

SUFFIX = ".photos"
MOST_TOGETHER = 2048 * MIB
"""Bytes of all photos of a site."""
LEAST_FREE = 512 * MIB
"""Bytes on the disk that photos leave to the journal."""
TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
_UNFINISHED = (".part", ".new")
_HOUR = 3600


class PhotoFolder:
    """The folder beside a journal; ``most``: bytes of all photos; ``free``: those left on the disk."""

    def __init__(self, journal: Path, most: int = MOST_TOGETHER, free: int = LEAST_FREE) -> None:
        self.folder = journal.with_name(journal.name + SUFFIX)
        self._most, self._free = most, free

    def add(self, content: bytes) -> tuple[str, bool]:
        """Keep a photo without its metadata; return its name, and whether it was not there yet.

        Raises UsageError for what is no photo, FacilitydError where there is no room.
        """
        kept, suffix = cleaned(content)
        name = f"{hashlib.sha256(kept).hexdigest()}.{suffix}"
        path = self.folder / name
        try:
            if path.exists():
                os.utime(path)
                return name, False
            self._write(path, kept)
        except OSError as error:
            what = Wording("store.cannot-write", strerror=error.strerror)
            raise FacilitydError(what, where=str(self.folder)) from error
        return name, True

    def _write(self, path: Path, content: bytes) -> None:
        self.folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        used = sum(size for _, size, _ in self._files())
        if (
            used + len(content) > self._most
            or shutil.disk_usage(self.folder).free - len(content) < self._free
        ):
            raise FacilitydError(Wording("photo.no-room", used=used // MIB), hint=Wording("photo.make-room"))
        part = self.folder / f".{path.name}.{os.getpid()}.{time.monotonic_ns()}.part"
        with part.open("xb") as file:
            if self.folder.stat().st_mode & stat.S_ISGID:
                os.fchmod(file.fileno(), 0o640)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)

    def read(self, name: str) -> bytes:
        """Return a photo. Raises UsageError where there is none of that name, or none any more."""
        if is_photo(name):
            with contextlib.suppress(OSError):
                return read_regular(self.folder / name, MOST_BYTES, follow=False)
        raise UsageError(Wording("photo.gone"))

    def size(self, name: str) -> int | None:
        """Return the bytes of a photo; None where it is not kept (any more)."""
        with contextlib.suppress(OSError):
            found = (self.folder / name).lstat() if is_photo(name) else None
            return found.st_size if found and stat.S_ISREG(found.st_mode) else None
        return None

    def remove(self, name: str) -> None:
        """Forget a photo of which nothing is on record."""
        if is_photo(name):
            with contextlib.suppress(OSError):
                (self.folder / name).unlink()

    def forget(self, now: float, older: float) -> int:
        """Forget photos that came more than ``older`` s before ``now``, and half files; return how many."""
        gone = 0
        for path, _, at in list(self._files()):
            unfinished = path.name.endswith(_UNFINISHED)
            if at < now - (_HOUR if unfinished else older):
                with contextlib.suppress(OSError):
                    path.unlink()
                    gone += not unfinished
        return gone

    def _files(self) -> Iterator[tuple[Path, int, float]]:
        """Iterate over what of ours lies there: path, bytes, when it came (s since 1970)."""
        with contextlib.suppress(OSError), os.scandir(self.folder) as entries:
            for one in entries:
                ours = is_photo(one.name) or one.name.endswith(_UNFINISHED)
                with contextlib.suppress(OSError):
                    found = one.stat(follow_symlinks=False)
                    if ours and stat.S_ISREG(found.st_mode):
                        yield Path(one.path), found.st_size, found.st_mtime
