"""The journal read forward as lines, in portions that fit one write."""

from __future__ import annotations

from dataclasses import dataclass

from facilityd.store.line_protocol import LineFormat
from facilityd.store.reader import JournalReader


@dataclass(frozen=True, slots=True)
class SampleLine:
    """A sample's line. ``at`` in ns UTC."""

    id: int
    at: int
    text: bytes


class LineSource:
    """Reads at most ``most`` samples and about ``size`` bytes at a time."""

    def __init__(self, reader: JournalReader, site: str, *, most: int = 5000, size: int = 1_000_000) -> None:
        self._reader, self._site, self._most, self._size = reader, site, most, size
        self._formats: dict[int, LineFormat] = {}

    def read(self, after: int) -> tuple[list[SampleLine], bool]:
        """Return the lines after a sample id, and whether there are more by now."""
        lines: list[SampleLine] = []
        total = 0
        rows = self._reader.samples_after(after, self._most)
        for row in rows:
            line = SampleLine(row.id, row.at, self._format(row.stream).line(row))
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
