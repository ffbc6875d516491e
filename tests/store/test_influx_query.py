"""What is asked of an InfluxDB and what its answer means; servers that are gone, slow, foreign or hostile.

Flux is also tried on a real server (tests/query/test_backends.py). InfluxDB 3 is not: no build of it could be
had here, so statements and answers are held to what its documentation shows.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.influx_server import RECORDED, SERIES, T0, TOKEN, client, say, server

from facilityd.errors import UsageError
from facilityd.model.message import spoken
from facilityd.model.quality import Reason
from facilityd.model.sample import SignalType
from facilityd.store.influx_history import FluxSource
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

pytestmark = pytest.mark.usefixtures("closed_clients")


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
    assert f"sinks.influx (127.0.0.1:{port}, bucket telemetry): InfluxDB cannot be reached" in str(error)
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
