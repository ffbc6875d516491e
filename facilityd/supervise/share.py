"""Who besides the daemon's own user may read the journal and leave commands: one group, or nobody."""

from __future__ import annotations

import grp
import os
from pathlib import Path

from facilityd.config.found import SUFFIX
from facilityd.errors import UsageError
from facilityd.model.message import Wording

HOME = ".facilityd"
"""The folder beside a site that is ours; the mode of any other is its owner's business."""
_COMPANIONS = ("", "-wal", "-shm", ".lock", ".heartbeat")
_READ, _READ_WRITE, _FOLDER, _DROP = 0o640, 0o660, 0o2750, 0o2770


def group_id(name: str) -> int:
    """Return a group's number. Raises UsageError where this machine has no such group."""
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError as error:
        hint = Wording("store.create-groupadd-or-name-another", name=name)
        raise UsageError(
            Wording("store.this-machine-has-no-such"), where=f"store.group: {name}", hint=hint
        ) from error


def share(journal: Path, inbox: Path, group: str) -> None:
    """Let ``group`` read the journal and leave commands. Does nothing without one. Raises UsageError.

    SQLite readers of a journal in use need to write its shared memory (``-shm``), and nothing else of it.
    """
    if not group:
        return
    number = group_id(group)
    inbox.mkdir(parents=True, exist_ok=True)
    modes = {folder: _FOLDER for folder in journal.parents[:2] if HOME in (folder.name, folder.parent.name)}
    modes[inbox] = _DROP
    for suffix in _COMPANIONS:
        modes[journal.with_name(journal.name + suffix)] = _READ_WRITE if suffix == "-shm" else _READ
    modes[journal.with_suffix(SUFFIX)] = _READ
    try:
        for path, mode in modes.items():
            if path.exists():
                os.chown(path, -1, number)
                path.chmod(mode)
    except OSError as error:
        hint = Wording("store.daemon-user-must-member", group=group)
        raise UsageError(
            Wording("store.cannot-shared", strerror=error.strerror), where=str(path), hint=hint
        ) from error
