"""Section ``forecast``: where weather forecasts and official warnings come from."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from devices.forecast.mapping import ForecastMapping
from facilityd.config.fields import Name, Secret, Url, each_once
from facilityd.model.forecast import HOUR
from facilityd.model.measure import Duration, within
from facilityd.model.message import Wording
from facilityd.model.sample import NS
from facilityd.model.text import Strict
from facilityd.model.topic import BaseTopic

CAP = "cap"
DAY = 24 * HOUR
Words = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=100)], ...],
    AfterValidator(each_once),
    Field(max_length=50),
]
Validity = Annotated[Duration, AfterValidator(within(HOUR // 2, 3 * DAY))]
_OF_WARNINGS = ("areas", "events", "least")


class _SourceOfForecast(Strict):
    """What every source has."""

    name: Name | None = Field(default=None, description="of who makes it; if not given, the id")
    content: str | ForecastMapping = Field(
        default="facilityd",
        description="cap: warnings as XML; facilityd, open-meteo: forecast as JSON; or where its parts stand",
    )
    valid_for: Validity = Field(
        default=6 * HOUR, description="after this it is too old: what it would say is unknown"
    )
    areas: Words = Field(default=(), description="of warnings: parts of an area's name, or its code")
    events: Words = Field(default=(), description="of warnings: parts of what is warned of; else all")
    least: Literal["Minor", "Moderate", "Severe", "Extreme"] = Field(
        default="Minor", description="of warnings: the lowest severity"
    )

    @model_validator(mode="after")
    def _of_warnings(self) -> Self:
        for name in _OF_WARNINGS:
            if name in self.model_fields_set and self.content != CAP:
                raise ValueError(Wording("forecast.only-of-warnings", name=name))
        return self


class FileForecastConfig(_SourceOfForecast):
    """A file that another program writes; of warnings also a folder of XML files."""

    kind: Literal["file"]
    path: str = Field(min_length=1, description="relative to this file")
    every: Annotated[Duration, AfterValidator(within(NS, DAY))] = Field(
        default=60 * NS, description="how often it is looked at"
    )


class HttpForecastConfig(_SourceOfForecast):
    """A URL, asked with conditional requests."""

    kind: Literal["http"]
    url: Url
    token: Secret | None = Field(default=None, description="goes out as a bearer token")
    every: Annotated[Duration, AfterValidator(within(300 * NS, DAY))] = Field(
        default=1800 * NS, description="how often it is asked"
    )


class MqttForecastConfig(_SourceOfForecast):
    """A topic of a broker that is among the links."""

    kind: Literal["mqtt"]
    link: str
    topic: BaseTopic


ForecastConfig = Annotated[
    FileForecastConfig | HttpForecastConfig | MqttForecastConfig, Field(discriminator="kind")
]
