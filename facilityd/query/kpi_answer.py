"""The figures of alarm management, each with what it rests on and its limit; and the rows behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from facilityd.config.site import Device
from facilityd.model.text import Language, Text
from facilityd.query.instants import iso_instant
from facilityd.query.json_data import to_plain
from facilityd.query.kpi_alarms import ChatteringAlarm, FloodSpan, StaleAlarm
from facilityd.query.kpi_people import AnswerTimes, PersonLoad
from facilityd.query.kpi_table import FigureWords, kpi_table
from facilityd.query.observed import ObservedWindow


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the table: its value (None: not known, by ``reason``) and how many it rests on."""

    id: str
    value: float | None
    n: int
    reason: str = ""

    @property
    def words(self) -> FigureWords:
        """What the table says of it."""
        return kpi_table().figures[self.id]

    @property
    def verdict(self) -> str:
        """``good``, ``tolerable``, ``over``, ``unknown``, or ``none`` where no standard sets a limit."""
        limit = self.words.limit
        if limit is None:
            return "none"
        return "unknown" if self.value is None else limit.verdict(self.value)

    def shown(self, language: Language) -> str:
        """Return the value with its unit, or why it is not known."""
        if self.value is None:
            least = kpi_table().settings.least
            return kpi_table().reason[self.reason].in_(language).format(least=least)
        unit = self.words.unit.in_(language) if self.words.unit else ""
        return f"{self.value:.{self.words.decimals}f} {unit}".rstrip()

    def counted(self, language: Language) -> str:
        """Return how many it rests on, in words."""
        return kpi_table().of[self.words.of].of(self.n, language)

    def limit(self, language: Language) -> str:
        """Return what it should be; nothing where no standard says."""
        limit, said = self.words.limit, kpi_table().sentence
        if limit is None:
            return ""
        bounds = {key: self._bound(getattr(limit, key), language) for key in ("good", "most", "below")}
        if limit.below is not None:
            return said["below"].in_(language).format(**bounds)
        if limit.good is not None and limit.most is not None:
            return said["two"].in_(language).format(**bounds)
        least = bounds["most"] if limit.good is None else bounds["good"]
        return said["at-most"].in_(language).format(good=least)

    def _bound(self, value: float | None, language: Language) -> str:
        unit = self.words.unit.in_(language) if self.words.unit else ""
        return "" if value is None else f"{value:g} {unit}".rstrip()

    def plain(self) -> dict[str, Any]:
        """Return data for JSON."""
        limit = self.words.limit
        bounds = {key: getattr(limit, key) for key in ("good", "most", "below")} if limit else None
        return {
            "id": self.id, "name": self.words.name, "value": self.value, "unit": self.words.unit, "n": self.n,
            "of": self.words.of, "unknown": self.reason or None, "verdict": self.verdict, "limit": bounds,
            "source": limit.source if limit else None,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class AlarmShare:
    """How often one alarm came before people; ``share`` of all in %, None of too few."""

    device: str
    rule: str
    what: Text
    where: Text
    alarms: int
    share: float | None


@dataclass(frozen=True, slots=True)
class PriorityShare:
    """How many alarms of one priority came before people beside the share that they should be, in %."""

    priority: str
    alarms: int
    share: float | None
    wanted: float | None


@dataclass(frozen=True, slots=True)
class KpiAnswer:
    """All figures of a window, and what stands behind them. ``alarms``: annunciations in it.

    ``first`` of them were the first of their occurrence, the others came again. ``untold``: occurrences
    that were raised within it and did not come before people: as consequences, or suppressed.
    """

    window: ObservedWindow
    alarms: int
    first: int
    untold: int
    figures: tuple[Figure, ...]
    priorities: tuple[PriorityShare, ...]
    bad_actors: tuple[AlarmShare, ...]
    floods: tuple[FloodSpan, ...]
    chattering: tuple[ChatteringAlarm, ...]
    stale: tuple[StaleAlarm, ...]
    people: tuple[PersonLoad, ...]
    answers: tuple[AnswerTimes, ...]

    @property
    def again(self) -> int:
        """How often an alarm was announced anew, had grown worse, or was no longer suppressed."""
        return self.alarms - self.first

    def figure(self, name: str) -> Figure:
        """Return a figure by its id."""
        return next(one for one in self.figures if one.id == name)

    def plain(self) -> dict[str, Any]:
        """Return data for JSON; texts in both languages, instants on the site's clock."""
        zone = self.window.zone.key
        found: dict[str, Any] = {"window": self.window.plain(), "alarms": self.alarms}
        found |= {"first": self.first, "again": self.again, "untold": self.untold}
        found["figures"] = [one.plain() for one in self.figures]
        for name in ("priorities", "bad_actors", "floods", "chattering", "stale", "people", "answers"):
            found[name] = [_dated(asdict(one), zone) for one in getattr(self, name)]
        return dict(to_plain(found))


def _dated(row: dict[str, Any], zone: str) -> dict[str, Any]:
    instants = {key: row[key] for key in ("since", "until") if row.get(key) is not None}
    return row | {key: iso_instant(at, zone) for key, at in instants.items()}


def alarm_words(devices: Mapping[str, Device], device: str, rule: str) -> tuple[Text, Text]:
    """Return what an alarm and its device are called; by their ids where they left the site."""
    known = devices.get(device)
    about = known.family.rules.get(rule) if known else None
    what = about.name if about else Text(zh=rule or "?", en=rule or "?")
    return what, known.name if known else Text(zh=device or "?", en=device or "?")
