"""Whether this facilityd can take over a journal as it lies there, before it does."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import apsw

from facilityd.store.schema import VERSION, ForeignFile, columns, connect_reader, empty_journal, version_of


class JournalFit(StrEnum):
    """How a journal stands to this facilityd."""

    ABSENT = "absent"
    CURRENT = "current"
    OLDER = "older"
    NEWER = "newer"
    FOREIGN = "foreign"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class UpgradeCheck:
    """``found``: the journal's version, 0 where it has none; ``known``: what this facilityd writes."""

    path: Path
    fit: JournalFit
    found: int
    known: int = VERSION

    @property
    def ok(self) -> bool:
        """True where the daemon would go on with it, or make one."""
        return self.fit in (JournalFit.ABSENT, JournalFit.CURRENT, JournalFit.OLDER)

    def plain(self) -> dict[str, Any]:
        """Return data for JSON."""
        return {
            "ok": self.ok, "journal": str(self.path), "fit": self.fit.value, "found": self.found,
            "known": self.known,
        }  # fmt: skip


def read_upgrade(path: Path) -> UpgradeCheck:
    """Look at a journal without changing anything. Raises nothing that the file causes."""
    if not path.exists():
        return UpgradeCheck(path, JournalFit.ABSENT, 0)
    try:
        db = connect_reader(path)
    except apsw.Error:
        return UpgradeCheck(path, JournalFit.DAMAGED, 0)
    try:
        return UpgradeCheck(path, *_fit(db))
    except ForeignFile:
        return UpgradeCheck(path, JournalFit.FOREIGN, 0)
    except (apsw.Error, UnicodeDecodeError):
        return UpgradeCheck(path, JournalFit.DAMAGED, 0)
    finally:
        db.close()


def _fit(db: apsw.Connection) -> tuple[JournalFit, int]:
    found = version_of(db)
    if found > VERSION:
        return JournalFit.NEWER, found
    if found and columns(empty_journal(found)) - columns(db):
        return JournalFit.DAMAGED, found
    return (JournalFit.CURRENT if found == VERSION else JournalFit.OLDER), found
