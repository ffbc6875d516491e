"""A real HTTP server: news only, gone, slow, endless, wrong; and what the daemon's look makes of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from support.cap import alert, info
from support.socket_servers import serving

from devices.forecast.http_source import HttpLook
from devices.forecast.mapping import shipped_mappings
from devices.forecast.source import LONGEST, Fetched, ForecastSource, merged
from facilityd.errors import UnreadableForecast
from facilityd.model.forecast import HOUR, ForecastReport
from facilityd.model.sample import NS
from facilityd.model.text import Text
from facilityd.scenario.real_runtime import free_ports

NAME = Text(zh="数值预报", en="Model")
NOW = 1_781_085_600 * NS
DATA = json.dumps({"hours": [{"at": "2026-06-10T18:00+08:00", "gust": 9}]})
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _source(url: str, **more: str) -> ForecastSource:
    return ForecastSource("f", "http", NAME, url, shipped_mappings()["facilityd"], **more)


@asynccontextmanager
async def _server(handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/hours", handler)
    async with TestServer(app, host="127.0.0.1") as running:
        yield str(running.make_url("/hours"))


async def test_it_asks_for_news_only_and_a_confirmed_forecast_is_fresh_again() -> None:
    asked: list[dict[str, str]] = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(dict(request.headers))
        tags = {"ETag": '"v1"', "Last-Modified": "Wed, 10 Jun 2026 09:00:00 GMT"}
        if request.headers.get("If-None-Match") == '"v1"':
            return web.Response(status=304, headers=tags)
        return web.Response(text=DATA, headers=tags)

    async with _server(handler) as url:
        source = _source(url, token="s3cret")
        look = HttpLook(source)
        first = merged(source, ForecastReport("f"), await look.fetch(NOW), NOW)
        later = NOW + 3 * HOUR
        second = merged(source, first, await look.fetch(later), later)
        look.forget()
        whole = await look.fetch(later)
    assert (first.age(later), second.age(later)) == (3 * HOUR, 0)
    assert second.hours == first.hours
    assert whole.parts is not None
    assert asked[0]["Authorization"] == "Bearer s3cret"
    assert asked[1]["If-Modified-Since"] == "Wed, 10 Jun 2026 09:00:00 GMT"
    assert "If-None-Match" not in asked[2]


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (404, {}, None),
        (503, {"Retry-After": "7200"}, 7200.0),
        (301, {"Location": "/elsewhere"}, None),
        (204, {}, None),
    ],
)
async def test_anything_but_an_answer_is_told(
    status: int, headers: dict[str, str], wait: float | None
) -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(status=status, headers=headers)

    async with _server(handler) as url:
        look = HttpLook(_source(url))
        with pytest.raises(UnreadableForecast, match=f"the server answers HTTP {status}"):
            await look.fetch(NOW)
    assert look.retry_after == wait


async def test_a_server_that_is_gone() -> None:
    (port,) = free_ports(1)
    with pytest.raises(UnreadableForecast, match="cannot be read") as told:
        await HttpLook(_source(f"http://127.0.0.1:{port}/hours")).fetch(NOW)
    assert "refused" in str(told.value)


async def test_a_slow_answer_is_given_up() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with serving(drip) as port:
        with pytest.raises(UnreadableForecast, match="not complete within"):
            await HttpLook(_source(f"http://127.0.0.1:{port}/hours"), timeout_s=0.3).fetch(NOW)


@pytest.mark.parametrize("head", [b"", b"Content-Encoding: gzip\r\n"], ids=["plain", "packed"])
async def test_an_endless_answer_is_cut_off(head: bytes) -> None:
    sent = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n")
        while not writer.transport.is_closing():
            writer.write(b"x" * 65_536)
            sent += 65_536
            await writer.drain()

    async with serving(flood) as port:
        with pytest.raises(UnreadableForecast, match="more than 2 MiB"):
            await HttpLook(_source(f"http://127.0.0.1:{port}/hours")).fetch(NOW)
    assert sent < 20 * LONGEST


@pytest.mark.parametrize("answer", [b"", b"\x00\xff" * 50, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"])
async def test_a_server_that_breaks_off_or_speaks_something_else(answer: bytes) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)

    async with serving(handler) as port:
        with pytest.raises(UnreadableForecast, match=r"cannot be read|no JSON"):
            await HttpLook(_source(f"http://127.0.0.1:{port}/hours")).fetch(NOW)


async def test_interim_answers_without_end() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        while not writer.transport.is_closing():
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)
            await writer.drain()

    async with serving(handler) as port:
        with pytest.raises(UnreadableForecast):
            await HttpLook(_source(f"http://127.0.0.1:{port}/hours"), timeout_s=5.0).fetch(NOW)


def test_a_bad_answer_leaves_what_was_known() -> None:
    source = _source("http://x/")
    good = merged(source, ForecastReport("f"), Fetched((("x", DATA.encode()),), NOW), NOW)
    bad = merged(source, good, Fetched((("x", b"<html>"),), NOW + HOUR), NOW + HOUR)
    assert bad.hours == good.hours
    assert bad.age(NOW + HOUR) == HOUR
    assert "x:1:1: no JSON" in bad.trouble


def test_a_forecast_from_the_future_is_not_believed() -> None:
    source = _source("http://x/")
    data = json.dumps(json.loads(DATA) | {"issued": "2026-06-10T21:30+08:00"}).encode()
    report = merged(source, ForecastReport("f"), Fetched((("x", data),), NOW), NOW)
    assert report.hours == ()
    assert "210min after now" in report.trouble


def test_what_a_broker_kept_without_a_date_is_not_used_and_with_one_it_is() -> None:
    source = _source("http://x/")
    kept = merged(source, ForecastReport("f"), Fetched((("t", DATA.encode()),), NOW, kept=True), NOW)
    assert (kept.hours, "does not say when it was made" in kept.trouble) == ((), True)
    dated = json.dumps(json.loads(DATA) | {"issued": "2026-06-10T17:00+08:00"}).encode()
    report = merged(source, kept, Fetched((("t", dated),), NOW, kept=True), NOW)
    assert (report.age(NOW), report.trouble) == (HOUR, "")


def test_warnings_over_mqtt_join_those_before_until_they_are_over() -> None:
    source = ForecastSource("w", "mqtt", NAME, "t")
    report = ForecastReport("w")
    for name in ("a-1", "a-2", "a-2"):
        part = (("t", alert(name, info()).encode()),)
        report = merged(source, report, Fetched(part, NOW, added=True), NOW)
    assert [one.key[1] for one in report.alerts] == ["a-1", "a-2"]
    broken = merged(source, report, Fetched((("t", b"<alert>"),), NOW + HOUR, added=True), NOW + HOUR)
    assert broken.alerts == report.alerts
    assert broken.trouble
    later = NOW + 30 * HOUR
    part = (("t", alert("a-3", info(), sent="2026-06-11T20:00:00+08:00").encode()),)
    assert [one.key[1] for one in merged(source, report, Fetched(part, later, added=True), later).alerts] == [
        "a-3"
    ]
