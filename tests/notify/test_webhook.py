"""A real HTTP server on loopback answers as servers do."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from support.notification_fixtures import notice

from facilityd.model.notice import DeliveryOutcome, DeliveryResult, SendFailure
from facilityd.model.sample import NS
from facilityd.notify.webhook import Webhook

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def server(handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/hook/s3cret-path", handler)
    async with TestServer(app, host="127.0.0.1") as running:
        yield str(running.make_url("/hook/s3cret-path"))


async def _answered(status: int, text: str = "", **headers: str) -> DeliveryResult:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(
            status=status, text=text, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )

    async with server(handler) as url:
        return await Webhook(url, "t0ken", timeout_s=2.0).send(notice())


async def test_what_arrives() -> None:
    seen = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((dict(request.headers), await request.json()))
        return web.Response(status=204)

    async with server(handler) as url:
        assert await Webhook(url, "t0ken").send(notice()) == DeliveryResult(DeliveryOutcome.ACCEPTED)
    headers, body = seen[0]
    assert headers["Idempotency-Key"] == "hoist/drag/1/raised/li/li-1/5"
    assert headers["Authorization"] == "Bearer t0ken"
    assert body == {
        "key": "hoist/drag/1/raised/li/li-1/5", "purpose": "raised", "recipient": "li", "language": "zh",
        "subject": "【紧急】国旗旗杆：抱闸拖滞", "body": "电机电流 12.5 A\n先做：停机", "device": "hoist", "rule": "drag",
        "occurrence": 1, "priority": 4, "at_ns": 1_790_000_000_000_000_000,
        "alarms": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (200, "accepted"), (202, "accepted"), (302, "rejected"), (400, "rejected"), (401, "rejected"),
        (404, "rejected"), (408, "transient"), (429, "transient"), (500, "transient"), (503, "transient"),
        (504, "unknown"),
    ],
)  # fmt: skip
async def test_the_status_decides(status: int, result: str) -> None:
    outcome = await _answered(status, Location="/elsewhere")
    assert outcome.result == result
    assert outcome.final is (result in ("accepted", "rejected"))


async def test_a_refusal_says_what_the_server_said_and_keeps_secrets() -> None:
    outcome = await _answered(400, "no such room\n for token t0ken " + "x" * 5000)
    assert outcome.reason.startswith("HTTP 400 no such room for token *** xxx")
    assert len(outcome.reason) < 230


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry_After": "90"}, 90 * NS),
        ({"Retry_After": "Wed, 21 Oct 2026 07:30:00 GMT", "Date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 120 * NS),
        ({"Retry_After": "Wed, 21 Oct 2026 07:00:00 GMT", "Date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 0),
        ({"Retry_After": "soon"}, None),
        ({}, None),
    ],
)
async def test_retry_after_in_both_forms(headers: dict[str, str], wait: int | None) -> None:
    assert (await _answered(429, **headers)).retry_after == wait


@pytest.mark.parametrize(
    ("text", "kind", "result"),
    [
        ("<!DOCTYPE html><html><title>Please log in</title>", "text/html; charset=utf-8", "rejected"),
        ('<?xml version="1.0"?>\n<html xmlns="x">', "application/xhtml+xml", "rejected"),
        ("ok", "text/html", "accepted"),  # what many a small receiver answers
        ('{"text": "<html>"}', "application/json", "accepted"),
    ],
)
async def test_a_login_page_is_no_receiver(text: str, kind: str, result: str) -> None:
    said = await _answered(200, text, Content_Type=kind)
    assert said.result == result
    assert (said.failure is SendFailure.WEB_PAGE) == (result == "rejected")


async def test_a_server_that_hangs_may_have_taken_it() -> None:
    release = asyncio.Event()

    async def handler(_: web.Request) -> web.Response:
        await release.wait()
        return web.Response()

    async with server(handler) as url:
        outcome = await Webhook(url, timeout_s=0.2).send(notice())
        release.set()
    assert outcome == DeliveryResult(
        DeliveryOutcome.UNKNOWN, "no answer in time", failure=SendFailure.TIMEOUT
    )


async def test_a_connection_that_breaks_may_have_taken_it() -> None:
    async def handler(request: web.Request) -> web.Response:
        request.transport.abort()
        return web.Response()

    async with server(handler) as url:
        outcome = await Webhook(url).send(notice())
    assert outcome.result is DeliveryOutcome.UNKNOWN
    assert outcome.reason.startswith("the connection broke")


async def test_nobody_there_certainly_did_not_take_it_and_the_url_is_not_told() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    outcome = await Webhook(f"http://127.0.0.1:{port}/hook/s3cret-path", "t0ken").send(notice())
    assert outcome.result is DeliveryOutcome.TRANSIENT
    assert outcome.reason.startswith("cannot connect: ")
    assert "s3cret" not in outcome.reason


async def test_an_impossible_url_is_refused_without_being_told() -> None:
    outcome = await Webhook("http://:bad:s3cret/").send(notice())
    assert outcome == DeliveryResult(
        DeliveryOutcome.REJECTED, "the URL is not valid", failure=SendFailure.ADDRESS
    )
