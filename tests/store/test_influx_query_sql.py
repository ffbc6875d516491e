"""InfluxDB asked in SQL, and over years and reconnections."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler

import pytest
from support.influx_server import RECORDED, SERIES, T0, TOKEN, client, say, server

from facilityd.errors import UsageError
from facilityd.model.quality import Reason
from facilityd.model.sample import SignalType, Stream
from facilityd.store.influx_history import FluxSource, InfluxHistory, SqlSource, open_source
from facilityd.store.influx_points import (
    InfluxSeries,
)

pytestmark = pytest.mark.usefixtures("closed_clients")


def test_a_connection_that_the_server_let_go_is_opened_again() -> None:
    def closing(to: BaseHTTPRequestHandler) -> None:
        say(200, RECORDED)(to)
        to.close_connection = True  # without having said so

    with server(closing) as (url, asked):
        source = FluxSource(client(url))
        assert source.points(SERIES, T0, T0 + 10) == source.points(SERIES, T0, T0 + 10)
    assert len(asked) == 2


# InfluxDB 3, by its documentation ---------------------------------------------------------------------


def test_the_version_says_which_language_is_spoken() -> None:
    for version, kind in (("v2.7.12", FluxSource), ("dev", FluxSource), ("3.9.1", SqlSource)):
        body = json.dumps({"version": version, "revision": "abc123def", "process_id": "1"})
        with server(say(200, body, X_Influxdb_Version=version)) as (url, asked):
            assert type(open_source(client(url))) is kind
        assert asked[0][0] == "/ping"
    with server(say(200, "<html>")) as (url, _), pytest.raises(UsageError, match="no InfluxDB"):
        open_source(client(url))
    with server(say(401, "")) as (url, _), pytest.raises(UsageError, match="does not know this token"):
        open_source(client(url))


def sql_server(to: BaseHTTPRequestHandler) -> None:
    """Answers as InfluxDB 3 does to format=jsonl: a row on a line, no zone, nulls left out or told."""
    asked = json.loads(to.server.asked[-1][2])  # type: ignore[attr-defined]
    if "information_schema" in asked["q"]:
        rows = [{"column_name": name} for name in ("bad", "device", "power", "site", "time", "unit")]
    else:
        rows = [
            {"time": "2026-09-21T14:14:00.000000001", "bad": "power:timeout"},
            {"time": "2026-09-21T14:14:01", "power": 1.5, "bad": None},
            {"time": "2026-09-21T14:14:02", "bad": "other:timeout"},
            {"time": "2026-09-21T14:14:02.500", "power": 2},
        ]
    say(200, "".join(json.dumps(row) + "\n" for row in rows), Content_Type="application/jsonl")(to)


def test_sql_asks_for_the_same_and_reads_the_same() -> None:
    with server(sql_server) as (url, asked):
        source = SqlSource(client(url))
        points = source.points(SERIES, T0, T0 + 10)
        source.first(SERIES, T0, T0 + 10)
    assert points == [
        (T0 + 1, None, Reason.TIMEOUT),
        (T0 + 10**9, 1.5, None),
        (T0 + 2_500_000_000, 2.0, None),
    ]
    columns, rows, first = (json.loads(body) for _, _, body in asked)
    assert [path for path, _, _ in asked] == ["/api/v3/query_sql"] * 3, "columns are asked for once"
    assert asked[0][1]["Authorization"] == f"Bearer {TOKEN}"
    assert columns["params"] == {"table": "meter"}
    assert (rows["db"], rows["format"]) == ("telemetry", "jsonl")
    assert rows["params"] == {"site": "yard", "device": "gate", "unit": "m1"}
    assert rows["q"] == (
        'SELECT time, "power", "bad" FROM "meter" WHERE "site" = $site AND "device" = $device AND "unit" = $unit'
        f" AND time >= to_timestamp_nanos({T0}) AND time < to_timestamp_nanos({T0 + 10})"
        ' AND ("power" IS NOT NULL OR "bad" IS NOT NULL) ORDER BY time'
    )
    assert first["q"] == rows["q"] + " LIMIT 1"


def test_a_table_that_is_not_there_yet_holds_nothing() -> None:
    with server(say(200, "")) as (url, _):
        assert SqlSource(client(url)).points(SERIES, T0, T0 + 10) == []
    for body in ('{"time": "2026"}\n', "[1]\n", "<html>\n"):
        with server(say(200, body)) as (url, _), pytest.raises(UsageError, match="not what was asked for"):
            SqlSource(client(url)).points(SERIES, T0, T0 + 10)


# Reading ----------------------------------------------------------------------------------------------


class _Points:
    """A source of few points, which counts what it is asked."""

    def __init__(self, ats: list[int]) -> None:
        self.ats, self.asked = ats, 0

    def points(self, series: InfluxSeries, since: int, until: int) -> list:
        self.asked += 1
        return [(at, 1.0, None) for at in self.ats if since <= at < until]

    def first(self, series: InfluxSeries, since: int, until: int) -> int | None:
        self.asked += 1
        return min((at for at in self.ats if since <= at < until), default=None)


def test_years_without_anything_cost_a_step_and_no_page_is_read_twice() -> None:
    stream = Stream("gate", "meter", "m1", "l", ("power",), (SignalType.FLOAT,), 10**9)
    day = 86_400 * 10**9
    source = _Points([T0, T0 + 1, T0 + 3000 * day, T0 + 3000 * day + 5])
    found = InfluxHistory(source, "yard", [stream, stream])
    points = list(found.history("gate", "power", T0 - 3000 * day, T0 + 6000 * day))
    assert [at for at, _, _ in points] == source.ats
    assert source.asked < 12
    assert list(found.history("gate", "voltage", T0, T0 + day)) == []
