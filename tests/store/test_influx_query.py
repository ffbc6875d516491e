"""What is asked of an InfluxDB and what its answer means; servers that are gone, slow, foreign or hostile.

Flux is also tried on a real server (tests/query/test_backends.py). InfluxDB 3 is not: no build of it could be
had here, so statements and answers are held to what its documentation shows.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facilityd.errors import UsageError
from facilityd.model.message import spoken
from facilityd.model.quality import Reason
from facilityd.model.sample import SignalType, Stream
from facilityd.model.settings import InfluxSettings
from facilityd.store.influx_history import FluxSource, InfluxHistory, SqlSource, open_source
from facilityd.store.influx_points import (
    InfluxSeries,
    PointCollector,
    bad_reason,
    flux_query,
    flux_rows,
    flux_table,
    flux_text,
    read_instant,
    sql_name,
    sql_query,
)
from facilityd.store.influx_query import InfluxQueryClient

TOKEN = "very-secret-token-9"
T0 = 1_790_000_040_000_000_000
SERIES = InfluxSeries("meter", "yard", "gate", "m1", "power", SignalType.FLOAT)
RECORDED = (
    ",result,table,_time,_value,_field\r\n"
    ",_result,0,2026-09-21T14:14:00.000000001Z,power:timeout,bad\r\n"
    ",_result,0,2026-09-21T14:14:03Z,*:link-down,bad\r\n"
    "\r\n"
    ",result,table,_time,_value,_field\r\n"
    ",_result,1,2026-09-21T14:14:01Z,1.5,power\r\n"
    ",_result,1,2026-09-21T14:14:02.5Z,2,power\r\n"
    "\r\n"
)
"""What influxd 2.7.12 answered, word for word."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def _both(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        self.server.asked.append((self.path, dict(self.headers), self.rfile.read(size)))  # type: ignore[attr-defined]
        self.server.script(self)  # type: ignore[attr-defined]

    do_GET = do_POST = _both


@contextmanager
def server(script: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[tuple[str, list]]:
    made = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    made.daemon_threads = True
    made.script, made.asked = script, []  # type: ignore[attr-defined]
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{made.server_port}", made.asked  # type: ignore[attr-defined]
    finally:
        made.shutdown()
        made.server_close()


def say(status: int, body: str, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def script(to: BaseHTTPRequestHandler) -> None:
        to.send_response(status)
        for name, value in {"Content_Length": str(len(body.encode())), **headers}.items():
            to.send_header(name.replace("_", "-"), value)
        to.end_headers()
        to.wfile.write(body.encode())

    return script


_MADE: list[InfluxQueryClient] = []


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    while _MADE:
        _MADE.pop().close()


def client(url: str, **options: float) -> InfluxQueryClient:
    made = InfluxQueryClient(InfluxSettings("influx", url, "square", "telemetry", TOKEN), **options)
    _MADE.append(made)
    return made


def refusal(url: str, **options: float) -> UsageError:
    with pytest.raises(UsageError) as found:
        FluxSource(client(url, **options)).points(SERIES, T0, T0 + 10)
    shown = f"{found.value} {found.value.hint} {found.value.__cause__}"
    assert TOKEN not in shown
    return found.value


def test_what_flux_answers_becomes_points() -> None:
    with server(say(200, RECORDED)) as (url, asked):
        points = FluxSource(client(url)).points(SERIES, T0, T0 + 10)
    assert points == [
        (T0 + 1, None, Reason.TIMEOUT), (T0 + 10**9, 1.5, None), (T0 + 2_500_000_000, 2.0, None),
        (T0 + 3 * 10**9, None, Reason.LINK_DOWN),
    ]  # fmt: skip
    path, headers, body = asked[0]
    assert path == "/api/v2/query?org=square"
    assert headers["Authorization"] == f"Token {TOKEN}"
    assert body.decode() == flux_query("telemetry", SERIES, T0, T0 + 10)
    assert f"range(start: time(v: {T0}), stop: time(v: {T0 + 10}))" in body.decode()


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (SignalType.FLOAT, "5", 5.0), (SignalType.INT, "-3", -3), (SignalType.ENUM, "2", 2),
        (SignalType.BOOL, "true", True), (SignalType.BOOL, "false", False), (SignalType.TEXT, '升旗 "A"', '升旗 "A"'),
    ],
)  # fmt: skip
def test_a_value_has_its_signals_type(kind: SignalType, text: str, value: object) -> None:
    found = PointCollector(InfluxSeries("f", "s", "d", "u", "x", kind))
    found.add(5, "x", text)
    ((at, read, reason),) = found.points()
    assert (at, read, type(read), reason) == (5, value, type(value), None)


@pytest.mark.parametrize("kind", [SignalType.INT, SignalType.BOOL, SignalType.FLOAT])
def test_what_somebody_else_wrote_under_our_name_is_no_value(kind: SignalType) -> None:
    found = PointCollector(InfluxSeries("f", "s", "d", "u", "x", kind))
    found.add(5, "x", "north")
    found.add(6, "y", "1")
    assert list(found.points()) == [(5, None, Reason.WRONG_TYPE)]


