"""Requests from people, as files in a folder that only the daemon empties.

The daemon listens on nothing (decision 0001): whoever may write this folder may ask.
A request is written under another name and renamed, so that the daemon never sees half of one.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import logging
import os
import stat
import uuid
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from facilityd.errors import FacilitydError
from facilityd.model.plain import plain
from facilityd.model.regular import read_regular

log = logging.getLogger(__name__)

MAX_BYTES = 64 * 1024
MOST = 50
"""Requests that are taken at once: a thousand of them would keep the daemon from its watch for a second."""
SEEN = 1000
"""Files among which the oldest are looked for: beyond that many their order is not kept."""
LONGEST, LONGEST_NAME = 4000, 200
"""Characters of a text, and of a person's name: it stands in mails, on terminals and in the journal."""
_INT64 = 2**63


@dataclass(frozen=True, slots=True)
class AckRequest:
    """Somebody says: I know. ``occurrence`` 0 means the present one."""

    device: str
    rule: str
    person: str
    comment: str = ""
    occurrence: int = 0


@dataclass(frozen=True, slots=True)
class ResetRequest:
    """Somebody has inspected: a latched alarm may end. ``occurrence`` 0 means the present one."""

    device: str
    rule: str
    person: str
    comment: str = ""
    occurrence: int = 0


@dataclass(frozen=True, slots=True)
class RealarmRequest:
    """Somebody takes an acknowledgement back: everybody concerned is told again."""

    device: str
    rule: str
    person: str
    comment: str = ""
    occurrence: int = 0


@dataclass(frozen=True, slots=True)
class BaselineRequest:
    """Somebody signs what was learned from ``since`` to ``until`` (ns UTC)."""

    device: str
    rule: str
    person: str
    since: int
    until: int
    data: dict[str, Any]
    comment: str = ""


@dataclass(frozen=True, slots=True)
class WaiveRequest:
    """Somebody takes the responsibility for a checklist item until an instant in ns UTC."""

    device: str
    item: str
    person: str
    reason: str
    until: int


@dataclass(frozen=True, slots=True)
class UnwaiveRequest:
    """Somebody takes a waiver back."""

    waiver: int
    person: str


@dataclass(frozen=True, slots=True)
class MarkRequest:
    """Somebody saw an incident, or that all was healthy, from ``since`` to ``until`` (ns UTC)."""

    device: str
    kind: str
    since: int
    until: int
    fault: str
    note: str
    person: str


@dataclass(frozen=True, slots=True)
class ServiceRequest:
    """Somebody serviced a device: these rules begin anew."""

    device: str
    rules: list[str]
    person: str
    reason: str


@dataclass(frozen=True, slots=True)
class UnmarkRequest:
    """Somebody takes a mark back."""

    mark: int
    person: str


Request = (
    AckRequest
    | ResetRequest
    | RealarmRequest
    | BaselineRequest
    | WaiveRequest
    | UnwaiveRequest
    | MarkRequest
    | UnmarkRequest
    | ServiceRequest
)
KINDS: dict[str, type[Request]] = {
    "ack": AckRequest,
    "reset": ResetRequest,
    "realarm": RealarmRequest,
    "baseline": BaselineRequest,
    "waive": WaiveRequest,
    "unwaive": UnwaiveRequest,
    "mark": MarkRequest,
    "unmark": UnmarkRequest,
    "service": ServiceRequest,
}
NAMES = {kind: name for name, kind in KINDS.items()}


