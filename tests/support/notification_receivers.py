"""The receiving end of notifications: a webhook and a real SMTP server that keep what arrives."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class ReceivedNotices:
    """Everything that arrived, in order. ``sessions`` counts SMTP sessions."""

    posts: list[dict[str, Any]] = field(default_factory=list)
    mails: list[EmailMessage] = field(default_factory=list)
    sessions: int = 0
    posted: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    """Each post with when it came, in s UTC."""
    mailed: list[tuple[float, EmailMessage]] = field(default_factory=list)

    async def post(self, request: web.Request) -> web.Response:
        self.posts.append(await request.json())
        self.posted.append((time.time(), self.posts[-1]))
        return web.Response(status=204)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.sessions += 1
        content = cast("bytes", envelope.content)
        self.mails.append(message_from_bytes(content, EmailMessage, policy=default))
        self.mailed.append((time.time(), self.mails[-1]))
        return "250 OK queued"

    @property
    def counts(self) -> tuple[int, int]:
        return len(self.posts), len(self.mails)


@asynccontextmanager
async def notification_receivers(webhook: int, smtp: int) -> AsyncIterator[ReceivedNotices]:
    """Listen on loopback."""
    received = ReceivedNotices()
    application = web.Application()
    application.router.add_post("/notice", received.post)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", webhook).start()
    loop = asyncio.get_running_loop()
    post = await loop.create_server(
        lambda: SMTP(received, enable_SMTPUTF8=True, loop=loop), "127.0.0.1", smtp
    )
    try:
        yield received
    finally:
        post.close()
        await post.wait_closed()
        await runner.cleanup()
