"""Passwords: hashed with argon2, one at a time, and no sooner told whether there is such a user."""

from __future__ import annotations

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.web.users import LONGEST_PASSWORD, SHORTEST_PASSWORD

_HASHER = PasswordHasher()  # RFC 9106, low memory: 64 MiB, some 50 ms
MOST_WAITING = 10
_NOBODY = _HASHER.hash(secrets.token_urlsafe(16))


def hashed(password: str) -> str:
    """Return what the file keeps of a password. Raises UsageError where it is too short or too long."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise UsageError(
            Wording("web.password-length", least=SHORTEST_PASSWORD, most=LONGEST_PASSWORD),
            hint=Wording("web.password-hint"),
        )
    return _HASHER.hash(password)


def verified(known: str | None, password: str) -> bool:
    """Return whether a password is the one; ``known`` None (no such user) takes as long."""
    try:
        return _HASHER.verify(known or _NOBODY, password) and known is not None
    except (Argon2Error, InvalidHashError):
        return False


class PasswordCheck:
    """Checks passwords one after the other beside the loop: each takes 64 MiB for a moment."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="password")
        self._waiting = 0

    @property
    def full(self) -> bool:
        """Whether too many wait."""
        return self._waiting >= MOST_WAITING

    async def verify(self, known: str | None, password: str) -> bool:
        """Return whether a password is the one."""
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, verified, known, password)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Check no more."""
        self._threads.shutdown(wait=False, cancel_futures=True)
