"""The demo's local sink: a webhook and a mail server that keep what they are told."""

from __future__ import annotations

import asyncio
import email.policy
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from typing import Any

from aiohttp import web
from aiosmtpd.controller import UnthreadedController

from facilityd.errors import PortTaken, system_reason
from facilityd.model.message import Wording

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """One message as it arrived."""

    kind: str
    to: str
    subject: str
    body: str


@dataclass(slots=True)
class LocalSink:
    """What was told, the newest last."""

    told: deque[ReceivedMessage] = field(default_factory=lambda: deque(maxlen=200))
    _fresh: deque[ReceivedMessage] = field(default_factory=lambda: deque(maxlen=200))

    @classmethod
    @asynccontextmanager
    async def open(cls, webhooks: Iterable[int], mails: Iterable[int]) -> AsyncIterator[LocalSink]:
        """Listen on ports of this machine only. Raises UsageError where one cannot be had."""
        sink, loop = cls(), asyncio.get_running_loop()
        application = web.Application()
        application.router.add_post("/{any:.*}", sink._webhook)
        async with AsyncExitStack() as stack:
            runner = web.AppRunner(application)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            for port in webhooks:
                with _told(port):
                    await web.TCPSite(runner, HOST, port).start()
            for port in mails:
                mail = UnthreadedController(sink, HOST, port, loop=loop)
                with _told(port):
                    server = await loop.create_server(mail.factory, HOST, port)
                stack.callback(server.close)
            yield sink

    def fresh(self) -> list[ReceivedMessage]:
        """Return what arrived since the last call."""
        out = list(self._fresh)
        self._fresh.clear()
        return out

    def _keep(self, told: ReceivedMessage) -> None:
        self.told.append(told)
        self._fresh.append(told)

    async def _webhook(self, request: web.Request) -> web.Response:
        notice = await request.json()
        self._keep(
            ReceivedMessage(
                "webhook",
                str(notice.get("recipient", "")),
                str(notice.get("subject", "")),
                str(notice.get("body", "")),
            )
        )
        return web.Response(status=204)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Take a mail."""
        mail = message_from_bytes(envelope.content, policy=email.policy.default)
        body = mail.get_body(("plain",))
        text = body.get_content() if body else ""
        self._keep(ReceivedMessage("email", ", ".join(envelope.rcpt_tos), str(mail["subject"]), text))
        return "250 taken"


@contextmanager
def _told(port: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where, hint = f"{HOST}:{port}", Wording("ask.choose-another-sink-port")
        raise PortTaken(
            Wording("ask.cannot-listen", error=system_reason(error)), where=where, hint=hint
        ) from error
