"""The journal read forward as lines, in portions that fit one write."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import Protocol

from facilityd.store.batch import LineKind
from facilityd.store.line_protocol import LineFormat, change_line
from facilityd.store.reader import JournalReader

log = logging.getLogger(__name__)
_SERIES = re.compile(rb"(?:\\.|[^\\ ])+")


@dataclass(frozen=True, slots=True)
class JournalLine:
    """The line of a sample or of a change, by its id. ``at`` in ns UTC."""

    id: int
    at: int
    text: bytes

    @property
    def series(self) -> str:
        """The measurement and the tags, as they stand in the line."""
        return _SERIES.match(self.text)[0].decode()  # type: ignore[index]  # a line of ours has them


class LineSource(Protocol):
    """One of the things that a sink gets, each with a cursor of its own."""

    kind: LineKind

    def read(self, after: int) -> tuple[list[JournalLine], bool]:
        """Return the lines after an id, and whether there are more by now."""


class SampleSource:
    """Reads at most ``most`` samples and about ``size`` bytes at a time."""

    kind = LineKind.SAMPLE

    def __init__(self, reader: JournalReader, site: str, *, most: int = 5000, size: int = 1_000_000) -> None:
        self._reader, self._site, self._most, self._size = reader, site, most, size
        self._formats: dict[int, LineFormat] = {}

    def read(self, after: int) -> tuple[list[JournalLine], bool]:
        """Return the lines after a sample id, and whether there are more by now."""
        lines: list[JournalLine] = []
        total = 0
        rows = self._reader.samples_after(after, self._most)
        for row in rows:
            line = JournalLine(row.id, row.at, self._format(row.stream).line(row))
            total += len(line.text) + 1
            if total > self._size and lines:
                return lines, True
            lines.append(line)
        return lines, len(rows) == self._most

    def _format(self, stream: int) -> LineFormat:
        found = self._formats.get(stream)
        if found is None:
            found = self._formats[stream] = LineFormat(self._reader.stream(stream), self._site)
        return found


class ChangeSource:
    """Reads at most ``most`` changes of alarms at a time."""

    kind = LineKind.CHANGE

    def __init__(self, reader: JournalReader, site: str, *, most: int = 1000) -> None:
        self._reader, self._site, self._most = reader, site, most

    def read(self, after: int) -> tuple[list[JournalLine], bool]:
        """Return the lines after a change's id, and whether there may be more by now.

        A record that is damaged has no line; it was set aside when the journal was opened.
        """
        while rows := self._reader.changes_after(after, self._most):
            lines = []
            for row in rows:
                try:
                    lines.append(JournalLine(row.id, row.change.at, change_line(row, self._site)))
                except ValueError as error:
                    log.warning("change %d has no line: %s", row.id, error)
            if lines:
                return lines, True
            after = rows[-1].id
        return [], False
