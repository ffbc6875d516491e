"""A socket that answers HTTP questions with any bytes, and strategies for what foreign servers say."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

ACCEPTED = b"HTTP/1.1 204 No Content\r\n\r\n"
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


@dataclass(frozen=True)
class RawResponse:
    """An answer, sent ``chunk`` bytes at a time; then the connection stays, is closed or is reset."""

    data: bytes
    chunk: int = 65536
    then: str = "stay"

    def __repr__(self) -> str:
        more = f" and {len(self.data) - 300} bytes more" if len(self.data) > 300 else ""
        return f"Said({self.data[:300]!r}{more}, {self.chunk}, {self.then!r})"

    def _repr_pretty_(self, printer: Any, _cycle: object) -> None:
        """Let hypothesis print no more of it: its own way prints a megabyte, which hides the failure."""
        printer.text(repr(self))

    @property
    def status(self) -> str:
        """What a client may take for the first line."""
        return self.data[:300].partition(b"\n")[0].decode("latin-1")


@dataclass
class RawServer:
    """Answers by ``script``, then ``always`` the same; ``taken`` are the bodies that it may have accepted."""

    script: deque[RawResponse] = field(default_factory=deque)
    always: RawResponse = RawResponse(ACCEPTED)
    heads: list[bytes] = field(default_factory=list)
    taken: list[bytes] = field(default_factory=list)
    url: str = ""
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = _LENGTH.search(head)
                body = await reader.readexactly(int(length[1])) if length else b""
                self.heads.append(head)
                said = self.script.popleft() if self.script else self.always
                if re.search("20[0-9]|2[1-9]", said.status):
                    self.taken.append(body)
                if not await self._say(said, writer):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    async def _say(self, said: RawResponse, writer: asyncio.StreamWriter) -> bool:
        for at in range(0, len(said.data), said.chunk):
            writer.write(said.data[at : at + said.chunk])
            await writer.drain()
        if said.then == "reset":
            writer.transport.abort()
        return said.then == "stay"

    def hang_up(self) -> None:
        """Leave nobody in the middle of an answer."""
        for writer in self._open:
            writer.transport.abort()


@asynccontextmanager
async def raw_server(port: int = 0, context: ssl.SSLContext | None = None) -> AsyncIterator[RawServer]:
    """Listen on loopback, with TLS where a ``context`` is given."""
    made = RawServer()
    listening = await asyncio.start_server(made.serve, "127.0.0.1", port, ssl=context)
    made.url = f"http{'s' if context else ''}://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        listening.close()
        made.hang_up()
        with suppress(OSError):
            await asyncio.sleep(0.05)


def chunked(body: bytes, *, whole: bool) -> bytes:
    """Return a body in chunks of 100 bytes, with or without its end."""
    parts = [body[at : at + 100] for at in range(0, len(body), 100)]
    data = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    return data + b"0\r\n\r\n" if whole else data[: len(data) // 2]


WAITS = [
    "0", "1", "-1", "1.5", "9" * 5000, "soon", "", "\x00", "Wed, 21 Oct 2026 07:28:00 GMT",
    "Wed, 99 Foo 0000 99:99:99 GMT", "1e9", "١", "\ud800",
]  # fmt: skip
HEADERS = st.sampled_from(
    [("Retry-After", wait) for wait in WAITS]
    + [("Date", "never"), ("Date", "Fri, 31 Dec 9999 23:59:59 -9999"), ("Location", "http://[::1"), ("Location", "/")]
    + [("Content-Type", kind) for kind in ("application/json", "text/html; charset=gbk", "a/b; charset=nosuch", ";;;")]
    + [("Content-Encoding", how) for how in ("gzip", "deflate", "br", "nosuch")]
    + [("Content-Length", length) for length in ("0", "5", "-1", "999999999999999999999", "x")]
    + [("Set-Cookie", "a=\x01; expires=x"), ("Connection", "close"), ("Connection", "upgrade"), ("Upgrade", "h2c")]
    + [("X-Influx-Error", "密码" * 500), ("", ""), ("a b", "c"), ("X-Long", "x" * 9000)]
)  # fmt: skip
BODIES = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=30).map(str.encode),
    st.sampled_from([
        b"", b"[" * 50_000, b'{"a":' * 20_000, "数据库错误".encode("gbk"), b"x" * 300_000, b'{"message": {"a": 1}}',
        b'{"message": "\\ud800"}', b'{"error": null, "message": []}', b"\x1f\x8b\x08\x00garbage", b"9" * 5000,
        b'{"message": "partial write: dropped=1"}', b'{"message": "\x1b[31mred\x1b]0;title\x07"}',
    ]),
    st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda x: st.dictionaries(
        st.sampled_from(["message", "error", "code", "line"]), x) | st.lists(x), max_leaves=6)
    .map(lambda value: json.dumps(value).encode()),
)  # fmt: skip
STATUSES = st.one_of(
    st.sampled_from(
        [200, 201, 204, 206, 301, 302, 400, 401, 403, 404, 408, 413, 422, 429, 500, 502, 503, 504]
    ),
    st.integers(100, 599),
)
FRAMINGS = st.sampled_from(["length", "chunked", "chunked-half", "until-close", "too-long", "too-short"])
ENDS = st.sampled_from(["close", "close", "close", "reset", "stay"])


@st.composite
def answers(draw: st.DrawFn) -> RawResponse:
    """An answer with any status, headers, body and framing, spoilt now and then."""
    status, body, framing = draw(STATUSES), draw(BODIES), draw(FRAMINGS)
    lines = [f"HTTP/1.1 {status} {draw(st.sampled_from(['', 'OK', '错误', 'x' * 200]))}"]
    lines += [f"{name}: {value}" for name, value in draw(st.lists(HEADERS, max_size=3))]
    lines += ["Transfer-Encoding: chunked"] if framing.startswith("chunked") else []
    lengths = {"length": len(body), "too-long": len(body) + 7, "too-short": len(body) // 2}
    lines += [f"Content-Length: {lengths[framing]}"] if framing in lengths else []
    data = "\r\n".join(lines).encode("utf-8", "surrogatepass") + b"\r\n\r\n"
    data += chunked(body, whole=framing == "chunked") if framing.startswith("chunked") else body
    if draw(st.integers(0, 5)) == 0:
        at = draw(st.integers(0, min(len(data), 300)))
        data = data[:at] + draw(st.binary(max_size=4)) + data[at + draw(st.integers(0, 3)) :]
    return RawResponse(data, draw(st.sampled_from([1 << 20, 1 << 20, 7, 997])), draw(ENDS))
