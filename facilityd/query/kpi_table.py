"""The table of figures: what each is called, what the standards allow, and by what alarms are counted."""

from __future__ import annotations

from functools import cache

from pydantic import Field

from facilityd.model.measure import Duration
from facilityd.model.text import Language, Strict, Text
from facilityd.model.word_table import shipped_table


class FigureLimit(Strict):
    """What a figure should be at most (``good``) and may be at most (``most``); ``below``: less than that.

    ``source``: the standard that says so.
    """

    good: float | None = None
    most: float | None = None
    below: float | None = None
    source: Text

    def verdict(self, value: float) -> str:
        """Return ``good``, ``tolerable`` or ``over``."""
        if self.below is not None:
            return "good" if value < self.below else "over"
        if self.good is not None and value <= self.good:
            return "good"
        if self.most is not None and value <= self.most:
            return "good" if self.good is None else "tolerable"
        return "over"


class FigureWords(Strict):
    """One figure; ``of``: what its n counts; ``share``: a percentage, not told of too few."""

    name: Text
    unit: Text | None = None
    decimals: int = 0
    of: str
    share: bool = False
    limit: FigureLimit | None = None


class Flood(Strict):
    """A flood begins with so many annunciations ``within`` a time (ns), and ends with less than ``ends``."""

    begins: int = Field(gt=1)
    ends: int = Field(gt=0)
    within: Duration


class KpiSettings(Strict):
    """By what alarms are counted; spans in ns. ``night``: from and to which full hour of the site's clock.

    ``least``: the fewest events of which a percentage is told.
    """

    flood: Flood
    chattering: int
    chattering_within: Duration
    fleeting: Duration
    stale: Duration
    bad_actors: int
    night: tuple[int, int]
    least: int
    split: dict[str, float]


class CountedNoun(Strict):
    """So many of something; ``{n}`` is the number."""

    zh: str
    one: str
    several: str

    def of(self, number: int, language: Language) -> str:
        """Return it in words."""
        form = self.zh if language == "zh" else self.one if number == 1 else self.several
        return form.format(n=number)


class KpiTable(Strict):
    """What ``kpi.yaml`` holds."""

    settings: KpiSettings
    figures: dict[str, FigureWords]
    groups: dict[str, tuple[str, ...]]
    group_names: dict[str, Text]
    of: dict[str, CountedNoun]
    reason: dict[str, Text]
    verdict: dict[str, Text]
    sentence: dict[str, Text]


@cache
def kpi_table() -> KpiTable:
    """Return the table that is shipped."""
    return shipped_table("facilityd.query", "kpi.yaml", KpiTable)
