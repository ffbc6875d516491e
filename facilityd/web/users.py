"""Who may use the API: names, roles, hashed passwords and tokens, in one file beside the journal.

Only its owner may read it (mode 600), and it holds no password and no token, only what proves them.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.regular import read_regular
from facilityd.model.whole_file import write_whole

SUFFIX = ".users.json"
PRIVATE = 0o600
"""The mode of a file that only its owner may read."""
MAX_BYTES = 2**20
MOST_USERS, MOST_TOKENS = 500, 1000
SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 200
"""Characters. Long ones are better than odd ones; far longer ones only cost time to hash."""
RoleName = Literal["viewer", "crew", "engineer", "admin"]
Scope = Literal["read", "command", "metrics"]
UserName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9._-]{0,62}$")]
PREFIX = "facilityd"


class UserRole(IntEnum):
    """What a user may do: each may all that the one before may."""

    VIEWER = 1  # read
    CREW = 2  # acknowledge, shelve, take and end tasks
    ENGINEER = 3  # take alarms out of service, work on devices, read the audit
    ADMIN = 4


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class UserEntry(_Entry):
    """One user. ``password``: its argon2 hash; ``serial``: renewed with it, so that old sessions end.

    ``person`` is the recipient of the site that the user is, if any.
    """

    role: RoleName
    password: str
    serial: str
    person: str = ""

    @property
    def rank(self) -> UserRole:
        """The role, to be compared."""
        return UserRole[self.role.upper()]


class TokenEntry(_Entry):
    """One API token of a user. ``digest``: SHA-256 of its secret; ``until``: when it ends, s since 1970."""

    user: UserName
    scopes: tuple[Scope, ...]
    digest: str
    until: Annotated[int, Field(ge=0, le=2**34)]
    note: str = ""


class UserTable(_Entry):
    """What the file holds."""

    version: Literal[1] = 1
    users: dict[UserName, UserEntry] = Field(default={}, max_length=MOST_USERS)
    tokens: dict[str, TokenEntry] = Field(default={}, max_length=MOST_TOKENS)


class UserFile:
    """The file of one journal, read again whenever it is another one."""

    def __init__(self, journal: Path) -> None:
        self.path = journal.with_name(f"{journal.name}{SUFFIX}")
        self._known: tuple[tuple[int, int, int], UserTable] | None = None

    def read(self) -> UserTable:
        """Return what it holds; nobody where there is none. Raises UsageError where it cannot be trusted."""
        try:
            about = self.path.stat()
        except FileNotFoundError:
            return UserTable()
        except OSError as error:
            raise self._refused(Wording("web.users-unreadable")) from error
        mark = about.st_ctime_ns, about.st_size, about.st_ino
        if self._known is None or self._known[0] != mark:
            if stat.S_IMODE(about.st_mode) & 0o077:
                raise self._refused(Wording("web.users-open"), Wording("web.users-mode"))
            try:
                table = UserTable.model_validate_json(read_regular(self.path, MAX_BYTES))
            except (OSError, ValidationError, ValueError) as error:
                raise self._refused(Wording("web.users-unreadable")) from error
            self._known = mark, table
        return self._known[1]

    def _refused(self, what: str, hint: str = "") -> UsageError:
        return UsageError(what, where=str(self.path), hint=hint or Wording("web.users-restore"))

    @contextmanager
    def changing(self) -> Iterator[_Change]:
        """Change what it holds, under a lock. Raises UsageError."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            change = _Change(self.read())
            yield change
            if change.table is not change.before:
                self._write(change.table)
        finally:
            os.close(handle)

    def _write(self, table: UserTable) -> None:
        write_whole(self.path, table.model_dump_json(indent=1).encode(), PRIVATE)


class _Change:
    def __init__(self, table: UserTable) -> None:
        self.before = self.table = table

    def user(self, name: str, entry: UserEntry | None) -> Self:
        """Set or remove a user; with it go its tokens."""
        users = {key: one for key, one in self.table.users.items() if key != name}
        tokens = {key: one for key, one in self.table.tokens.items() if entry or one.user != name}
        return self._set({**users, **({name: entry} if entry else {})}, tokens)

    def token(self, number: str, entry: TokenEntry | None) -> Self:
        """Set or remove a token."""
        tokens = {key: one for key, one in self.table.tokens.items() if key != number}
        return self._set(self.table.users, {**tokens, **({number: entry} if entry else {})})

    def _set(self, users: dict[str, UserEntry], tokens: dict[str, TokenEntry]) -> Self:
        self.table = UserTable(users=users, tokens=tokens)
        return self


def new_token(
    user: str, scopes: tuple[Scope, ...], until: int, note: str = ""
) -> tuple[str, str, TokenEntry]:
    """Return a token's number, the token itself, which is kept nowhere, and what the file keeps of it."""
    number, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    entry = TokenEntry(user=user, scopes=scopes, digest=digest(secret), until=until, note=note)
    return number, f"{PREFIX}_{number}_{secret}", entry


def token_of(table: UserTable, text: str, now: float) -> TokenEntry | None:
    """Return what a token stands for; None where it is none, or has ended."""
    prefix, _, rest = text.partition("_")
    number, _, secret = rest.partition("_")
    entry = table.tokens.get(number)
    known = hmac.compare_digest(digest(secret), entry.digest if entry else "")
    return entry if entry and known and prefix == PREFIX and now < entry.until else None


def digest(secret: str) -> str:
    """Return what proves a secret of high entropy without telling it."""
    return hashlib.sha256(secret.encode()).hexdigest()
