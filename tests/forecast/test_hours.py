"""Forecasts out of providers' JSON: our own shape, Open-Meteo's, one that a site maps, and nonsense."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.forecast.hours import read_hours
from devices.forecast.mapping import ForecastMapping, shipped_mappings
from facilityd.errors import UnreadableForecast
from facilityd.model.forecast import HOUR, ForecastHour, ForecastReport, Outlook
from facilityd.model.sample import NS

OWN, METEO = shipped_mappings()["facilityd"], shipped_mappings()["open-meteo"]
AT = round(datetime.fromisoformat("2026-06-10T18:00+08:00").timestamp()) * NS
METEO_DATA: dict[str, Any] = {
    "latitude": 39.9, "utc_offset_seconds": 28800, "timezone": "Asia/Shanghai",
    "hourly_units": {"time": "iso8601", "temperature_2m": "°C", "wind_speed_10m": "km/h",
                     "wind_gusts_10m": "km/h", "precipitation_probability": "%"},
    "hourly": {"time": ["2026-06-10T18:00", "2026-06-10T19:00"], "temperature_2m": [21.4, 20.1],
               "wind_speed_10m": [18.0, 36.0], "wind_gusts_10m": [36.0, None],
               "precipitation_probability": [10, 20]},
}  # fmt: skip


def _read(data: object, mapping: ForecastMapping = OWN) -> tuple[int | None, tuple[ForecastHour, ...]]:
    content = data if isinstance(data, bytes) else json.dumps(data).encode()
    return read_hours(content, "f.json", mapping)


def test_our_own_shape() -> None:
    issued, hours = _read({"issued": "2026-06-10T17:00+08:00", "hours": [
        {"at": "2026-06-10T19:00+08:00", "gust": 12}, {"at": "2026-06-10T18:00+08:00", "temperature": -1.5},
    ]})  # fmt: skip
    assert issued == AT - HOUR
    assert [one.at for one in hours] == [AT, AT + HOUR]
    assert (hours[0].values["temperature"], hours[0].values["gust"]) == (-1.5, None)
    assert hours[1].values["gust"] == 12


def test_open_meteo_as_it_answers() -> None:
    issued, hours = _read(METEO_DATA, METEO)
    assert issued is None
    assert [one.at for one in hours] == [AT, AT + HOUR]
    assert hours[0].values == {"temperature": 21.4, "wind": 5.0, "gust": 10.0, "probability": 10.0}
    assert hours[1].values["gust"] is None


@pytest.mark.parametrize(("unit", "shown"), [("m/s", 36.0), ("kn", 18.52), ("mp/h", 16.093)])
def test_the_unit_that_the_document_names_is_believed(unit: str, shown: float) -> None:
    data = METEO_DATA | {"hourly_units": METEO_DATA["hourly_units"] | {"wind_gusts_10m": unit}}
    assert _read(data, METEO)[1][0].values["gust"] == pytest.approx(shown, abs=0.001)


def test_seconds_since_1970_are_times_too() -> None:
    data = METEO_DATA | {"hourly": METEO_DATA["hourly"] | {"time": [AT // NS, AT // NS + 3600]}}
    assert [one.at for one in _read(data, METEO)[1]] == [AT, AT + HOUR]


def test_a_site_maps_a_shape_of_its_own() -> None:
    mapping = ForecastMapping.model_validate(
        {"rows": "/list", "time": "/dt", "temperature": {"at": "/main/temp", "unit": "K"},
         "gust": {"at": "/wind/gust"}}
    )  # fmt: skip
    data = {"list": [{"dt": AT // NS, "main": {"temp": 273.15}, "wind": {"gust": 9.1}}]}
    ((hour,),) = _read(data, mapping)[1:]
    assert hour.values["temperature"] == pytest.approx(0.0, abs=0.001)
    assert hour.values["gust"] == 9.1


@pytest.mark.parametrize("value", [9999, -999, 1e308, float("inf"), float("nan"), 10**400])
def test_what_no_weather_is_has_no_value(value: float) -> None:
    (hour,) = _read({"hours": [{"at": "2026-06-10T18:00Z", "gust": value}]})[1]
    assert hour.values["gust"] is None


@pytest.mark.parametrize(("content", "where"), [
    (b"", r"f\.json:1:1: no JSON"), (b"{", r"f\.json:1:2: no JSON"), (b'{"hours": [\n  {"at": }]}', r"f\.json:2:10: "),
    (b'{"hours": "\xff"}', r"f\.json:1:12: it is not UTF-8"), (b"[" * 50_000, r"f\.json: the JSON is nested"),
    (b'{"hours": ' + b"9" * 5000 + b"}", r"f\.json: the JSON"), (b"{}", "f.json#/hours: a list"),
    (b'{"hours": []}', "f.json#/hours: it has no hours"), (b'{"hours": [7]}', "f.json#/hours/0/at: a time"),
    (b'{"hours": [{"at": "tomorrow"}]}', "f.json#/hours/0/at: a time"),
    (b'{"hours": [{"at": true}]}', "f.json#/hours/0/at: a time"), (b'{"hours": [{"at": 1e300}]}', "f.json#/hours/0/at"),
    (b'{"hours": [{"at": "2026-06-10T18:00Z", "gust": "12"}]}', "f.json#/hours/0: gust should be a number"),
    (b'{"hours": [{"at": 1}' + b', {"at": 1}' * 1000 + b"]}", "f.json#/hours: more than 1000 hours"),
])  # fmt: skip
def test_nonsense_is_refused_with_its_place(content: bytes, where: str) -> None:
    with pytest.raises(UnreadableForecast, match=where):
        _read(content)


@pytest.mark.parametrize(("change", "where"), [
    ({"hourly": METEO_DATA["hourly"] | {"wind_gusts_10m": [1]}}, "1 values here, and 2 times"),
    ({"hourly_units": {"wind_gusts_10m": "m**9999999"}}, "does not convert to m/s"),
    ({"utc_offset_seconds": "8"}, "offset should be a number"), ({"hourly": None}, "/hourly/time: a list"),
    ({"error": True, "hourly": {}}, "/hourly/time: a list"),
])  # fmt: skip
def test_what_a_provider_changed_is_told(change: dict[str, Any], where: str) -> None:
    with pytest.raises(UnreadableForecast, match=where):
        _read(METEO_DATA | change, METEO)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
)


@given(_JSON, _JSON)
def test_no_document_does_harm(rows: object, issued: object) -> None:
    for data, mapping in (({"hours": rows, "issued": issued}, OWN), ({"hourly": rows}, METEO), (rows, OWN)):
        with suppress(UnreadableForecast):
            assert _read(data, mapping)[1]


def _report(*values: tuple[int, float | None], seen: int = AT, quantity: str = "gust") -> ForecastReport:
    hours = tuple(ForecastHour(AT + shift * HOUR, {quantity: value}) for shift, value in values)
    return ForecastReport("f", seen, hours=hours)


def _gust(report: ForecastReport, at: int = AT + HOUR // 2, now: int = AT) -> float | None:
    found = Outlook(now, [(report, 6 * HOUR)]).highest("gust", at)
    return found[0] if found else None


def test_the_gust_at_an_instant_is_the_highest_of_the_hours_around_it() -> None:
    assert _gust(_report((0, 8.0), (1, 12.0), (2, 30.0))) == 12.0


def test_nothing_is_guessed() -> None:
    assert _gust(_report((0, 8.0))) is None, "the hour after is not forecast"
    assert _gust(_report((0, None), (1, None))) is None
    assert _gust(_report((0, 8.0), (1, 12.0)), now=AT + 7 * HOUR) is None, "too old"
    assert _gust(_report()) is None
    assert _gust(_report((0, 8.0), (4, 12.0)), at=AT + 2 * HOUR) is None


def test_the_lowest_of_a_night_is_known_only_where_every_hour_is() -> None:
    def lowest(*values: tuple[int, float | None]) -> float | None:
        report = _report(*values, quantity="temperature")
        found = Outlook(AT, [(report, 6 * HOUR)]).lowest("temperature", AT, AT + 3 * HOUR)
        return found[0] if found else None

    assert lowest((0, 3.0), (1, 1.0), (2, -0.5), (3, 2.0)) == -0.5
    assert lowest((0, 3.0), (1, 1.0), (2, -0.5)) is None, "its end is not forecast"
    assert lowest((0, 3.0), (1, None), (2, -0.5), (3, 2.0)) is None


def test_of_several_forecasts_the_graver_counts() -> None:
    pairs = [(_report((0, 8.0), (1, 9.0)), 6 * HOUR), (_report((0, 7.0), (1, 14.0)), 6 * HOUR)]
    found = Outlook(AT, pairs).highest("gust", AT)
    assert found is not None
    assert found[0] == 14.0


@pytest.mark.parametrize("mapping", [OWN, METEO])
def test_a_report_is_the_same_after_the_journal(mapping: ForecastMapping) -> None:
    data: object = METEO_DATA if mapping is METEO else {"hours": [{"at": "2026-06-10T18:00Z", "gust": 3}]}
    issued, hours = _read(data, mapping)
    report = ForecastReport("f", AT, issued, hours)
    again = ForecastReport.from_plain(json.loads(json.dumps(report.plain())))
    assert again.plain() == ForecastReport.from_plain(again.plain()).plain()
    assert [one.values.get("gust") for one in again.hours] == [one.values.get("gust") for one in hours]
