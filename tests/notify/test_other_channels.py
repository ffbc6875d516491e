"""ntfy, MQTT, signed webhooks and what apprise knows: over real sockets, with a real broker where there is one."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from support.mosquitto import Mosquitto
from support.notification_fixtures import notice
from support.raw_http import RawResponse, raw_server

from facilityd.model.notice import DeliveryOutcome, DeliveryResult, Purpose, SendFailure
from facilityd.model.settings import ChannelSettings
from facilityd.notify.apprise_bounds import MOST
from facilityd.notify.apprise_channel import AppriseChannel
from facilityd.notify.channels import build
from facilityd.notify.mqtt_channel import MqttChannel
from facilityd.notify.ntfy import Ntfy
from facilityd.notify.webhook import Webhook, signature


@dataclass
class Hearer:
    """An HTTP server that takes everything down, and answers as scripted."""

    answers: deque[tuple[int, str]] = field(default_factory=deque)
    heads: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    usual: str = '{"id": "x1"}'

    async def serve(self, request: web.Request) -> web.Response:
        self.heads.append(dict(request.headers))
        self.bodies.append(await request.read())
        status, text = self.answers.popleft() if self.answers else (200, self.usual)
        return web.Response(status=status, text=text)


@asynccontextmanager
async def hearing() -> AsyncIterator[tuple[Hearer, str]]:
    hearer, app = Hearer(), web.Application()
    app.router.add_post("/{path:.*}", hearer.serve)
    async with TestServer(app) as server:
        yield hearer, str(server.make_url("/"))


async def test_ntfy_says_what_it_took() -> None:
    async with hearing() as (hearer, url):
        ntfy = Ntfy(url=url, topic="square", token="t0ken")
        assert (await ntfy.send(notice())).result is DeliveryOutcome.ACCEPTED
        said = json.loads(hearer.bodies[0])
        assert (said["topic"], said["title"], said["priority"]) == ("square", notice().subject, 5)
        assert hearer.heads[0]["Authorization"] == "Bearer t0ken"
        await ntfy.send(notice(body="电" * 3000))
        assert len(json.loads(hearer.bodies[1])["message"].encode()) <= 4000


@pytest.mark.parametrize(
    ("status", "body", "result", "failure"),
    [(200, "<html>", "REJECTED", "WEB_PAGE"), (401, "", "REJECTED", "LOGIN"), (403, "", "REJECTED", "LOGIN"),
     (404, "", "REJECTED", "ADDRESS"), (429, "", "TRANSIENT", "BUSY"), (507, "", "TRANSIENT", "SERVER")],
)  # fmt: skip
async def test_ntfy_that_takes_nothing(status: int, body: str, result: str, failure: str) -> None:
    async with hearing() as (hearer, url):
        hearer.answers.append((status, body))
        found = await Ntfy(url=url, topic="square").send(notice())
        assert (found.result, found.failure) == (DeliveryOutcome[result], SendFailure[failure])


async def test_a_signed_webhook_proves_who_posts_what_and_when() -> None:
    async with hearing() as (hearer, url):
        hook = Webhook(url=url, secret="s3cret", now=lambda: 1_790_000_000.9)
        assert (await hook.send(notice())).result is DeliveryOutcome.ACCEPTED
        head, body = hearer.heads[0], hearer.bodies[0]
        mac = hmac.new(b"s3cret", b"1790000000." + body, hashlib.sha256).hexdigest()
        assert head["X-Facilityd-Timestamp"] == "1790000000"
        assert head["X-Facilityd-Signature"] == f"sha256={mac}"
        assert head["Idempotency-Key"] == notice().key
        assert (
            signature("another", "1790000000", body)["X-Facilityd-Signature"] != head["X-Facilityd-Signature"]
        )


async def test_what_apprise_knows_by_its_url() -> None:
    async with hearing() as (hearer, url):
        port = url.rsplit(":", 1)[1].strip("/")
        channel = AppriseChannel(token=f"json://127.0.0.1:{port}/")
        assert (await channel.send(notice())).result is DeliveryOutcome.ACCEPTED
        assert json.loads(hearer.bodies[0])["title"] == notice().subject
        hearer.answers.append((500, "no"))
        found = await channel.send(notice())
        assert found.result is DeliveryOutcome.TRANSIENT, "nothing that apprise says is final"
    assert await AppriseChannel(token="nonsense").send(notice()) == DeliveryResult(
        DeliveryOutcome.REJECTED, "apprise knows no such URL", failure=SendFailure.ADDRESS
    )


async def test_a_service_that_does_not_answer_is_unknown_and_the_loop_goes_on() -> None:
    async def hang(_: web.Request) -> web.Response:
        await asyncio.sleep(60)
        return web.Response()

    app = web.Application()
    app.router.add_post("/{path:.*}", hang)
    async with TestServer(app, shutdown_timeout=0.1) as server:
        channel = AppriseChannel(token=f"json://127.0.0.1:{server.port}/?rto=1&cto=1", timeout_s=0.2)
        found = await channel.send(notice())
    assert (found.result, found.failure) == (DeliveryOutcome.UNKNOWN, SendFailure.TIMEOUT)


async def test_of_an_answer_to_apprise_no_more_than_enough_is_read() -> None:
    async def pour(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(64):
            await answer.write(bytes(MOST // 16))
        return answer

    app = web.Application()
    app.router.add_post("/{path:.*}", pour)
    async with TestServer(app, shutdown_timeout=0.1) as server:
        found = await AppriseChannel(token=f"json://127.0.0.1:{server.port}/").send(notice())
    assert (found.result, found.failure) == (DeliveryOutcome.TRANSIENT, SendFailure.REFUSED)


async def test_services_that_never_answer_keep_no_other_service_from_answering() -> None:
    async with raw_server() as silent, raw_server() as sound:
        silent.always = RawResponse(b"", then="stay")
        url = silent.url.replace("http", "json")
        slow = [AppriseChannel(token=f"{url}?rto=60", timeout_s=0.3) for _ in range(8)]
        for attempt in (DeliveryOutcome.UNKNOWN, DeliveryOutcome.TRANSIENT):
            found = await asyncio.gather(*(channel.send(notice()) for channel in slow))
            assert {(one.result, one.failure) for one in found} == {(attempt, SendFailure.TIMEOUT)}
        other = AppriseChannel(token=sound.url.replace("http", "json"))
        assert (await other.send(notice())).result is DeliveryOutcome.ACCEPTED


async def test_a_state_is_kept_for_each_alarm_and_every_notice_is_an_event(tmp_path: Path) -> None:
    async with Mosquitto(tmp_path) as broker:
        port = broker.port
        channel = MqttChannel(host="127.0.0.1", port=port, prefix="square/alarms")
        heard: list[Any] = []
        async with aiomqtt.Client("127.0.0.1", port) as early:
            await early.subscribe("square/alarms/event", qos=1)
            cleared = replace(notice(key="k2", subject="【已恢复】"), purpose=Purpose.CLEARED)
            for one in (notice(), cleared):
                assert (await channel.send(one)).result is DeliveryOutcome.ACCEPTED
            async with asyncio.timeout(5):
                async for message in early.messages:
                    heard.append(json.loads(message.payload))
                    if len(heard) == 2:
                        break
        assert [(one["purpose"], one["active"]) for one in heard] == [("raised", True), ("cleared", False)]
        async with aiomqtt.Client("127.0.0.1", port) as late:
            await late.subscribe("square/alarms/#", qos=1)
            async with asyncio.timeout(5):
                async for message in late.messages:
                    assert (str(message.topic), message.retain) == ("square/alarms/alarm/hoist/drag", True)
                    assert json.loads(message.payload)["key"] == "k2", "who comes late sees how it is now"
                    break
    found = await channel.send(notice())
    assert (found.result, found.failure) == (DeliveryOutcome.TRANSIENT, SendFailure.CONNECTION)


def test_every_kind_is_built_with_what_its_settings_have() -> None:
    url = {"url": "http://h/x", "token": "t"}
    kinds = {
        "wecom-robot": url | {"mobiles": ("1",), "users": ()},
        "dingtalk-robot": url | {"secret": "s"},
        "feishu-robot": url | {"secret": "s", "users": ("ou_1",)},
        "ntfy": {"url": "http://h", "topic": "t"},
        "mqtt": {"host": "h", "port": 1883, "prefix": "p", "tls": False},
        "apprise": {"token": "json://h"},
    }
    built = build(ChannelSettings(kind, kind, options) for kind, options in kinds.items())
    assert set(built) == set(kinds)
