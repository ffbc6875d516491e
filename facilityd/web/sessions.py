"""Who is signed in. A cookie holds a random name; the file beside the journal knows only its digest."""

from __future__ import annotations

import json
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from facilityd.model.regular import read_regular
from facilityd.model.whole_file import write_whole
from facilityd.web.users import PRIVATE, UserTable, digest

log = logging.getLogger(__name__)
SUFFIX = ".sessions.json"
LASTS = 7 * 86_400
"""Seconds: a crew does not type a password at night."""
MOST = 2000
MOST_OF_ONE = 20
"""Sessions of one user; the oldest ends."""
_MAX_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class SignedIn:
    """One session; ``serial`` is the user's at that time, ``until`` in s since 1970."""

    user: str
    serial: str
    until: float


class SessionStore:
    """Sessions outlive a restart of this process; a changed password or a removed user ends them."""

    def __init__(self, journal: Path, clock: Callable[[], float] = time.time) -> None:
        self._path, self._clock = journal.with_name(f"{journal.name}{SUFFIX}"), clock
        self._sessions = self._read()

    def begin(self, user: str, serial: str) -> tuple[str, float]:
        """Return the name of a new session, for the cookie, and until when it lasts (s since 1970)."""
        name, until = secrets.token_urlsafe(32), self._clock() + LASTS
        own = [key for key, one in self._sessions.items() if one.user == user]
        for key in own[: max(0, len(own) - MOST_OF_ONE + 1)]:
            del self._sessions[key]
        self._sessions[digest(name)] = SignedIn(user, serial, until)
        self._write()
        return name, until

    def find(self, name: str, table: UserTable) -> SignedIn | None:
        """Return a session that is in force; None where there is none."""
        found = self._sessions.get(digest(name))
        user = table.users.get(found.user) if found else None
        valid = found is not None and user is not None and user.serial == found.serial
        return found if valid and found is not None and self._clock() < found.until else None

    def end(self, name: str) -> None:
        """End a session."""
        if self._sessions.pop(digest(name), None):
            self._write()

    def _read(self) -> dict[str, SignedIn]:
        try:
            content = json.loads(read_regular(self._path, _MAX_BYTES))
            return {str(key): SignedIn(**one) for key, one in content.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, AttributeError) as error:
            log.warning("%s cannot be read, so everybody signs in again: %s", self._path, error)
            return {}

    def _write(self) -> None:
        now = self._clock()
        kept = [(key, one) for key, one in self._sessions.items() if one.until > now][-MOST:]
        self._sessions = dict(kept)
        content = json.dumps({key: asdict(one) for key, one in kept}).encode()
        try:
            write_whole(self._path, content, PRIVATE)
        except OSError as error:
            log.warning("%s cannot be written: a restart ends these sessions: %s", self._path, error)


def csrf_token(session: str) -> str:
    """Return what a page sends with each request that changes something; other sites cannot know it."""
    return digest(f"csrf {session}")[:32]
