"""The way from the outbox to people, over real HTTP and SMTP where it matters."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from support.notification_fixtures import RecordingOutbox, notice
from support.virtual import in_virtual_time

from facilityd.model.notice import DeliveryOutcome, DeliveryResult
from facilityd.model.sample import NS
from facilityd.model.settings import ChannelSettings
from facilityd.notify.channels import Channel, build
from facilityd.notify.deliver import STUBBORN, Deliverer

DOWN, TAKEN = DeliveryResult(DeliveryOutcome.TRANSIENT, "HTTP 503"), DeliveryResult(DeliveryOutcome.ACCEPTED)


@dataclass
class Now:
    """A clock that the test moves."""

    at: int = 0

    def __call__(self) -> int:
        return self.at


@dataclass
class ScriptedChannel:
    """A channel that answers as told, by the notice's key; keeps what it was given."""

    answers: dict[str, list[DeliveryResult]] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    gate: asyncio.Event | None = None

    async def send(self, one) -> DeliveryResult:
        self.seen.append(one.key)
        if self.gate:
            await self.gate.wait()
        left = self.answers.get(one.key, [])
        return left.pop(0) if left else TAKEN


@asynccontextmanager
async def delivering(
    outbox: RecordingOutbox, channels: dict[str, Channel], now: Now
) -> AsyncIterator[Deliverer]:
    deliverer = Deliverer(outbox, channels, now, idle_s=0.01)
    task = asyncio.create_task(deliverer.run())
    try:
        yield deliverer
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.005)


def _three(channel: str = "li-1") -> list:
    return [notice(channel, key) for key in ("raised", "acknowledged", "cleared")]


@in_virtual_time
async def test_everything_is_delivered_once_in_order() -> None:
    outbox, channel = RecordingOutbox(*_three()), ScriptedChannel()
    async with delivering(outbox, {"li-1": channel}, Now()):
        await _until(lambda: not any(e.open for e in outbox.entries))
        await asyncio.sleep(0.05)
    assert channel.seen == ["raised", "acknowledged", "cleared"]
    assert [e.outcomes for e in outbox.entries] == [[TAKEN]] * 3


@in_virtual_time
async def test_while_a_channel_is_down_the_news_waits_in_order() -> None:
    now, channel = Now(), ScriptedChannel({"raised": [DOWN, DOWN]})
    outbox = RecordingOutbox(*_three())
    async with delivering(outbox, {"li-1": channel}, now) as deliverer:
        await _until(lambda: outbox.entries[0].attempts == 1)
        await asyncio.sleep(0.05)
        assert channel.seen == ["raised"]
        assert deliverer.troubles == {"li-1": "HTTP 503"}
        now.at += 60 * NS
        await _until(lambda: outbox.entries[0].attempts == 2)
        assert channel.seen == ["raised", "raised"]
        now.at += 60 * NS
        await _until(lambda: not any(e.open for e in outbox.entries))
    assert channel.seen == ["raised", "raised", "raised", "acknowledged", "cleared"]
    assert deliverer.troubles == {}


@in_virtual_time
async def test_one_notice_that_a_server_chokes_on_does_not_keep_the_others_for_ever() -> None:
    now, channel = Now(), ScriptedChannel({"raised": [DOWN] * 99})
    others = [notice("li-1", "another", occurrence=2), notice("li-1", "elsewhere", device="gate")]
    outbox = RecordingOutbox(_three()[0], *others)
    async with delivering(outbox, {"li-1": channel}, now):
        for tries in range(1, STUBBORN + 2):
            now.at += 3600 * NS
            await _until(lambda tries=tries: outbox.entries[0].attempts == tries)
        await _until(lambda: not outbox.entries[2].open)
    assert [e.open for e in outbox.entries] == [True, False, False]


@in_virtual_time
async def test_nobody_hears_the_end_of_an_alarm_before_its_beginning() -> None:
    """However often the beginning failed, and although others of the channel go on."""
    now, channel = Now(), ScriptedChannel({"raised": [DOWN] * (STUBBORN + 3)})
    outbox = RecordingOutbox(*_three(), notice("li-1", "another", occurrence=2))
    async with delivering(outbox, {"li-1": channel}, now):
        for tries in range(1, STUBBORN + 5):
            now.at += 3600 * NS
            await _until(lambda tries=tries: outbox.entries[0].attempts == tries)
        await _until(lambda: not any(e.open for e in outbox.entries))
    heard = [
        key for n, key in enumerate(channel.seen) if key != "raised" or n == channel.seen.index("raised")
    ]
    last = len(channel.seen) - 1 - channel.seen[::-1].index("raised")
    assert channel.seen.index("another") < last, "the others do not wait for ever"
    assert channel.seen.index("acknowledged") > last
    assert channel.seen.index("cleared") > channel.seen.index("acknowledged")
    assert heard[0] == "raised"


@in_virtual_time
async def test_a_slow_channel_delays_nobody_else() -> None:
    slow, quick = ScriptedChannel(gate=asyncio.Event()), ScriptedChannel()
    outbox = RecordingOutbox(notice("slow", "a"), notice("quick", "b"), notice("slow", "c"))
    async with delivering(outbox, {"slow": slow, "quick": quick}, Now()) as deliverer:
        await _until(lambda: not outbox.entries[1].open)
        later = outbox.add(notice("quick", "d"))
        deliverer.wake()
        await _until(lambda: not later.open)
        assert slow.seen == ["a"]
        slow.gate.set()
        await _until(lambda: not any(e.open for e in outbox.entries))
    assert slow.seen == ["a", "c"]


