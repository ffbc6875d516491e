"""The site's own key: it signs links in notices and cookies. Made at first use; only its owner reads it."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from facilityd.errors import UsageError, system_reason
from facilityd.model.message import Wording
from facilityd.model.regular import open_regular

SUFFIX = ".key"
LENGTH = 32


def site_key(journal: Path) -> bytes:
    """Return the key beside a journal; it is made where there is none.

    Raises UsageError where it cannot be made or read, is no key, or others may read it.
    """
    path = journal.with_name(f"{journal.name}{SUFFIX}")
    try:
        _make(path)
        with open_regular(path, follow=False) as file:
            mode, key = os.fstat(file.fileno()).st_mode, file.read(LENGTH + 1)
    except OSError as error:
        raise UsageError(
            Wording("store.cannot-opened", strerror=system_reason(error)), where=str(path)
        ) from error
    if len(key) != LENGTH or stat.S_IMODE(mode) & 0o077:
        raise UsageError(Wording("store.no-key"), where=str(path), hint=Wording("store.remove-key"))
    return key


def _make(path: Path) -> None:
    """Make a whole key appear under its name, or leave the one that is there. Raises OSError."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(LENGTH))
            file.flush()
            os.fsync(file.fileno())
        os.link(part, path)
    except FileExistsError:
        return  # the daemon and this process were there at the same time
    finally:
        part.unlink(missing_ok=True)
