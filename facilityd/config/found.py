"""Which units were found by listening: a small file beside the journal, for every command to read.

It is not in the journal, because whoever loads a site needs it, and a journal may be moved aside; and
because a person may want to take a name out of it (docs/decisions/0020-unit-templates.md).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from facilityd.config.site import Site
from facilityd.model.regular import read_regular
from facilityd.model.whole_file import write_whole

SUFFIX = ".discovered.json"
MOST_BYTES = 2**20
UNREADABLE = "cannot be read, so units found by listening are not watched until they are heard again"


@dataclass(frozen=True, slots=True)
class DiscoveredNames:
    """By template: names that became units, and why others that were seen did not."""

    units: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    heard: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def file_of(site: Site) -> Path:
    """Return where a site's found units stand."""
    return Path(site.store.path).with_suffix(SUFFIX)


def read_found(path: Path) -> tuple[DiscoveredNames, str]:
    """Return what was found, and a warning where the file is wrong. Raises nothing."""
    try:
        document = json.loads(read_regular(path, MOST_BYTES))
        return DiscoveredNames(_lists(document["units"]), _tables(document["heard"])), ""
    except FileNotFoundError:
        return DiscoveredNames(), ""
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return DiscoveredNames(), f"{path}:1:1: warning: {UNREADABLE}"


def _lists(told: Any) -> dict[str, tuple[str, ...]]:
    return {str(key): tuple(_text(name) for name in names) for key, names in told.items()}


def _tables(told: Any) -> dict[str, dict[str, str]]:
    return {str(key): {_text(n): _text(why) for n, why in table.items()} for key, table in told.items()}


def _text(told: Any) -> str:
    if not isinstance(told, str):
        raise TypeError("a text is expected")
    return told


def write_found(path: Path, found: DiscoveredNames) -> None:
    """Write the file so that it is whole at any time. Raises OSError."""
    text = json.dumps(
        {
            "units": {k: list(v) for k, v in found.units.items()},
            "heard": {k: dict(v) for k, v in found.heard.items()},
        },
        ensure_ascii=False,
        indent=1,
    )
    write_whole(path, f"{text}\n".encode(), 0o600)