@in_virtual_time
async def test_what_was_sent_is_not_sent_again_while_the_disk_is_full() -> None:
    outbox, channel = RecordingOutbox(notice()), ScriptedChannel()
    outbox.full = True
    async with delivering(outbox, {"li-1": channel}, Now()):
        await _until(lambda: bool(channel.seen))
        await asyncio.sleep(0.1)
        outbox.full = False
        await _until(lambda: not outbox.entries[0].open)
    assert len(channel.seen) == 1
    assert outbox.entries[0].outcomes == [TAKEN]


@in_virtual_time
async def test_a_notice_refused_for_a_wrong_password_goes_once_it_is_mended_and_others_do_not_wait() -> None:
    refused = DeliveryResult(DeliveryOutcome.REJECTED, "HTTP 401")
    outbox = RecordingOutbox(notice(key="first"), notice(key="second"))
    channel, now = ScriptedChannel({"first": [refused] * 4}), Now()
    deliverer = Deliverer(outbox, {"li-1": channel}, now, idle_s=0.01, matters=lambda _: True)
    task = asyncio.create_task(deliverer.run())
    for _ in range(8):
        await asyncio.sleep(0.05)
        now.at += 600 * NS
    await _until(lambda: not any(entry.open for entry in outbox.entries))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert outbox.entries[0].outcomes == [refused] * 4 + [TAKEN]
    assert outbox.entries[1].outcomes == [TAKEN]


@in_virtual_time
async def test_a_channel_that_is_no_longer_configured_ends_its_notices() -> None:
    outbox = RecordingOutbox(notice("gone"))
    async with delivering(outbox, {}, Now()):
        await _until(lambda: not outbox.entries[0].open)
    assert outbox.entries[0].outcomes == [
        DeliveryResult(DeliveryOutcome.REJECTED, "the channel is no longer configured")
    ]


@in_virtual_time
async def test_an_unknown_failure_stays_in_its_channel_is_reported_and_tried_again(caplog) -> None:
    class BrokenChannel:
        async def send(self, one) -> DeliveryResult:
            raise ZeroDivisionError

    outbox, sound = RecordingOutbox(notice("broken"), notice("sound")), ScriptedChannel()
    async with delivering(outbox, {"broken": BrokenChannel(), "sound": sound}, Now()) as deliverer:
        await _until(lambda: bool(sound.seen) and bool(outbox.entries[0].outcomes))
        assert deliverer.troubles == {"broken": "facilityd itself failed at it; its log has more"}
    assert outbox.entries[0].open
    assert outbox.entries[0].outcomes[0] == DeliveryResult(
        DeliveryOutcome.TRANSIENT, "facilityd itself failed at it; its log has more"
    )
    assert not outbox.entries[1].open
    assert "channel broken failed in a way it does not know" in caplog.text
    assert "ZeroDivisionError" in caplog.text


async def test_over_real_http_a_busy_server_is_waited_for_as_long_as_it_asks() -> None:
    answers, keys = [429, 500, 200], []

    async def handler(request: web.Request) -> web.Response:
        keys.append(request.headers["Idempotency-Key"])
        return web.Response(status=answers.pop(0), headers={"Retry-After": "30"})

    app, now = web.Application(), Now()
    app.router.add_post("/", handler)
    outbox = RecordingOutbox(notice("li-1"))
    async with TestServer(app, host="127.0.0.1") as server:
        settings = [ChannelSettings("li-1", "webhook", {"url": str(server.make_url("/")), "token": "t0ken"})]
        async with delivering(outbox, build(settings), now):
            await _until(lambda: outbox.entries[0].attempts == 1)
            assert outbox.entries[0].next_at == 30 * NS
            now.at = 29 * NS
            await asyncio.sleep(0.05)
            assert len(keys) == 1
            now.at = 30 * NS
            await _until(lambda: outbox.entries[0].attempts == 2)
            now.at = outbox.entries[0].next_at
            await _until(lambda: not outbox.entries[0].open)
    assert [o.result for o in outbox.entries[0].outcomes] == ["transient", "transient", "accepted"]
    assert len(set(keys)) == 1


def test_every_configurable_kind_is_built_from_its_options() -> None:
    mail = {"to": "a@b.example", "sender": "c@b.example", "host": "h", "port": 25, "tls": "none", "username": "",
            "password": "p"}  # fmt: skip
    built = build(
        [ChannelSettings("w", "webhook", {"url": "http://h/"}), ChannelSettings("m", "email", mail)]
    )
    assert [type(one).__name__ for one in built.values()] == ["Webhook", "Email"]


@in_virtual_time
async def test_a_channel_that_failed_before_a_restart_fails_until_it_has_taken_something() -> None:
    outbox, channel = RecordingOutbox(), ScriptedChannel()
    deliverer = Deliverer(outbox, {"li-1": channel}, Now(), 0.01, troubles={"li-1": "HTTP 401", "gone": "x"})
    assert deliverer.troubles == {"li-1": "HTTP 401"}
    task = asyncio.create_task(deliverer.run())
    outbox.add(notice("li-1", "next"))
    deliverer.wake()
    await _until(lambda: not deliverer.troubles)
    assert channel.seen == ["next"]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
