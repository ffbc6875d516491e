"""Python asks over HTTP what it asks of files, and gets the same answers, to the last nanosecond."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from support.query_sites import StoredSite
from support.web import WebPeer, add_token, add_user, web_server

from facilityd.client import Client
from facilityd.client import http_answers as client_module
from facilityd.errors import UsageError
from facilityd.model.sample import NS
from facilityd.web import data_routes as server_module

HOUR = 3600 * NS


@contextmanager
def two(site: StoredSite, peer: WebPeer) -> Iterator[tuple[Client, Client]]:
    """The same site from its files and over HTTP."""
    clock = {"clock": lambda: site.now}
    with (
        Client(*site.site.paths, **clock) as files,
        Client(f"http://127.0.0.1:{peer.port}", **clock) as over_http,
    ):
        yield files, over_http


@pytest.fixture(scope="module")
def served(morning: StoredSite, tmp_path_factory: pytest.TempPathFactory) -> StoredSite:
    """The morning's journal under a site file of its own: ``Client`` reads files."""
    folder = tmp_path_factory.mktemp("served")
    config = Path(morning.site.source)
    for file in config.iterdir():
        if file.name != "site.yaml":
            (folder / file.name).symlink_to(file)
    text = (config / "site.yaml").read_text(encoding="utf-8")
    path = morning.site.store.path
    (folder / "site.yaml").write_text(text.replace("store: {", f"store: {{path: {path}, "), encoding="utf-8")
    from facilityd.config.load import load

    return StoredSite(load(folder, secrets=False), morning.now)


@pytest.fixture(scope="module")
def peer(served: StoredSite) -> Iterator[WebPeer]:
    Path(served.site.store.path).with_name("journal.db.users.json").unlink(missing_ok=True)
    with web_server(served.site, clock=lambda: served.now) as found:
        yield found


def kinds(value: object) -> list[type]:
    return [type(point.value) for point in value.points]  # type: ignore[attr-defined]


def test_every_answer_is_the_same(served: StoredSite, peer: WebPeer) -> None:
    with two(served, peer) as (files, over_http):
        assert over_http.devices() == files.devices()
        assert over_http.devices("hoist-1", "fountain-2") == files.devices("hoist-1", "fountain-2")
        assert over_http.alarms() == files.alarms() != []
        assert over_http.alarms(everything=True) == files.alarms(everything=True)
        for signal in ("power", "running", "leakage"):
            mine = files.values("fountain-2", signal, since="1h")
            theirs = over_http.values("fountain-2", signal, since="1h")
            assert theirs == mine
            assert kinds(theirs) == kinds(mine)
        assert over_http.compare("fountain-*", since="2h", days=1) == files.compare(
            "fountain-*", since="2h", days=1
        )
        assert over_http.as_of("hoist-1", at="10min") == files.as_of("hoist-1", at="10min")


def test_arrays_are_the_same_and_asked_for_in_portions(
    served: StoredSite, peer: WebPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "SIGNALS", 3)
    with two(served, peer) as (files, over_http):
        mine, theirs = (
            one.history("hoist-1", "weather.*", since="6h", bucket="15min") for one in (files, over_http)
        )
    assert list(mine) == list(theirs)
    assert len(mine) > 6
    np.testing.assert_array_equal(mine.start, theirs.start)
    for name in mine:
        for column in ("mean", "least", "greatest", "count", "bad", "good"):
            one, other = getattr(mine[name], column), getattr(theirs[name], column)
            np.testing.assert_array_equal(one, other)
            assert one.dtype == other.dtype
    assert mine.table().keys() == theirs.table().keys()


def test_pages_lose_no_value_and_cut_no_gap(
    served: StoredSite, peer: WebPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "MOST", 7)
    with two(served, peer) as (files, over_http):
        span = {"since": served.now - 3 * HOUR, "until": served.now}
        mine, theirs = (one.values("hoist-1", "position", **span) for one in (files, over_http))
    assert theirs == mine
    assert len(mine.points) > 21
    assert mine.gaps


