"""Where something stands in a site's files, found anew when a person must be led there."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from facilityd.config.sections import files_of
from facilityd.yaml_source import Key, SourceLocation, read


def place_of(sources: Iterable[Path], *path: Key) -> SourceLocation | None:
    """Return the mark of ``links``, ``broker``, ``port``, or of the nearest thing around it.

    None where the section or the id is not there; what is inside of them need not be.
    """
    for source in sources:
        for file in files_of(source):
            document = read(file)
            if path[:2] in document.marks:
                return document.location(path)
    return None
