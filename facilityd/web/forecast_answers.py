"""What the API answers about forecasts and weather warnings."""

from __future__ import annotations

from pydantic import Field

from facilityd.web.answer_base import Answer, BothTexts, MaybeWhen, When


class HourAnswer(Answer):
    """An hour of a forecast: °C, m/s, mm and %; null where it is not said."""

    at: When
    temperature: float | None
    wind: float | None
    gust: float | None
    precipitation: float | None
    probability: float | None


class ForecastSourceAnswer(Answer):
    """One source. ``fresh``: it is believed; ``trouble``: why there is no newer one."""

    source: str
    name: BothTexts
    kind: str
    warns: bool
    made_at: MaybeWhen
    age_s: float | None
    valid_for_s: float
    fresh: bool
    trouble: BothTexts | None
    hours: list[HourAnswer]


class WeatherWarningAnswer(Answer):
    """A warning that is in force or will be; severity, urgency and certainty as CAP 1.2 names them."""

    source: str
    in_force: bool
    from_: When = Field(alias="from")
    until: When
    severity: str
    urgency: str
    certainty: str
    event: BothTexts
    headline: BothTexts
    areas: list[str]


class AgedValue(Answer):
    """A value and the age of the forecast that says it, in s."""

    value: float
    age_s: float


class ForecastReading(Answer):
    """The weather to come. ``ceremony_gust`` in m/s, ``night_minimum`` in °C; null: not known."""

    ceremony: MaybeWhen
    ceremony_gust: AgedValue | None
    ceremony_warned: bool | None
    night_minimum: AgedValue | None
    warnings: list[WeatherWarningAnswer]
    sources: list[ForecastSourceAnswer]
