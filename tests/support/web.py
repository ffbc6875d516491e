"""The HTTP API on a port of its own, in a thread of the test, and a browser of a few lines."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher

from facilityd.config.site import Site
from facilityd.web.app import WebOptions, make_app, make_service
from facilityd.web.border import RateLimiter
from facilityd.web.server import make_server
from facilityd.web.service import WebService
from facilityd.web.users import RoleName, Scope, UserEntry, UserFile, new_token

PASSWORD = "correct horse battery"
_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


@dataclass
class WebAnswer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: str = ""
    """What it set, as a browser sends it back."""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class EventStream:
    """Server-sent events as they come."""

    def __init__(self, peer: socket.socket) -> None:
        self.peer, self._rest = peer, b""
        self.status = int(self._until(b"\r\n\r\n").split()[1])

    def next(self) -> tuple[str, str, Any]:
        """Return (event, id, data) of the next one."""
        while True:
            lines = self._event().decode().splitlines()
            fields = dict(line.split(": ", 1) for line in lines if ": " in line)
            if "event" in fields:
                return fields["event"], fields["id"], json.loads(fields["data"])

    def until(self, name: str) -> tuple[list[tuple[str, str, Any]], tuple[str, str, Any]]:
        """Return what came before an event of a name, and that one."""
        before = []
        while (found := self.next())[0] != name:
            before.append(found)
        return before, found

    def _event(self) -> bytes:
        """Return one event out of the chunks that HTTP makes of them."""
        size = int(self._until(b"\r\n"), 16)
        if not size:
            raise EOFError
        while len(self._rest) < size + 2:
            self._more()
        event, self._rest = self._rest[:size], self._rest[size + 2 :]
        return event

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._rest:
            self._more()
        found, self._rest = self._rest.split(mark, 1)
        return found

    def _more(self) -> None:
        data = self.peer.recv(65536)
        if not data:
            raise EOFError
        self._rest += data


@dataclass
class WebPeer:
    """A client of one server; ``headers`` go with each request."""

    port: int
    service: WebService
    headers: dict[str, str] = field(default_factory=dict)

    def ask(
        self, method: str, path: str, body: object = None, *, raw: bytes | None = None, **headers: str
    ) -> WebAnswer:
        """Ask once, on a connection of its own. In names of headers '_' stands for '-'."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        content = raw if raw is not None else None if body is None else json.dumps(body).encode()
        sent = {**({"Content-Type": "application/json"} if content is not None else {}), **self.headers}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, content, sent)
            answer = connection.getresponse()
            cookies = "; ".join(one.partition(";")[0] for one in answer.msg.get_all("set-cookie") or [])
            told = {name.lower(): value for name, value in answer.getheaders()}
            return WebAnswer(answer.status, told, answer.read(), cookies)
        finally:
            connection.close()

    @contextmanager
    def listen(self, last: str = "", receive_bytes: int = 0) -> Iterator[EventStream]:
        """Listen to events; ``receive_bytes``: no more than that is taken in beforehand."""
        with socket.socket() as peer:
            if receive_bytes:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
            peer.settimeout(30)
            peer.connect(("127.0.0.1", self.port))
            own = {"Host": "localhost", **self.headers, **({"Last-Event-ID": last} if last else {})}
            head = "".join(f"{name}: {value}\r\n" for name, value in own.items())
            peer.sendall(f"GET /api/v1/events HTTP/1.1\r\n{head}\r\n".encode())
            yield EventStream(peer)

    def get(self, path: str, **headers: str) -> WebAnswer:
        return self.ask("GET", path, **headers)

    def api(self, path: str, **headers: str) -> Any:
        """Return what an address of the API answers; it must be 200."""
        answer = self.get(f"/api/v1{path}", **headers)
        assert answer.status == 200, (path, answer.status, answer.body[:500])
        return answer.json

    def with_token(self, token: str) -> WebPeer:
        return WebPeer(self.port, self.service, {"Authorization": f"Bearer {token}"})

    def signed_in(self, user: str, password: str = PASSWORD) -> WebPeer:
        """Return a browser in which somebody has signed in."""
        answer = self.ask("POST", "/api/v1/session", {"user": user, "password": password})
        assert answer.status == 201, answer.body
        csrf = answer.json["csrf"]
        return WebPeer(self.port, self.service, {"Cookie": answer.cookies, "X-CSRF-Token": csrf})


@contextmanager
def web_server(
    site: Site, *, clock: Callable[[], int] | None = None, rate: float = 1e6, public_url: str = ""
) -> Iterator[WebPeer]:
    """Serve a site; ``clock`` returns ns UTC, else it is the present."""
    options = WebOptions(
        every=0.05, public_url=public_url, clock=clock, limiter=RateLimiter(rate, max(rate, 10))
    )
    service = make_service(site, options)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        server = make_server(make_app(service, options), service.events.close)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            wait_for(port)
            yield WebPeer(port, service)
        finally:
            server.should_exit = True
            thread.join(20)
    assert not thread.is_alive()


def wait_for(port: int) -> None:
    """Return once a port answers."""
    for _ in range(2000):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", "/api/v1/health")
            connection.getresponse().read()
        except OSError:
            threading.Event().wait(0.01)
        else:
            return
        finally:
            connection.close()
    raise AssertionError("nobody listens")


def add_user(site: Site, name: str, role: RoleName, person: str = "") -> None:
    """Add a user with ``PASSWORD``, hashed so that a test need not wait for it."""
    with UserFile(Path(site.store.path)).changing() as change:
        change.user(name, UserEntry(role=role, password=_HASH, serial=f"{name}-1", person=person))


def add_token(site: Site, user: str, *scopes: Scope, until: int = 2**33) -> str:
    """Return a token of a user."""
    number, token, entry = new_token(user, scopes, until)
    with UserFile(Path(site.store.path)).changing() as change:
        change.token(number, entry)
    return token
