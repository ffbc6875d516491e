"""Photos that go with a backup of the journal: each read, held against its name, and written whole."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from facilityd.errors import UsageError, system_reason
from facilityd.model.message import Wording
from facilityd.model.regular import read_regular
from facilityd.model.whole_file import sync_folder, write_whole
from facilityd.supervise.photo_content import MIB, MOST_BYTES

_SPARE = 16 * MIB
"""Bytes that stay free on the disk that photos are copied to."""


@dataclass(frozen=True, slots=True)
class PhotoCopies:
    """What came of it: photos that are there now, their bytes, and those that are missing or damaged."""

    count: int = 0
    size: int = 0
    missing: int = 0


def copy_photos(
    source: Path, target: Path, names: Iterable[str],
    free: int = _SPARE, progress: Callable[[int, int], None] | None = None,
) -> PhotoCopies:  # fmt: skip
    """Copy photos of these names from a folder to another, in which sound ones may be already.

    ``free``: bytes that must stay free there. What is not what its name says is not copied.

    Raises UsageError: no room (before anything is written), or a folder that cannot be written.
    """
    wanted = sorted(names)
    new = sum(_size(source / name) for name in wanted if not (target / name).exists())
    try:
        if wanted and new:
            _check_room(target, new + free)
        return _copy(source, target, wanted, progress)
    except OSError as error:
        raise UsageError(
            Wording("store.backup-failed", error=system_reason(error)), where=str(target)
        ) from error


def _check_room(target: Path, needed: int) -> None:
    left = shutil.disk_usage(target.parent).free
    if left < needed:
        what = Wording("photo.copy-no-room", needed=-(-needed // MIB), left=left // MIB)
        raise UsageError(what, where=str(target))


def _copy(
    source: Path, target: Path, names: list[str], progress: Callable[[int, int], None] | None
) -> PhotoCopies:
    count = size = 0
    for done, name in enumerate(names, 1):
        content = _sound(target, name)
        if content is None:
            content = _sound(source, name)
            if content is None:
                continue
            target.mkdir(mode=0o750, parents=True, exist_ok=True)
            write_whole(target / name, content, 0o640)
        # It is kept from when it came, here as there.
        with contextlib.suppress(OSError):
            came = (source / name).stat().st_mtime_ns
            os.utime(target / name, ns=(came, came))
        count, size = count + 1, size + len(content)
        if progress:
            progress(done, len(names))
    if count:
        sync_folder(target.parent)
    return PhotoCopies(count, size, len(names) - count)


def _sound(folder: Path, name: str) -> bytes | None:
    """Return a photo; None where there is none of that name, or something else under it."""
    try:
        content = read_regular(folder / name, MOST_BYTES, follow=False)
    except OSError:
        return None
    return content if hashlib.sha256(content).hexdigest() == name.partition(".")[0] else None


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0
