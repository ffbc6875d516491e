"""Whose journal it is: two sites never share one, and none is read as another's."""

from __future__ import annotations

from pathlib import Path

import apsw

from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.store.schema import VERSION, single

SITE = "site"


def claim(db: apsw.Connection, path: Path, site: str) -> None:
    """Write the site's id into a journal that has none yet. Raises UsageError where it is another's."""
    if site and check_owner(db, path, site) is None:
        db.execute("INSERT INTO meta(name, value) VALUES(?, ?)", (SITE, site))


def check_owner(db: apsw.Connection, path: Path, site: str) -> str | None:
    """Return the id of the journal's site, if it has one. Raises UsageError where it is another's."""
    owner: str | None = single(db, "SELECT value FROM meta WHERE name = ?", (SITE,))
    if site and owner not in (None, site):
        hint = Wording("store.give-store-path-its-own", site=site)
        raise UsageError(
            Wording("store.this-journal-belongs-site-not", owner=owner, site=site), where=str(path), hint=hint
        )
    return owner


def other_version(path: Path, version: int) -> UsageError:
    """Return what to say of a journal that another version of facilityd wrote."""
    what = Wording("store.journal-version-expected", version=version, version2=VERSION)
    return UsageError(what, where=str(path), hint=Wording("store.run-upgrades") if version < VERSION else "")