class Inbox:
    """The folder beside the journal."""

    def __init__(self, journal: Path) -> None:
        self.folder = journal.with_name(f"{journal.name}.inbox")
        self._stuck: set[str] = set()

    def drop(self, request: Request) -> str:
        """Leave a request; return its name. Raises FacilitydError where the folder is closed."""
        name = uuid.uuid4().hex
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            part = self.folder / f".{name}"
            asked = {"ask": NAMES[type(request)], **asdict(request)}
            part.write_text(json.dumps(asked, ensure_ascii=False), encoding="utf-8", errors="replace")
            if self.folder.stat().st_mode & stat.S_ISGID:
                part.chmod(0o640)  # the folder is shared: the daemon reads it as a member of its group
            part.rename(self.folder / f"{name}.json")
        except OSError as error:
            hint = "run as the daemon's user, or as a member of the group that store.group names"
            raise FacilitydError(
                f"cannot write: {error.strerror}", where=str(self.folder), hint=hint
            ) from error
        return name

    def waiting(self, name: str) -> bool:
        """Return whether the daemon has not yet taken a request."""
        return (self.folder / f"{name}.json").exists()

    def refusal(self, name: str) -> str:
        """Return why the daemon refused a request, or nothing."""
        answer = self.folder / f"{name}.refused"
        try:
            text = _content(answer).decode(errors="replace")
        except FileNotFoundError:
            return ""
        except (OSError, ValueError) as error:
            text = str(error)
        with contextlib.suppress(OSError):  # in a shared folder it is the daemon's file
            answer.unlink(missing_ok=True)
        return plain(text)

    def take(self) -> list[tuple[str, Request]]:
        """Return at most ``MOST`` of what lies there, oldest first; what cannot be read is refused."""
        out = []
        for file in sorted(self._files(), key=_written_at)[:MOST]:
            request = self._read(file)
            if request:
                out.append((file.stem, request))
        return out

    def _files(self) -> list[Path]:
        """Return the newcomers, or the first ``SEEN`` of them."""
        try:
            with os.scandir(self.folder) as entries:
                names = (one.name for one in entries if one.name.endswith(".json"))
                fresh = (name for name in names if name not in self._stuck)
                return [self.folder / name for name in islice(fresh, SEEN)]
        except OSError:
            return []

    def _read(self, file: Path) -> Request | None:
        try:
            asked = json.loads(_content(file))
            request = KINDS[asked.pop("ask", "ack")](**asked)
            # JSON's own types, strictly: a list where text belongs must not reach a handler.
            return _harmless(TypeAdapter(type(request)).validate_json(json.dumps(asked), strict=True))
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            self.done(file.stem, f"not a request: {plain(str(error), 300)}")
            return None

    def done(self, name: str, refused: str = "") -> None:
        """Forget a request, once what it asked for is durable; leave the reason if refused."""
        file = self.folder / f"{name}.json"
        if refused:
            log.warning("request %s refused: %s", file, plain(refused, 300))
            _answer(self.folder / f"{name}.refused", refused)
        try:
            file.unlink(missing_ok=True)
        except OSError:  # a folder: moved out of the way, for a person to look at
            try:
                file.rename(self.folder / f"{name}.rejected")
            except OSError as error:
                # Still there in a second: what it asks for must not be done again and again.
                self._stuck.add(file.name)
                log.warning("request %s cannot be removed: %s", file, error.strerror)


def _answer(file: Path, text: str) -> None:
    """Leave the reason of a refusal, never through a link that somebody put in its place."""
    with contextlib.suppress(OSError):
        file.unlink(missing_ok=True)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as stream:
            stream.write(text)
        if file.parent.stat().st_mode & stat.S_ISGID:
            file.chmod(0o640)


def _written_at(file: Path) -> int:
    """Return when a file was written, ns; a link that leads nowhere counts as the oldest."""
    try:
        return file.lstat().st_mtime_ns
    except OSError:
        return 0


def _content(file: Path) -> bytes:
    """Return a request's bytes. Raises OSError for what is no regular file of fair size."""
    return read_regular(file, MAX_BYTES, follow=False)


def _harmless(request: Request) -> Request:
    """Return a request whose texts may stand in the journal, in a mail and on a terminal.

    Raises ValueError for a text that is too long and for a number that the journal cannot hold.
    """
    for name, value in asdict(request).items():
        most = LONGEST_NAME if name in ("person", "device", "rule", "item") else LONGEST
        if isinstance(value, str) and len(value) > most:
            raise ValueError(f"{name} has more than {most} characters")
        if isinstance(value, int) and not -_INT64 <= value < _INT64:
            raise ValueError(f"{name} is beyond what the journal can hold")
    texts: dict[str, Any] = {
        name: plain(value, MAX_BYTES) for name, value in asdict(request).items() if isinstance(value, str)
    }
    return replace(request, **texts)


def whoami() -> str:
    """Return who is at the keyboard."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
