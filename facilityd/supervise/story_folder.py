"""What a simulator offers to play, and what people ask it for, in a folder beside a simulated site's journal.

Only ``simulate serve`` writes what is offered and takes what is asked; the page's process only reads the one
and writes the other. Neither opens the folder of a site that is not simulated (decision 0079).
"""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from facilityd.config.site import Site
from facilityd.errors import FacilitydError
from facilityd.model.message import Wording
from facilityd.model.regular import read_regular
from facilityd.model.sample import NS
from facilityd.model.text import Strict, Text

BEAT = 2.0
"""Seconds after which the simulator says again that it is there."""
SILENT_AFTER = 10 * NS
"""A board older than that (ns) is of a simulator that has ended."""
MOST_WAITING = 8
"""Requests that wait at most; they are taken within seconds."""
_MOST_BYTES, _MOST_BOARD, _SEEN = 2_000, 200_000, 100
StoryId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,99}$")]


class OfferedStory(Strict):
    """A story that may be played on this site."""

    id: StoryId
    name: Text
    about: Text


class PlayingStory(Strict):
    """The story that is played, since when (ns UTC), and who asked for it."""

    id: StoryId
    since: int
    by: str


class StoryBoard(Strict):
    """What the simulator offers and plays ``at`` an instant, ns UTC."""

    at: int
    stories: Annotated[tuple[OfferedStory, ...], Field(max_length=200)]
    playing: PlayingStory | None = None

    def story(self, name: str) -> OfferedStory | None:
        """Return an offered story by its id."""
        return next((one for one in self.stories if one.id == name), None)


class StoryRequest(Strict):
    """Somebody wants a story begun, or the one that is played ended."""

    act: Literal["play", "end"]
    story: StoryId | Literal[""] = ""
    by: Annotated[str, Field(max_length=200)] = ""


class StoryFolder:
    """The folder beside the journal of a simulated site. Raises FacilitydError for any other site."""

    def __init__(self, site: Site) -> None:
        if not site.page.simulated:
            raise FacilitydError(Wording("scenario.site-is-not-simulated"), where=site.source)
        journal = Path(site.store.path)
        self.folder = journal.with_name(f"{journal.name}.stories")

    def offer(self, board: StoryBoard) -> None:
        """Say what is offered and played. Raises FacilitydError where the folder is closed."""
        self._write("board", board)

    def board(self, now: int) -> StoryBoard | None:
        """Return what is offered at ``now``, ns UTC; None where no simulator says anything."""
        try:
            content = read_regular(self.folder / "board.json", _MOST_BOARD, follow=False)
            found = StoryBoard.model_validate_json(content)
        except (OSError, ValueError, ValidationError):
            return None
        return found if abs(now - found.at) <= SILENT_AFTER else None

    def ask(self, request: StoryRequest) -> None:
        """Leave a request for the simulator. Raises FacilitydError where the folder is closed, or full."""
        if self.waiting() >= MOST_WAITING:
            raise FacilitydError(Wording("scenario.simulator-takes-nothing"), where=str(self.folder))
        self._write(f"ask-{time.time_ns():020d}-{uuid.uuid4().hex[:8]}", request)

    def waiting(self) -> int:
        """Return how many requests nobody has taken yet."""
        return len(self._waiting())

    def take(self) -> list[StoryRequest]:
        """Return what is asked, the oldest first, and remove it; what is no request is removed too."""
        found = []
        for file in self._waiting():
            with contextlib.suppress(OSError, ValueError, ValidationError):
                content = read_regular(file, _MOST_BYTES, follow=False)
                found.append(StoryRequest.model_validate_json(content))
            with contextlib.suppress(OSError):
                file.unlink()
        return found

    def clear(self) -> None:
        """Offer nothing any more, and forget what nobody took."""
        for file in [*self._waiting(), self.folder / "board.json"]:
            with contextlib.suppress(OSError):
                file.unlink(missing_ok=True)

    def _waiting(self) -> list[Path]:
        try:
            with os.scandir(self.folder) as entries:
                asked = (
                    one.name for one in entries if one.name.startswith("ask-") and one.name.endswith(".json")
                )
                return [self.folder / name for name in sorted(islice(asked, _SEEN))]
        except OSError:
            return []

    def _write(self, name: str, content: StoryBoard | StoryRequest) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            part = self.folder / f".{name}"
            part.write_text(content.model_dump_json(), encoding="utf-8")
            part.replace(self.folder / f"{name}.json")
        except OSError as error:
            raise FacilitydError(
                Wording("store.cannot-write", strerror=error.strerror), where=str(self.folder)
            ) from error
