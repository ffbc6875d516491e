"""Limits of machines that a person signed: a small file beside the journal, read wherever the site is loaded.

The signatures themselves are in the journal; the daemon writes this file at each
(docs/decisions/0077-proposed-limits.md).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from facilityd.model.baseline import Baseline
from facilityd.model.regular import read_regular
from facilityd.model.whole_file import write_whole

SUFFIX = ".limits.json"
LIMITS = "limits"
"""Under this name the limits of a machine stand in what a person signs."""
SHARED = 0o640
"""Its group reads it, as the journal's: commands of others load the site too."""
MOST_BYTES = 4 * 2**20
UNREADABLE = "cannot be read, so limits that were signed are assumed again until the next signature"
SignedLimits = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""By device and rule: parameters by dotted name."""


def limits_file(journal: str | Path) -> Path:
    """Return where the signed limits of a site stand, by its journal."""
    return Path(journal).with_suffix(SUFFIX)


def limits_of(baselines: Iterable[Baseline]) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the limits among what is signed."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for one in baselines:
        if isinstance(limits := one.data.get(LIMITS), Mapping):
            found.setdefault(one.device, {})[one.rule] = dict(limits)
    return found


def read_limits(path: Path) -> tuple[SignedLimits, str]:
    """Return what was signed, and a warning where the file is wrong. Raises nothing."""
    try:
        told = json.loads(read_regular(path, MOST_BYTES))
        return {
            str(d): {str(r): dict(limits) for r, limits in rules.items()} for d, rules in told.items()
        }, ""
    except FileNotFoundError:
        return {}, ""
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}, f"{path}:1:1: warning: {UNREADABLE}"


def write_limits(path: Path, limits: SignedLimits) -> None:
    """Write the file so that it is whole at any time. Raises OSError."""
    text = json.dumps(limits, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    write_whole(path, text.encode(), SHARED)
