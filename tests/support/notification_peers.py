"""Real servers and the real channels, in a loop of their own beside a site in virtual time.

While one of them is at work virtual time stands still: a story of ten minutes with real sockets takes
as long as the sockets do.
"""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
import threading
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, cast

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from facilityd.config.site import Site
from facilityd.model.notice import DeliveryResult, Notice
from facilityd.model.settings import ChannelSettings
from facilityd.notify import channels
from facilityd.scenario.virtual_runtime import VirtualRuntime

T = TypeVar("T")
PASSWORD = "right-password"
PATIENCE_S = 30.0


class EventLoopThread:
    """An event loop in a thread, where real sockets live. What it was given to hold is closed at the end."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="far")
        self._held = AsyncExitStack()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what it comes to there."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    def close(self) -> None:
        """Leave what is held."""
        self.do(self._held.aclose())

    def hold(self, resource: AbstractAsyncContextManager[T]) -> T:
        """Enter it there, and leave it at the end."""
        return self.do(self._held.enter_async_context(resource))


@dataclass
class RealChannel:
    """A channel of the product as a virtual runtime calls it. ``outcomes`` are what came of each attempt."""

    channel: channels.Channel
    far: EventLoopThread
    outcomes: list[DeliveryResult] = field(default_factory=list)

    async def send(self, notice: Notice) -> DeliveryResult:
        """Try once, over a real socket."""
        self.outcomes.append(self.far.do(self.channel.send(notice)))
        return self.outcomes[-1]


class RealChannelRuntime(VirtualRuntime):
    """A virtual runtime in which the channels of some people are the real ones; ``patience`` of theirs in s."""

    def __init__(
        self,
        site: Site,
        folder: Path,
        *,
        start: int,
        far: EventLoopThread,
        real: Iterable[str],
        patience: float,
    ) -> None:
        super().__init__(site, folder, start=start)
        self._far, self._real, self._patience = far, frozenset(real), patience
        self.real: dict[str, RealChannel] = {}

    def _channels(self, settings: Iterable[ChannelSettings]) -> Mapping[str, channels.Channel]:
        every = {one.id: one for one in settings}
        wired = [
            ChannelSettings(one.id, one.kind, {**one.options, "timeout_s": cast("int", self._patience)})
            for one in every.values()
            if one.id in self._real
        ]
        self.real = {name: RealChannel(channel, self._far) for name, channel in channels.build(wired).items()}
        return {**super()._channels(every.values()), **self.real}


@dataclass
class MailServer:
    """A mail server: which certificate it shows (None: it knows no STARTTLS), which password it knows."""

    context: ssl.SSLContext | None = None
    password: str = PASSWORD
    ids: list[str] = field(default_factory=list)
    """The message id of every mail that it took."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = cast("bytes", envelope.content).decode()
        self.ids += [
            line.partition(": ")[2] for line in content.splitlines() if line.startswith("Message-ID: ")
        ]
        return "250 OK queued"

    def protocol(self) -> SMTP:
        """Return the handler of the next connection."""
        if self.context is None:
            return SMTP(self)
        return SMTP(
            self, tls_context=self.context, require_starttls=True,
            auth_required=True, authenticator=self._known,
        )  # fmt: skip

    def _known(self, *said: Any) -> AuthResult:
        return AuthResult(success=said[-1].password.decode() == self.password, handled=False)


@dataclass(frozen=True)
class Certificates:
    """What a server on this machine may show. ``ours`` is the file that makes ``trusted`` believed."""

    ours: Path
    trusted: ssl.SSLContext
    forged: ssl.SSLContext


def make_certificates(folder: Path, name: str) -> Certificates:
    """Make them, for 127.0.0.1 and a name. Skips the test where there is no openssl."""
    trusted, forged = _certificate(folder, "trusted", name), _certificate(folder, "forged", name)
    return Certificates(folder / "trusted.pem", trusted, forged)


def _certificate(folder: Path, file: str, name: str) -> ssl.SSLContext:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl to make a certificate with")
    key, cert = folder / f"{file}.key", folder / f"{file}.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-keyout", key, "-out", cert, "-subj", "/CN=localhost", "-addext", f"subjectAltName=IP:127.0.0.1,DNS:{name}"],
        check=True, capture_output=True,
    )  # fmt: skip
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(cert, key)
    return made


@asynccontextmanager
async def mail_server(made: MailServer, port: int) -> AsyncIterator[None]:
    """Let a mail server listen on loopback."""
    listening = await asyncio.get_running_loop().create_server(made.protocol, "127.0.0.1", port)
    try:
        yield
    finally:
        listening.close()
        await asyncio.sleep(0.05)  # whoever just hung up is seen off
