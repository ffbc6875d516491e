"""What forecasts and weather warnings say: by source with its age, what is in force, the coming hours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from devices.forecast.source import ForecastSource
from facilityd.app.ceremony import Ceremonies
from facilityd.app.forecast_values import night_of
from facilityd.config.site import Site
from facilityd.model.forecast import (
    AROUND,
    HOUR,
    QUANTITIES,
    ForecastReport,
    Outlook,
    WeatherWarning,
    standing,
)
from facilityd.model.refusal import read
from facilityd.model.sample import NS
from facilityd.model.text import Text
from facilityd.query.instants import iso_instant
from facilityd.query.words import both
from facilityd.store.forecasts import stored_report
from facilityd.store.reader import JournalReader

AHEAD = 48 * HOUR
"""Hours of a forecast that are shown, ns."""


@dataclass(frozen=True, slots=True)
class ForecastSourceRow:
    """One source and its newest report. ``trouble``: why there is no newer one."""

    source: ForecastSource
    report: ForecastReport
    now: int
    zone: str

    @property
    def age(self) -> int | None:
        """How old it is, in ns; None where it never brought anything."""
        return self.report.age(self.now)

    @property
    def fresh(self) -> bool:
        """Whether it is believed."""
        return self.age is not None and self.age <= self.source.valid

    @property
    def trouble(self) -> Text | None:
        """Why it could not be read last."""
        return read(self.report.trouble) if self.report.trouble else None

    @property
    def hours(self) -> list[dict[str, Any]]:
        """The coming hours, as far as the report is believed; instants with their offset."""
        begin = self.now - HOUR
        near = [one for one in self.report.hours if self.fresh and begin < one.at <= self.now + AHEAD]
        return [{"at": iso_instant(one.at, self.zone), **_quantities(one.values)} for one in near]

    def plain(self) -> dict[str, Any]:
        """Return data for JSON; ages in s."""
        at = self.report.written
        return {
            "source": self.source.id, "name": self.source.name.model_dump(), "kind": self.source.kind,
            "warns": self.source.warns, "made_at": None if at is None else iso_instant(at, self.zone),
            "age_s": None if self.age is None else self.age / NS, "valid_for_s": self.source.valid / NS,
            "fresh": self.fresh, "trouble": self.trouble.model_dump() if self.trouble else None,
            "hours": self.hours,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class WarningRow:
    """A warning that is in force, or will be."""

    source: ForecastSource
    warning: WeatherWarning
    now: int
    zone: str

    @property
    def in_force(self) -> bool:
        """Whether it holds now."""
        return self.warning.holds(self.now, self.now)

    def plain(self) -> dict[str, Any]:
        """Return data for JSON; instants with their offset."""
        one = self.warning
        return {
            "source": self.source.id, "in_force": self.in_force, "from": iso_instant(one.onset, self.zone),
            "until": iso_instant(one.until, self.zone), "severity": one.severity, "urgency": one.urgency,
            "certainty": one.certainty, "event": both(one.event).model_dump(),
            "headline": both(one.headline).model_dump(),
            "areas": list(one.areas),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class ForecastAnswer:
    """What is said of the weather to come. ``gust``: at the next ceremony; ``minimum``: of the night, °C.

    Of both the value and the age of the forecast in ns; None where no fresh one says it. ``warned``: whether
    a warning covers the ceremony, None where that is not known.
    """

    sources: tuple[ForecastSourceRow, ...]
    warnings: tuple[WarningRow, ...]
    ceremony: int | None
    gust: tuple[float, int] | None
    minimum: tuple[float, int] | None
    warned: bool | None
    zone: str

    @property
    def in_force(self) -> tuple[WarningRow, ...]:
        """The warnings that hold now."""
        return tuple(one for one in self.warnings if one.in_force)

    def plain(self) -> dict[str, Any]:
        """Return data for JSON; ages in s."""
        at = None if self.ceremony is None else iso_instant(self.ceremony, self.zone)
        return {
            "ceremony": at, "ceremony_gust": _aged(self.gust), "ceremony_warned": self.warned,
            "night_minimum": _aged(self.minimum), "warnings": [one.plain() for one in self.warnings],
            "sources": [one.plain() for one in self.sources],
        }  # fmt: skip


def _quantities(values: Any) -> dict[str, float | None]:
    return {name: values.get(name) for name in QUANTITIES}


def _aged(found: tuple[float, int] | None) -> dict[str, float] | None:
    return None if found is None else {"value": found[0], "age_s": found[1] / NS}


def read_forecast(site: Site, reader: JournalReader, now: int) -> ForecastAnswer:
    """Return what the site's sources said, as seen at ``now`` (ns UTC)."""
    rows = [
        ForecastSourceRow(one, stored_report(reader, one.id), now, site.timezone) for one in site.forecasts
    ]
    outlook = Outlook(now, [(row.report, row.source.valid) for row in rows])
    coming = Ceremonies.of(site).following(now)
    warning = [row.source.id for row in rows if row.source.warns]
    at = coming.at if coming else None
    return ForecastAnswer(
        tuple(rows), tuple(sorted(_warnings(rows), key=lambda one: one.warning.onset)), at,
        outlook.highest("gust", at) if at else None,
        outlook.lowest("temperature", *night_of(now, ZoneInfo(site.timezone))),
        outlook.warned(warning, at - AROUND, at + AROUND) if at and warning else None, site.timezone,
    )  # fmt: skip


def _warnings(rows: list[ForecastSourceRow]) -> Iterator[WarningRow]:
    """Yield what is not over and no later message ended, each with its source."""
    left = {id(one) for one in standing(alert for row in rows for alert in row.report.alerts)}
    for row in rows:
        for alert in row.report.alerts:
            for one in alert.warnings:
                if id(alert) in left and one.until > row.now:
                    yield WarningRow(row.source, one, row.now, row.zone)
