"""Readiness before a ceremony: a table of items, each pass, fail or unknown. Unknown is not ready.

After devices.md 3.1: the daemon recommends, staff decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pydantic import Field

from facilityd.model.duty import answer
from facilityd.model.rule import Condition
from facilityd.model.sample import Value
from facilityd.model.text import Strict, Text


class Item(Strict):
    """One line of the checklist: every condition of one of the groups in ``any_of`` holds."""

    name: Text
    any_of: tuple[tuple[Condition, ...], ...] = Field(min_length=1)
    first: Text = Field(description="what to do first where it fails")

    @property
    def signals(self) -> tuple[str, ...]:
        """Every signal it looks at."""
        return tuple(dict.fromkeys(c.signal for group in self.any_of for c in group))


class Mark(StrEnum):
    """What became of an item."""

    PASS = "pass"  # noqa: S105 - not a password
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Checked:
    """One item, its mark, and the values it rests on; None where there is no good one."""

    item: str
    mark: Mark
    values: Mapping[str, Value | None]


def check(items: Mapping[str, Item], value: Callable[[str], Value | None]) -> list[Checked]:
    """Return each item's mark; ``value`` returns a signal's value where it is fresh and good, else None."""
    out = []
    for name, item in items.items():
        values = {signal: value(signal) for signal in item.signals}
        out.append(Checked(name, _mark(item, values), values))
    return out


def _mark(item: Item, values: Mapping[str, Value | None]) -> Mark:
    groups = [[answer(c, values[c.signal]) for c in group] for group in item.any_of]
    if any(all(group) for group in groups):
        return Mark.PASS
    return Mark.FAIL if all(False in group for group in groups) else Mark.UNKNOWN


def is_ready(checked: Iterable[Checked]) -> bool:
    """Return whether every item passed."""
    return all(one.mark is Mark.PASS for one in checked)
