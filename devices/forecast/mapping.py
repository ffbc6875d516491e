"""Where the hours of a forecast stand in a provider's JSON: a table of pointers, not code."""

from __future__ import annotations

from functools import cache
from typing import Self

from pydantic import Field, model_validator

from devices.pointer import Pointer
from facilityd.model.forecast import QUANTITIES
from facilityd.model.measure import UnitName, conversion
from facilityd.model.message import Wording
from facilityd.model.shipped_data import shipped_data
from facilityd.model.text import Strict


class QuantityPlace(Strict):
    """Where a quantity stands, and in which unit."""

    at: Pointer = Field(description="JSON pointer: within a row where there are 'rows', else to a list")
    unit: UnitName = Field(default="", description="that it is in; if not given, facilityd's own")
    unit_at: Pointer = Field(default="", description="JSON pointer to the name of the unit, where it says so")


class ForecastMapping(Strict):
    """Where hours and their quantities stand: in a list of objects (``rows``), or in lists side by side."""

    rows: Pointer | None = Field(default=None, description="JSON pointer to the list of hours")
    time: Pointer = Field(description="of an hour: ISO 8601, or seconds since 1970")
    offset: Pointer = Field(default="", description="to the offset (s) of times that say none; else UTC")
    issued: Pointer = Field(default="", description="to when the forecast was made")
    temperature: QuantityPlace | None = None
    wind: QuantityPlace | None = None
    gust: QuantityPlace | None = None
    precipitation: QuantityPlace | None = None
    probability: QuantityPlace | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.places:
            raise ValueError(Wording("forecast.mapping-of-nothing", names=list(QUANTITIES)))
        for name, place in self.places.items():
            if place.unit:
                conversion(place.unit, QUANTITIES[name][0])
        return self

    @property
    def places(self) -> dict[str, QuantityPlace]:
        """The quantities that are given, by name."""
        return {name: place for name in QUANTITIES if (place := getattr(self, name)) is not None}


@cache
def shipped_mappings() -> dict[str, ForecastMapping]:
    """Return the mappings that come with facilityd, by name."""
    tables = shipped_data("devices.forecast", "mappings.yaml")
    return {name: ForecastMapping.model_validate(table) for name, table in tables.items()}
