"""Weather forecasts and official warnings, as nouns: what a source said, how old it is, and what follows.

Nothing here is guessed: what no fresh source says is None.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from facilityd.model.language import Language
from facilityd.model.sample import NS

QUANTITIES: Mapping[str, tuple[str, float, float]] = {
    "temperature": ("°C", -90.0, 60.0),
    "wind": ("m/s", 0.0, 150.0),
    "gust": ("m/s", 0.0, 150.0),
    "precipitation": ("mm", 0.0, 500.0),
    "probability": ("%", 0.0, 100.0),
}
"""What an hour of a forecast may hold: unit, lowest and highest; what is beyond is no value (9999, -999)."""
SEVERITIES = ("Unknown", "Minor", "Moderate", "Severe", "Extreme")
"""Of CAP 1.2 (3.2.2), rising. What a sender does not grade is told whatever is asked for."""
AROUND = 1800 * NS
"""A warning concerns a ceremony if it holds within this time of it, ns."""
HOUR = 3600 * NS
LASTS = 24 * HOUR
"""How long a warning holds that does not say when it ends, ns: CAP leaves it to who receives it."""
Values = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class ForecastHour:
    """What is forecast for an hour that begins or ends at ``at`` (ns UTC), in the units of ``QUANTITIES``."""

    at: int
    values: Values

    def plain(self) -> dict[str, Any]:
        """Return data for JSON."""
        return {"at": self.at, **self.values}


@dataclass(frozen=True, slots=True)
class WeatherWarning:
    """A warning from ``onset`` up to ``until``, ns UTC. ``events`` and ``headlines`` by language tag."""

    onset: int
    until: int
    severity: str
    urgency: str
    certainty: str
    events: Mapping[str, str]
    headlines: Mapping[str, str]
    areas: tuple[str, ...] = ()

    def holds(self, begin: int, end: int) -> bool:
        """Return whether it is in force at some instant of begin <= at <= end."""
        return self.onset <= end and begin < self.until

    def event(self, language: Language) -> str:
        """Return what it warns of, in a reader's language where the sender wrote it."""
        return _spoken(self.events, language)

    def headline(self, language: Language) -> str:
        """Return its headline, or what it warns of where it has none."""
        return _spoken(self.headlines, language) or self.event(language)


def _spoken(texts: Mapping[str, str], language: Language) -> str:
    """Return the text of a language, also as zh-CN; else an English one, else the first."""
    for wanted in (language, "en"):
        for tag, text in texts.items():
            if text and tag.lower().replace("_", "-").split("-")[0] == wanted:
                return text
    return next((text for text in texts.values() if text), "")


AlertKey = tuple[str, str]
"""Sender and identifier: together they are unique (CAP 1.2, 3.2.1)."""


@dataclass(frozen=True, slots=True)
class CapAlert:
    """One message of the Common Alerting Protocol; ``replaces`` what an update or a cancellation ends."""

    key: AlertKey
    sent: int
    replaces: tuple[AlertKey, ...] = ()
    warnings: tuple[WeatherWarning, ...] = ()

    @property
    def over(self) -> int:
        """When nothing of it holds any more, ns UTC; of a cancellation a day after it was sent."""
        return max([self.sent + LASTS, *(one.until for one in self.warnings)])


def standing(alerts: Iterable[CapAlert]) -> list[CapAlert]:
    """Return the messages that no other one replaces or cancels, in whatever order they came."""
    known = {one.key: one for one in sorted(alerts, key=lambda one: one.sent)}
    ended = {key for one in known.values() for key in one.replaces if key != one.key}
    return [one for key, one in known.items() if key not in ended]


