"""The outermost layer: whatever comes from the network is bounded here before anything looks at it."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import socket
import time
from collections import Counter, OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from facilityd.model.command import MAX_BYTES
from facilityd.model.message import Wording
from facilityd.model.text import Language
from facilityd.web.multipart import is_multipart
from facilityd.web.pool import CLIENT
from facilityd.web.problems import HttpProblem, language_of, problem, unforeseen

log = logging.getLogger(__name__)
LONGEST_TARGET = 12_000
"""Characters of a path with its query."""
BODY_SECONDS = 10.0
"""In which a request's body must be here."""
MOST_SENT, SENT_SECONDS = 48 * 1024 * 1024, 180.0
"""Bytes of a form with a file, and in how many s it must be here; its reader bounds the file."""
WITH_FILES = (b"/alarm/", b"/tasks/")
"""Where the addresses begin that take such forms."""
RATE, BURST = 50.0, 200.0
"""Requests that one address may make in a second, and at once."""
AT_ONCE = 200
"""Requests of one address that are being answered, streams among them."""
MOST_ADDRESSES = 10_000
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_HSTS = "max-age=31536000"


@dataclass(slots=True)
class RateLimiter:
    """A bucket of tokens for each address."""

    rate: float = RATE
    burst: float = BURST
    _buckets: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def take(self, address: str) -> bool:
        """Return whether an address may ask now."""
        now = time.monotonic()
        left, at = self._buckets.pop(address, (self.burst, now))
        left = min(self.burst, left + (now - at) * self.rate)
        self._buckets[address] = (left - 1 if left >= 1 else left), now
        if len(self._buckets) > MOST_ADDRESSES:
            self._buckets.popitem(last=False)
        return left >= 1


class Border:
    """Wraps an application. ``hosts``: names under which it may be asked, beside addresses and localhost."""

    def __init__(
        self, app: ASGIApp, hosts: Iterable[str], *, secure: bool, language: Language, limiter: RateLimiter
    ) -> None:
        self._app, self._secure, self._language, self._limiter = app, secure, language, limiter
        self._hosts = {"localhost", socket.gethostname().lower(), *(host.lower() for host in hosts)}
        self._busy: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        address = scope["client"][0] if scope["client"] else "?"
        CLIENT.set(address)
        most, seconds = _allowed(scope)
        incoming = _Incoming(receive, most, seconds)
        outgoing = _Outgoing(send, incoming, secure=self._secure, head=scope["method"] == "HEAD")
        if outgoing.head:
            scope = {**scope, "method": "GET"}  # whatever can be read can be asked about
        self._busy[address] += 1
        try:
            self._check(scope, address, most)
            await self._app(scope, incoming.receive, outgoing.send)
            if incoming.failed and not outgoing.begun:
                await self._refuse(incoming.failed, scope, receive, outgoing)
        except HttpProblem as error:
            await self._refuse(error, scope, receive, outgoing)
        except Exception as error:  # noqa: BLE001 - a request is a compartment: it comes from outside
            if outgoing.whole:
                return  # the application has told it already
            await self._refuse(unforeseen(error), scope, receive, outgoing)
        finally:
            self._busy[address] -= 1
            if not self._busy[address]:
                del self._busy[address]

    def _check(self, scope: Scope, address: str, most: int) -> None:
        if not self._limiter.take(address) or self._busy[address] > AT_ONCE:
            raise HttpProblem(429, Wording("web.too-many"), headers={"Retry-After": "1"})
        headers = dict(scope["headers"])
        if not self._known_host(headers.get(b"host", b"").decode("latin-1")):
            raise HttpProblem(400, Wording("web.unknown-host"), hint=Wording("web.set-public-url"))
        if len(scope["raw_path"]) + len(scope["query_string"]) > LONGEST_TARGET:
            raise HttpProblem(414, Wording("web.target-too-long"))
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length[:20]) > most:
            raise HttpProblem(413, Wording("web.body-too-large", most=most))

    def _known_host(self, header: str) -> bool:
        """Return whether a name is ours: a foreign one that leads here would let its pages read the site."""
        host = header.rsplit(":", 1)[0] if not header.endswith("]") else header
        host = host.strip("[]").lower()
        with contextlib.suppress(ValueError):
            return bool(ipaddress.ip_address(host))
        return host in self._hosts

    async def _refuse(self, error: HttpProblem, scope: Scope, receive: Receive, outgoing: _Outgoing) -> None:
        if outgoing.begun:
            raise ConnectionAbortedError  # half an answer cannot be taken back: the connection ends
        outgoing.reopen()
        accept = dict(scope["headers"]).get(b"accept-language", b"").decode("latin-1")
        answer = problem(error, language_of(accept, self._language))
        if error.status in (408, 413):
            answer.headers["Connection"] = "close"
        await answer(scope, receive, outgoing.send)


def _allowed(scope: Scope) -> tuple[int, float]:
    """Return how many bytes a request may send, and in how many s."""
    kind = dict(scope["headers"]).get(b"content-type", b"").decode("latin-1")
    photo = scope["method"] == "POST" and scope["raw_path"].startswith(WITH_FILES) and is_multipart(kind)
    return (MOST_SENT, SENT_SECONDS) if photo else (MAX_BYTES, BODY_SECONDS)


class _Incoming:
    """What a request sends: so many bytes, in so much time."""

    failed: HttpProblem | None = None
    """What is wrong with the request itself, whatever was made of it inside."""

    def __init__(self, receive: Receive, most: int, seconds: float) -> None:
        self._receive, self._most = receive, most
        self._size, self._whole = 0, False
        self._end = time.monotonic() + seconds

    async def receive(self) -> Message:
        """Return the next part. Raises HttpProblem."""
        if self._whole:
            return await self._receive()  # waits until the other side is gone
        try:
            message = await asyncio.wait_for(self._receive(), max(0.0, self._end - time.monotonic()))
        except TimeoutError as error:
            self.failed = HttpProblem(408, Wording("web.too-slow"))
            raise self.failed from error
        self._size += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        if self._size > self._most:
            self.failed = HttpProblem(413, Wording("web.body-too-large", most=self._most))
            raise self.failed
        return message


class _Outgoing:
    """What an answer says beside its own."""

    def __init__(self, send: Send, incoming: _Incoming, *, secure: bool, head: bool) -> None:
        self._send, self._incoming, self._secure, self.head = send, incoming, secure, head
        self.begun = self.whole = False

    def reopen(self) -> None:
        """Let the answer to what was no request out."""
        self._incoming.failed = None

    async def send(self, message: Message) -> None:
        """Send a part, the first with the headers that all answers have; nothing before a request came."""
        if self._incoming.failed and not self.begun:
            return
        if message["type"] == "http.response.start":
            self.begun = True
            known = {name.lower() for name, _ in message["headers"]}
            more = HEADERS | ({"Strict-Transport-Security": _HSTS} if self._secure else {})
            added = [
                (k.lower().encode(), v.encode()) for k, v in more.items() if k.lower().encode() not in known
            ]
            message = {**message, "headers": [*message["headers"], *added]}
        if message["type"] == "http.response.body" and self.head:
            if self.whole:
                return
            message = {"type": "http.response.body", "body": b""}  # also where more would come for ever
        self.whole = message["type"] == "http.response.body" and not message.get("more_body", False)
        await self._send(message)
