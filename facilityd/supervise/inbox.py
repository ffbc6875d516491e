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


class Inbox:
    """The folder beside the journal."""

    def __init__(self, journal: Path) -> None:
        self.folder = journal.with_name(f"{journal.name}.inbox")

    def drop(self, request: AckRequest) -> str:
        """Leave a request; return its name. Raises FacilitydError where the folder is closed."""
        name = uuid.uuid4().hex
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            part = self.folder / f".{name}"
            part.write_text(json.dumps(asdict(request), ensure_ascii=False), encoding="utf-8")
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

    def take(self) -> list[tuple[str, AckRequest]]:
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

    def _read(self, file: Path) -> AckRequest | None:
        try:
            with file.open(encoding="utf-8") as stream:
                return AckRequest(**json.loads(stream.read(MAX_BYTES)))
        except (OSError, ValueError, TypeError) as error:
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
