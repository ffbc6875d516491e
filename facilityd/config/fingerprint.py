"""The files that a daemon runs by, as a digest: any reader can tell whether they have changed since.

Comments and empty lines count for nothing: whoever adds one has changed no rule.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from facilityd.config.sections import files_of
from facilityd.model.regular import read_regular

META = "configuration"
"""The key in the journal under which the daemon notes what it runs by."""
_TABLES = ("profiles", "families")
_MAX_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True)
class LoadedConfiguration:
    """``fingerprint`` of the files below ``paths`` and of ``others`` as they were read ``at``, ns UTC."""

    fingerprint: str
    at: int
    paths: tuple[str, ...]
    others: tuple[str, ...] = ()

    @classmethod
    def read(cls, paths: Iterable[str], others: Iterable[str], at: int) -> Self:
        """Return what the files are like now."""
        paths, others = tuple(_absolute(paths)), tuple(_absolute(others))
        return cls(fingerprint(paths, others), at, paths, others)

    @property
    def outdated(self) -> bool:
        """Whether the files are not as they were read."""
        return fingerprint(self.paths, self.others) != self.fingerprint

    def to_json(self) -> str:
        """Return one line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | None) -> Self | None:
        """Return what ``to_json`` wrote; None where that is not readable."""
        try:
            found = json.loads(text or "")
            return cls(
                str(found["fingerprint"]), int(found["at"]), tuple(found["paths"]), tuple(found["others"])
            )
        except (ValueError, TypeError, KeyError):
            return None


def _absolute(paths: Iterable[str]) -> list[str]:
    return [str(Path(path).absolute()) for path in paths]


def fingerprint(paths: Iterable[str], others: Iterable[str]) -> str:
    """Return a fingerprint of site files or folders, of the tables beside the first, and of other files."""
    given = [Path(path) for path in paths]
    home = given[0] if given and given[0].is_dir() else given[0].parent if given else Path()
    files = [file for path in given for file in files_of(path)]
    tables = [file for folder in _TABLES for file in sorted((home / folder).glob("*.yaml"))]
    made = hashlib.sha256()
    for file in (*files, *tables, *map(Path, others)):
        made.update(f"{file.name}\0".encode())
        made.update(_content(file))
    return made.hexdigest()


def _content(file: Path) -> bytes:
    try:
        lines = read_regular(file, _MAX_BYTES).splitlines()
    except OSError:
        return b"\0unreadable\0"
    kept = (line.rstrip() for line in lines)
    return b"\n".join(line for line in kept if line and not line.lstrip().startswith(b"#")) + b"\0"
