"""A file that another program writes, or a folder of them: looked at now and then, read where it changed."""

from __future__ import annotations

import os
from pathlib import Path

from devices.forecast.source import LONGEST, Fetched, ForecastSource
from facilityd.errors import UnreadableForecast, system_reason
from facilityd.model.message import Wording
from facilityd.model.regular import open_regular

MOST_FILES = 200
Stamp = tuple[int, int, int]


class FileLook:
    """Looks at one path. ``fetch`` blocks as long as the disk takes."""

    def __init__(self, source: ForecastSource) -> None:
        self._path, self._before = Path(source.where), dict[Path, Stamp]()
        self._folder = source.warns

    def fetch(self, now: int) -> Fetched:
        """Return what stands there, with ``now`` (ns UTC) where it is a folder. Raises UnreadableForecast."""
        before, self._before = self._before, {}
        folder = self._folder and self._path.is_dir()
        paths, trouble = self._files() if folder else ([self._path], "")
        read = [(path, *self._read(path)) for path in paths]
        stamps = {path: stamp for path, stamp, _ in read}
        seen = now if folder else min(now, read[0][1][0])
        self._before = stamps
        if stamps == before and stamps:
            return Fetched(None, seen, trouble=trouble)
        return Fetched(tuple((str(path), content) for path, _, content in read), seen, trouble=trouble)

    def _files(self) -> tuple[list[Path], str]:
        """Return the newest XML files of the folder, in order of their names."""
        try:
            found = [one for one in os.scandir(self._path) if one.name.lower().endswith(".xml")]
            newest = sorted(found, key=lambda one: (one.stat().st_mtime_ns, one.name))[-MOST_FILES:]
        except OSError as error:
            raise self._unreadable(self._path, error) from error
        count = len(found)
        trouble = (
            Wording("forecast.too-many-files", count=count, most=MOST_FILES) if count > MOST_FILES else ""
        )
        return sorted(Path(one.path) for one in newest), trouble

    def _read(self, path: Path) -> tuple[Stamp, bytes]:
        """Return a file's stamp and bytes, of one and the same content."""
        try:
            with open_regular(path) as file:
                before = _stamp(os.fstat(file.fileno()))
                content = file.read(LONGEST + 1)
                after = _stamp(os.fstat(file.fileno()))
        except OSError as error:
            raise self._unreadable(path, error) from error
        if len(content) > LONGEST:
            raise UnreadableForecast(Wording("forecast.answer-too-long", most="2 MiB"), where=str(path))
        if before != after:
            raise UnreadableForecast(Wording("forecast.changed-meanwhile"), where=str(path))
        return after, content

    def _unreadable(self, path: Path, error: OSError) -> UnreadableForecast:
        what = Wording("forecast.cannot-read", strerror=system_reason(error))
        return UnreadableForecast(what, where=str(path))


def _stamp(found: os.stat_result) -> Stamp:
    return found.st_mtime_ns, found.st_size, found.st_ino
