"""A mail server's replies are bytes of a stranger: whatever they are, an outcome follows."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fuzz import fuzzed
from support.notification_fixtures import notice

from facilityd.model.notice import DeliveryOutcome, DeliveryResult
from facilityd.notify.mail import Email

GBK = "550 邮箱不存在\r\n".encode("gbk")


@asynccontextmanager
async def server(replies: list[bytes]) -> AsyncIterator[int]:
    """A real socket that gives each line its next reply, then closes."""

    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            for reply in replies:
                writer.write(reply)
                await writer.drain()
                if not await reader.readline():
                    break
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        ended.set()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        yield listening.sockets[0].getsockname()[1]
        await asyncio.wait_for(ended.wait(), 5)


async def outcome(replies: list[bytes]) -> DeliveryResult:
    async with server(replies) as port:
        mail = Email(
            to="li@square.cn", sender="facilityd@square.cn", host="127.0.0.1", port=port, timeout_s=2.0
        )
        return await mail.send(notice())


@pytest.mark.parametrize("at", [0, 1, 2, 3])
async def test_an_error_text_in_gbk_is_an_outcome_and_no_crash(at: int) -> None:
    replies = [b"220 ready\r\n", b"250 hello\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", b"250 ok\r\n"]
    replies[at] = GBK
    assert (await outcome(replies)).result is not DeliveryOutcome.ACCEPTED


@given(replies=st.lists(st.binary(max_size=40).map(lambda b: b + b"\r\n"), max_size=4))
@fuzzed
def test_any_bytes_are_an_outcome(replies: list[bytes]) -> None:
    assert asyncio.run(outcome([b"220 ready\r\n", *replies])).result is not DeliveryOutcome.ACCEPTED
