"""The error tree, grouped by who must act. A message says what, where and what to do."""

from __future__ import annotations

import os
from collections.abc import Iterable


class FacilitydError(Exception):
    """Something facilityd can name. Printed as one line, never as a traceback."""

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what, self.where, self.hint = what, where, hint

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}; {self.hint}" if self.hint else text


def system_reason(error: Exception) -> str:
    """Return what the system says about an error, without what a library adds to it."""
    if isinstance(error, OSError) and error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return (isinstance(error, OSError) and error.strerror) or str(error)


# --- the person at the keyboard acts -------------------------------------------------------


class UsageError(FacilitydError):
    """The command cannot be carried out as asked."""


class PortTaken(UsageError):
    """A port or serial path of ours is somebody else's already; ``link`` names its owner where it has one."""

    def __init__(self, what: str, *, where: str = "", hint: str = "", link: str = "") -> None:
        super().__init__(what, where=where, hint=hint)
        self.link = link


class ConfigError(FacilitydError):
    """The configuration is wrong; carries every problem found, already located.

    ``language``: the one that the site itself asks for, as far as that could be read; else nothing.
    """

    def __init__(self, problems: tuple[str, ...], language: str = "") -> None:
        super().__init__("\n".join(problems))
        self.problems, self.language = problems, language


class UnknownName(ValueError):
    """A name that nothing has, somewhere under the keys ``under`` of a file; ``known`` exist."""

    def __init__(self, what: str, under: tuple[str, ...], word: str, known: Iterable[str]) -> None:
        super().__init__(what)
        self.under, self.word, self.known = under, word, tuple(known)


# --- the daemon retries, in one place ------------------------------------------------------


class Outage(FacilitydError):
    """Something outside is away; the owner of the connection tries again."""


class LinkOutage(Outage):
    """A link (TCP endpoint, serial port, broker) cannot be opened or was lost."""


class ScanStopped(FacilitydError):
    """Looking for units on a line that is watched ended: at a sign of trouble, or as there is no room."""


class NoUnitAnswers(LinkOutage):
    """The link is open, and nobody behind it answers."""


class UnreadableForecast(Outage):
    """A forecast or a warning from outside is wrong, or cannot be had; the last good one is used."""


class StoreFull(Outage):
    """The journal takes nothing now: its disk has no room, or another program keeps it locked."""


# --- nobody may --------------------------------------------------------------------------


class WriteRefused(FacilitydError):
    """A frame that is not one of the four read functions was about to leave; it did not."""
