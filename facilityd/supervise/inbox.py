"""Requests from people, as files in a folder that only the daemon empties.

The daemon listens on nothing (DESIGN decision 10): whoever may write this folder may ask.
A request is written under another name and renamed, so that the daemon never sees half of one.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from facilityd.errors import FacilitydError

MAX_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class AckRequest:
    """Somebody says: I know. ``occurrence`` 0 means the present one."""

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
    | BaselineRequest
    | WaiveRequest
    | UnwaiveRequest
    | MarkRequest
    | UnmarkRequest
    | ServiceRequest
)
KINDS: dict[str, type[Request]] = {
    "ack": AckRequest,
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

    def drop(self, request: Request) -> str:
        """Leave a request; return its name. Raises FacilitydError where the folder is closed."""
        name = uuid.uuid4().hex
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            part = self.folder / f".{name}"
            asked = {"ask": NAMES[type(request)], **asdict(request)}
            part.write_text(json.dumps(asked, ensure_ascii=False), encoding="utf-8")
            part.rename(self.folder / f"{name}.json")
        except OSError as error:
            hint = "run as the user that the daemon runs as"
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
        if not answer.exists():
            return ""
        text = answer.read_text(encoding="utf-8")
        answer.unlink(missing_ok=True)
        return text

    def take(self) -> list[tuple[str, Request]]:
        """Return what lies there, oldest first. What cannot be read is refused, not lost silently."""
        if not self.folder.is_dir():
            return []
        files = sorted(self.folder.glob("*.json"), key=lambda file: file.stat().st_mtime_ns)
        out = []
        for file in files:
            request = self._read(file)
            if request:
                out.append((file.stem, request))
        return out

    def _read(self, file: Path) -> Request | None:
        try:
            with file.open(encoding="utf-8") as stream:
                asked = json.loads(stream.read(MAX_BYTES))
                return KINDS[asked.pop("ask", "ack")](**asked)
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            self.done(file.stem, f"not a request: {error}")
            return None

    def done(self, name: str, refused: str = "") -> None:
        """Forget a request, once what it asked for is durable; leave the reason if refused."""
        if refused:
            with contextlib.suppress(OSError):
                (self.folder / f"{name}.refused").write_text(refused, encoding="utf-8")
        (self.folder / f"{name}.json").unlink(missing_ok=True)


def whoami() -> str:
    """Return who is at the keyboard."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
