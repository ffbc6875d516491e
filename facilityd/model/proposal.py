"""How a limit of the machine follows from its healthy history; a family says it beside ``machine``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from facilityd.model.number import Finite
from facilityd.model.text import Strict

EDGE = 0.001
"""The share of readings at an end that does not count: a spike is no limit."""
DIGITS = 4
"""Significant digits of what is proposed: more would claim more than was measured."""


class Proposal(Strict):
    """An extreme of what the limit bounds, ``times`` and ``plus`` (its unit, of runs s).

    Of the modes in which the rule is evaluated.
    """

    of: Literal["highest", "lowest", "shortest", "longest"]
    times: Finite = Field(default=1.0, gt=0)
    plus: Finite = 0.0
    at_least: Finite | None = Field(default=None, description="never less than this")

    @property
    def of_runs(self) -> bool:
        """Whether it is about how long runs take."""
        return self.of in ("shortest", "longest")

    def value(self, seen: Sequence[float]) -> float:
        """Return the limit for what was seen; ``seen`` is not empty."""
        low, high = ends(seen)
        extreme = low if self.of in ("lowest", "shortest") else high
        value = float(f"{extreme * self.times + self.plus:.{DIGITS}g}")
        return value if self.at_least is None else max(value, self.at_least)


def ends(seen: Sequence[float]) -> tuple[float, float]:
    """Return the lowest and the highest of many readings but for the last per mille at either end."""
    known = sorted(seen)
    cut = int(len(known) * EDGE)
    return known[cut], known[-1 - cut]