def test_reasons_are_of_the_one_signal() -> None:
    assert bad_reason("a:timeout,power:unknown-code-7", "power") == Reason.unknown(7)
    assert bad_reason("a:timeout,power2:no-value", "power") is None
    assert bad_reason("*:link-down", "power") is Reason.LINK_DOWN
    assert bad_reason("power:what-no-version-knows", "power") is Reason.DAMAGED


@given(st.integers(0, 4_000_000_000), st.integers(0, 999_999_999))
def test_an_instant_is_read_to_the_last_digit(seconds: int, fraction: int) -> None:
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    digits = f"{fraction:09d}".rstrip("0")
    for shown in (f"{text}.{digits}Z" if digits else f"{text}Z", f"{text}.{fraction:09d}"):
        assert read_instant(shown) == seconds * 10**9 + fraction


def test_no_name_says_anything_else_in_a_statement() -> None:
    wild = 'a" or true) // ${secret} \\'
    assert flux_text(wild) == '"a\\" or true) // \\${secret} \\\\"'
    assert sql_name('a" or "1') == '"a"" or ""1"'
    series = InfluxSeries('f"', wild, "d", "u", 'x"', SignalType.FLOAT)
    assert 'FROM "f""" WHERE' in sql_query(series, ['x"'], 1, 2)
    assert "secret" not in sql_query(series, ["x"], 1, 2), "tags are parameters"


def test_an_error_in_the_middle_of_an_answer_is_no_end_of_it() -> None:
    body = RECORDED + "error,reference\r\nmemory allocation limit reached,897\r\n"
    with server(say(200, body)) as (url, _):
        assert "memory allocation limit" in str(refusal(url))
    with pytest.raises(ValueError, match="is not in list"):
        list(flux_rows(["<html>"]))
    with pytest.raises(ValueError, match="is not in list"):
        list(flux_table(["<html>"], ("points",)))


@pytest.mark.parametrize(
    "end",
    [
        ",_result,1,2026-09-21T14:14:01Z,1.5",
        ",_result,1,2026-09-21T14:14:01Z,1.5,power,",
        "\r\nerror,reference",
    ],
)
def test_a_part_of_an_answer_is_no_data(end: str) -> None:
    lines = (RECORDED.removesuffix("\r\n") + end).split("\r\n")
    assert len(list(flux_rows(RECORDED.split("\r\n")))) == 4
    with pytest.raises(ValueError, match=r"values for|error"):
        list(flux_rows(lines))


@pytest.mark.parametrize(
    ("status", "body", "said", "hint"),
    [
        (401, '{"code":"unauthorized","message":"unauthorized access"}', "不认此令牌", "sinks.influx.token"),
        (403, f'{{"message":"{TOKEN} may not"}}', "不允许此令牌读取", "telemetry"),
        (404, '{"message":"could not find bucket \\"telemetry\\""}', "没有存储桶 'telemetry'", "sinks.influx.bucket"),
        (400, '{"message":"failed to decode request body: organization name \\"square\\" not found"}', "没有组织", "org"),
        (500, f'{{"message":"{TOKEN} broke"}}', "HTTP 500）：*** broke", ""),
        (302, "", "HTTP 302", ""),
    ],
)  # fmt: skip
def test_a_refusal_says_what_to_do(status: int, body: str, said: str, hint: str) -> None:
    with server(say(status, body, Location="http://127.0.0.1:9/")) as (url, asked):
        error = refusal(url)
    assert len(asked) == 1, "no redirect is followed: the token would go along"
    assert said in spoken(error, "zh")
    assert hint in spoken(error, "zh")
    assert spoken(error, "en") != spoken(error, "zh")


def test_a_server_that_is_gone() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = refusal(f"http://127.0.0.1:{port}")
    assert "InfluxDB cannot be reached" in str(error)
    assert "sinks.influx.url" in error.hint


def test_a_server_that_says_nothing_or_drips() -> None:
    stop = threading.Event()

    def nothing(_: BaseHTTPRequestHandler) -> None:
        stop.wait(20)

    def drip(to: BaseHTTPRequestHandler) -> None:
        say(200, "", Content_Length="100000")(to)
        while not stop.wait(0.01):
            to.wfile.write(b"x")

    for script in (nothing, drip):
        with server(script) as (url, _):
            error = refusal(url, quiet=0.2, longest=0.3)
            assert "has not answered within" in str(error)
            assert "shorter span" in error.hint
            stop.set()
        stop.clear()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (
            say(200, RECORDED.partition("\r\n\r\n")[0] + "\r\n", Content_Length="400", Connection="close"),
            "in the middle",
        ),
        (say(200, "x" * 300_000), "not what was asked"),
        (say(200, "<html>log in</html>"), "not what was asked"),
    ],
)
def test_what_is_no_answer_is_no_data(script: Callable[[BaseHTTPRequestHandler], None], said: str) -> None:
    def closing(to: BaseHTTPRequestHandler) -> None:
        script(to)
        to.close_connection = True

    with server(closing) as (url, _):
        assert said in str(refusal(url))


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