def test_what_is_asked_wrongly_is_refused_as_from_files(served: StoredSite, peer: WebPeer) -> None:
    with two(served, peer) as (files, over_http):
        for ask in (
            lambda one: one.devices("fountain-22"),
            lambda one: one.values("fountain-2", "powr"),
            lambda one: one.history("fountain-22"),
            lambda one: one.history("fountain-2", bucket="7min"),
        ):
            with pytest.raises(UsageError) as mine:
                ask(files)
            with pytest.raises(UsageError) as theirs:
                ask(over_http)
            assert theirs.value.what == mine.value.what
        with pytest.raises(UsageError):
            over_http.values("fountain-2", "power", since=served.now, until=served.now)
    with pytest.raises(UsageError, match="store="):
        Client(f"http://127.0.0.1:{peer.port}", store="influxdb")


def test_with_users_a_token_is_needed_and_is_in_no_text(served: StoredSite) -> None:
    """A token with the scope ``read`` reads; none, a wrong one and one of another scope do not."""
    users = Path(served.site.store.path).with_name("journal.db.users.json")
    add_user(served.site, "ann", "viewer")
    good, other = add_token(served.site, "ann", "read"), add_token(served.site, "ann", "metrics")
    try:
        with web_server(served.site, clock=lambda: served.now) as peer:
            address = f"http://127.0.0.1:{peer.port}"
            with Client(address, token=good) as client:
                assert client.alarms()
            for token, status in (("", 401), ("wrong-token-12345", 401), (other, 403)):
                with pytest.raises(UsageError, match=str(status)) as refused:
                    Client(address, token=token)
                assert not token or token not in f"{refused.value}{refused.value.hint}"
    finally:
        users.unlink()


@contextmanager
def between(peer: WebPeer, script: Callable[[str], int]) -> Iterator[str]:
    """Somebody in between who lets a question through (200), or answers another status himself."""

    class Proxy(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = script(self.path), b'{"detail": "busy", "hint": ""}'
            if status == 200:
                answer = peer.get(self.path)
                status, body = answer.status, answer.body
            self.send_response(status)
            if status == 429:
                self.send_header("Retry-After", "0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_what_is_too_much_at_once_is_asked_in_halves_and_a_busy_server_again(
    served: StoredSite, peer: WebPeer
) -> None:
    """Hours that are not rolled up yet cost: the server gives a question up after ten seconds."""
    asked: list[int] = []
    clock = {"clock": lambda: served.now}

    def script(path: str) -> int:
        asked.append(path.count("signal="))
        if len(asked) % 4 == 0:
            return 429
        return 503 if asked[-1] > 2 and "/columns" in path else 200

    with (
        Client(*served.site.paths, **clock) as files,
        between(peer, script) as address,
        Client(address, **clock) as over_http,
    ):
        mine, theirs = (one.history("weather", since="2h", bucket="1h") for one in (files, over_http))
    assert list(mine) == list(theirs)
    for name in mine:
        np.testing.assert_array_equal(mine[name].mean, theirs[name].mean)
    assert max(asked) > 2
    for status in (503, 429):
        with (
            between(peer, lambda path, status=status: 200 if "/site" in path else status) as address,
            Client(address, **clock) as client,
            pytest.raises(UsageError, match="busy"),
        ):
            client.history("weather.wind", since="2h", bucket="1h")


def test_who_is_no_server_of_ours_is_said(peer: WebPeer) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gone = free.getsockname()[1]
    with pytest.raises(UsageError, match="cannot be reached") as refused:
        Client(f"http://127.0.0.1:{gone}", token="secret-token-1")
    assert "facilityd serve" in refused.value.hint

    class Foreign(http.server.BaseHTTPRequestHandler):
        body, status = b"<html>log in</html>", 200

        def do_GET(self) -> None:
            self.send_response(self.status)
            self.send_header("Location", "http://127.0.0.1:9/")
            self.send_header("Content-Length", str(len(self.body)))
            self.end_headers()
            self.wfile.write(self.body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Foreign)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        for status, body in ((200, b"<html>log in</html>"), (302, b""), (500, b"[]"), (200, b'{"id": 5}')):
            Foreign.status, Foreign.body = status, body
            with pytest.raises(UsageError, match="not what facilityd serve answers"):
                Client(f"http://127.0.0.1:{server.server_port}", token="secret-token-1")
    finally:
        server.shutdown()
        server.server_close()
