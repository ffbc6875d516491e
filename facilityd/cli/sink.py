"""The demo's local sink: a webhook and a mail server that keep what they are told."""

from __future__ import annotations

import asyncio
import email.policy
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from typing import Any

from aiohttp import web

WEBHOOK_PORT, SMTP_PORT = 18099, 18025


@dataclass(frozen=True, slots=True)
class Told:
    """One message as it arrived."""

    kind: str
    to: str
    subject: str
    body: str


@dataclass(slots=True)
class LocalSink:
    """What was told, the newest last."""

    told: deque[Told] = field(default_factory=lambda: deque(maxlen=200))
    _fresh: deque[Told] = field(default_factory=lambda: deque(maxlen=200))

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncIterator[LocalSink]:
        """Listen on this machine only."""
        from aiosmtpd.controller import UnthreadedController

        sink = cls()
        application = web.Application()
        application.router.add_post("/notice", sink._webhook)
        runner = web.AppRunner(application)
        await runner.setup()
        mail = UnthreadedController(sink, "127.0.0.1", SMTP_PORT, loop=asyncio.get_running_loop())
        try:
            await web.TCPSite(runner, "127.0.0.1", WEBHOOK_PORT).start()
            server = await asyncio.get_running_loop().create_server(mail.factory, "127.0.0.1", SMTP_PORT)
            yield sink
            server.close()
        finally:
            await runner.cleanup()

    def fresh(self) -> list[Told]:
        """Return what arrived since the last call."""
        out = list(self._fresh)
        self._fresh.clear()
        return out

    def _keep(self, told: Told) -> None:
        self.told.append(told)
        self._fresh.append(told)

    async def _webhook(self, request: web.Request) -> web.Response:
        notice = await request.json()
        self._keep(
            Told(
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
        self._keep(Told("email", ", ".join(envelope.rcpt_tos), str(mail["subject"]), text))
        return "250 taken"
