"""What roll-ups still know of a time whose samples are forgotten: it is no gap."""

from __future__ import annotations

from facilityd.store.history_reader import HistoryReader
from facilityd.store.rollups import level_for


def uncovered(
    reader: HistoryReader, device: str, signal: str, span: tuple[int, int], bucket: int, edge: int
) -> list[tuple[int, int]]:
    """Return the parts of a span (ns UTC) in which no value held, by the roll-ups that make up ``bucket``.

    ``edge``: before it there are no samples.
    """
    since, until = span
    level = level_for(bucket)
    if level is None or since >= edge:
        return [span]
    first, last = since // level.width * level.width, min(until, edge) // level.width * level.width
    parts, open_from = [], since
    for one in reader.rollups(device, signal, first, last, level):
        if not one.covered:
            continue
        if one.start > open_from:
            parts.append((open_from, one.start))
        open_from = max(open_from, one.start + level.width)
    return [*parts, (open_from, until)] if open_from < until else parts