@dataclass(frozen=True, slots=True)
class ForecastReport:
    """What a source said: seen last at ``seen``, written at ``issued`` where it says so; both ns UTC.

    ``trouble``: why it could not be read last, as the journal keeps texts in both languages.
    """

    source: str
    seen: int | None = None
    issued: int | None = None
    hours: tuple[ForecastHour, ...] = ()
    alerts: tuple[CapAlert, ...] = ()
    trouble: str = ""

    @property
    def written(self) -> int | None:
        """When it was written as far as that is known, ns UTC."""
        return self.seen if self.issued is None else self.issued

    def age(self, now: int) -> int | None:
        """Return how old it is, in ns."""
        return None if self.written is None else max(0, now - self.written)

    def plain(self) -> dict[str, Any]:
        """Return what ``from_plain`` reads."""
        return asdict(self) | {"hours": [one.plain() for one in self.hours]}

    @classmethod
    def from_plain(cls, told: Mapping[str, Any]) -> Self:
        """Return what ``plain`` told. Raises KeyError, TypeError or ValueError for anything else."""
        hours = tuple(
            ForecastHour(one["at"], {name: one.get(name) for name in QUANTITIES}) for one in told["hours"]
        )
        return cls(**(dict(told) | {"hours": hours, "alerts": tuple(map(_alert, told["alerts"]))}))


def _alert(told: Mapping[str, Any]) -> CapAlert:
    warnings = tuple(WeatherWarning(**{**one, "areas": tuple(one["areas"])}) for one in told["warnings"])
    sender, identifier = told["key"]
    replaces = tuple((a, b) for a, b in told["replaces"])
    return CapAlert((sender, identifier), told["sent"], replaces, warnings)


@dataclass(frozen=True, slots=True)
class Outlook:
    """The reports of a site at ``now`` (ns UTC), each with how long it is good for (``valid``, ns)."""

    now: int
    reports: Sequence[tuple[ForecastReport, int]]

    def fresh(self, report: ForecastReport, valid: int) -> bool:
        """Return whether a report is not too old."""
        age = report.age(self.now)
        return age is not None and age <= valid

    def _forecasts(self) -> list[ForecastReport]:
        return [one for one, valid in self.reports if one.hours and self.fresh(one, valid)]

    def highest(self, quantity: str, at: int) -> tuple[float, int] | None:
        """Return the highest value within an hour of an instant, and the age (ns) of who says so.

        None where no fresh forecast speaks of the hour before and the hour after.
        """
        found: list[tuple[float, int]] = []
        for one in self._forecasts():
            near = [hour for hour in one.hours if abs(hour.at - at) <= HOUR]
            values = [value for hour in near if (value := hour.values.get(quantity)) is not None]
            if values and min(h.at for h in near) <= at <= max(h.at for h in near):
                found.append((max(values), one.age(self.now) or 0))
        return max(found, key=lambda pair: pair[0], default=None)

    def lowest(self, quantity: str, begin: int, end: int) -> tuple[float, int] | None:
        """Return the lowest value of a span that a fresh forecast covers, and that one's age (ns)."""
        found: list[tuple[float, int]] = []
        for one in self._forecasts():
            within = [hour for hour in one.hours if begin - HOUR < hour.at < end + HOUR]
            values = [value for hour in within if (value := hour.values.get(quantity)) is not None]
            covered = bool(within) and within[0].at <= begin and within[-1].at >= end
            if covered and len(values) == len(within):
                found.append((min(values), one.age(self.now) or 0))
        return min(found, key=lambda pair: pair[0], default=None)

    def warnings(self, begin: int, end: int) -> list[WeatherWarning]:
        """Return what holds at some instant of a span and no later message ended; the gravest first.

        A warning holds until it ends, also where its source was not heard since.
        """
        alerts = standing(alert for report, _ in self.reports for alert in report.alerts)
        found = [one for alert in alerts for one in alert.warnings if one.holds(begin, end)]
        return sorted(found, key=lambda one: (-SEVERITIES.index(one.severity), one.onset))

    def warned(self, sources: Iterable[str], begin: int, end: int) -> bool | None:
        """Return whether a warning holds in a span; None where there is none and a source is not fresh.

        ``sources``: the ids of those that bring warnings.
        """
        if self.warnings(begin, end):
            return True
        asked = set(sources)
        heard = {one.source for one, valid in self.reports if self.fresh(one, valid)}
        return False if asked and asked <= heard else None


def without_ended(report: ForecastReport, now: int, most: int) -> ForecastReport:
    """Return a report without messages of which nothing holds any more, and with at most so many."""
    kept = sorted((one for one in report.alerts if one.over > now), key=lambda one: one.sent)
    return replace(report, alerts=tuple(kept[-most:]))
