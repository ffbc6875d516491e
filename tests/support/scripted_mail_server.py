"""A real SMTP server on loopback: accepts, defers, refuses, hangs up, hangs, wants TLS and a password."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class ScriptedMailServer:
    """Answers by the recipient's name; keeps what it took."""

    taken: list[Envelope] = field(default_factory=list)
    secure: list[bool] = field(default_factory=list)
    at_data: str = "250 OK queued"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answers = {
            "full": "452 4.2.2 mailbox full",
            "gone": "550 5.1.1 no such user",
            "busy": "451 try later",
        }
        name = address.partition("@")[0]
        if name == "drop":
            server.transport.abort()
        if name in answers:
            return answers[name]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.at_data == "drop":
            server.transport.abort()
            return "250 never seen"
        if self.at_data == "hang":
            await asyncio.sleep(1.0)
        self.taken.append(envelope)
        self.secure.append(session.ssl is not None)
        return self.at_data if self.at_data[0].isdigit() else "250 late"


@asynccontextmanager
async def scripted_mail_server(post: ScriptedMailServer, **options: Any) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    wires: list[asyncio.Transport] = []

    class Clerk(SMTP):
        def connection_made(self, transport: asyncio.Transport) -> None:
            wires.append(transport)
            super().connection_made(transport)

    running = await loop.create_server(lambda: Clerk(post, loop=loop, **options), "127.0.0.1", 0)
    try:
        yield running.sockets[0].getsockname()[1]
    finally:
        running.close()
        for wire in wires:
            wire.abort()
        await running.wait_closed()
        await asyncio.sleep(0.01)
