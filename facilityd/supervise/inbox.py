"""Commands from people, as files in a folder that only the daemon empties.

The daemon listens on nothing (decision 0001): whoever may write this folder may ask.
A command is written under another name and renamed, so that the daemon never sees half of one. What came of
it is in the journal, by its id; here nothing is answered.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import logging
import os
import pwd
import re
import socket
import stat
import uuid
from collections.abc import Container
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from pydantic import ValidationError

from facilityd.errors import FacilitydError
from facilityd.model.command import MAX_BYTES, Command, commands
from facilityd.model.message import Wording
from facilityd.model.plain import plain
from facilityd.model.regular import read_regular

log = logging.getLogger(__name__)

MOST = 50
"""Commands that are taken at once: a thousand of them would keep the daemon from its watch for a second."""
SEEN = 1000
"""Files among which the oldest are looked for: beyond that many their order is not kept."""
KEPT = 20
"""Files that were no commands and are kept for a look."""
EXCERPT = 300
_OURS = re.compile(r"[0-9a-f]{32}")
_SET_ASIDE = ".rejected"


@dataclass(frozen=True, slots=True)
class InboxFile:
    """A file as it lay there. ``command`` is None where it is none: then ``fault`` says why.

    ``id`` is that under which the result is on record; ``at`` (ns UTC) when the file was written;
    ``account`` whose it is; ``excerpt`` its beginning, as text.
    """

    path: Path
    id: str
    at: int
    account: str
    command: Command | None = None
    fault: str = ""
    excerpt: str = ""


class Inbox:
    """The folder beside the journal."""

    def __init__(self, journal: Path) -> None:
        self.folder = journal.with_name(f"{journal.name}.inbox")
        self._stuck: set[str] = set()

    def drop(self, command: Command) -> str:
        """Leave a command; return its id. Raises FacilitydError where the folder is closed."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            part = self.folder / f".{command.id}"
            part.write_text(command.model_dump_json(), encoding="utf-8")
            if self.folder.stat().st_mode & stat.S_ISGID:
                part.chmod(0o640)  # the folder is shared: the daemon reads it as a member of its group
            part.rename(self._file(command.id))
        except OSError as error:
            hint = Wording("store.run-as-daemon-user-or")
            raise FacilitydError(
                Wording("store.cannot-write", strerror=error.strerror), where=str(self.folder), hint=hint
            ) from error
        return command.id

    def waiting(self, command: str) -> bool:
        """Return whether a command, by its id, still lies there: it has no result on record."""
        return self._file(command).exists()

    def withdraw(self, command: str) -> None:
        """Take a command, by its id, back, as far as it still lies there."""
        with contextlib.suppress(OSError):
            self._file(command).unlink()

    @property
    def empty(self) -> bool:
        """Whether nothing lies there that was not seen before."""
        return not self._files(())

    def take(self, known: Container[str] = ()) -> list[InboxFile]:
        """Return at most ``MOST`` of what lies there, oldest first, without files whose name is ``known``.

        Nothing is removed.
        """
        return [_read(file) for file in sorted(self._files(known), key=_written_at)[:MOST]]

    def _files(self, known: Container[str]) -> list[Path]:
        """Return the newcomers, or the first ``SEEN`` of them."""
        try:
            with os.scandir(self.folder) as entries:
                names = (one.name for one in entries if one.name.endswith(".json"))
                fresh = (name for name in names if name not in known and name not in self._stuck)
                return [self.folder / name for name in islice(fresh, SEEN)]
        except OSError:
            return []

    def remove(self, file: InboxFile) -> None:
        """Remove a file whose result is on record; one that was no command is kept for a look."""
        try:
            if file.command is None:
                self._set_aside(file)
            else:
                file.path.unlink(missing_ok=True)
        except OSError as error:
            self._stuck.add(file.path.name)  # still there in a second: one look is enough
            log.warning("%s cannot be removed: %s", file.path, error.strerror)

    def _set_aside(self, file: InboxFile) -> None:
        name = file.id if _OURS.fullmatch(file.path.stem) else f"{file.at}-{uuid.uuid4().hex[:8]}"
        file.path.rename(self.folder / f"{name}{_SET_ASIDE}")
        for old in sorted(self.folder.glob(f"*{_SET_ASIDE}"), key=_written_at)[:-KEPT]:
            with contextlib.suppress(OSError):
                old.unlink() if not old.is_dir() or old.is_symlink() else old.rmdir()

    def _file(self, command: str) -> Path:
        return self.folder / f"{command}.json"


def _read(file: Path) -> InboxFile:
    at, account, content = _written_at(file), _account(file), b""
    named = file.stem if _OURS.fullmatch(file.stem) else f"{_letters(file.stem)}-{at}"
    try:
        content = read_regular(file, MAX_BYTES, follow=False)
        command = commands().validate_json(json.dumps(_fields(content, named, at)))
    except ValidationError as error:
        fault = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        fault = str(error)
    else:
        return InboxFile(file, command.id, at, account, command)
    excerpt = plain(content.decode(errors="replace"), EXCERPT)
    return InboxFile(file, named, at, account, None, f"not a command: {plain(fault, EXCERPT)}", excerpt)


def _fields(content: bytes, name: str, at: int) -> dict[str, object]:
    """Return the fields of a command; one by hand or of an older command line has no id and no instant."""
    fields = dict(json.loads(content))
    if "ask" in fields:
        fields["command"] = fields.pop("ask")
    return {"id": name, "at": max(at, 0)} | fields


def _letters(text: str) -> str:
    """Return the first part of a file's name that may stand in an id."""
    return re.sub(r"[^0-9A-Za-z_.-]", "_", text)[:40]


def _written_at(file: Path) -> int:
    """Return when a file was written, ns; what is gone counts as the oldest."""
    try:
        return file.lstat().st_mtime_ns
    except OSError:
        return 0


def _account(file: Path) -> str:
    """Return whose a file is: the name of the account, its number where it has none."""
    try:
        number = file.lstat().st_uid
    except OSError:
        return ""
    try:
        return plain(pwd.getpwuid(number).pw_name)
    except KeyError:
        return str(number)


def whoami() -> str:
    """Return who is at the keyboard."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def here() -> str:
    """Return where a command comes from: this host, and from where somebody is logged in to it."""
    logged_in = os.environ.get("SSH_CONNECTION", "").split(" ")[0]
    return plain(f"{socket.gethostname()} ({logged_in})" if logged_in else socket.gethostname(), 200)
