"""Whoever floods, dawdles or lies at the border loses their connection, and nobody else anything."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.daemon import Command, daemon, facilityd, journal_of, running
from support.query_sites import StoredSite
from support.site import make_contacts
from support.web import WebPeer, wait_for, web_server

from facilityd.query.site import SiteQuery
from facilityd.scenario.real_runtime import free_ports
from facilityd.store.reader import JournalReader
from facilityd.web import border, server
from facilityd.web.history_stream import _cell
from facilityd.web.pool import CLIENT, MOST_OF_ONE, THREADS, QueryPool
from facilityd.web.problems import HttpProblem
from facilityd.web.server import BoundedProtocol

SOON = 0.3
HEAD = b"GET /api/v1/rules HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch, morning: StoredSite) -> Iterator[WebPeer]:
    """A server whose patience is a third of a second, with small buffers."""
    monkeypatch.setattr(BoundedProtocol, "head_seconds", SOON)
    monkeypatch.setattr(BoundedProtocol, "slow_seconds", SOON)
    monkeypatch.setattr(border, "BODY_SECONDS", SOON)
    monkeypatch.setattr(server, "SEND_BUFFER", 4096)
    monkeypatch.setattr(server, "MOST_OF_ONE", 20)
    monkeypatch.setattr(server, "KEEP_ALIVE", 1)
    with web_server(morning.site, clock=lambda: morning.now) as peer:
        yield peer


def _connect(peer: WebPeer, receive_bytes: int = 0) -> socket.socket:
    own = socket.socket()
    if receive_bytes:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    own.settimeout(20)
    own.connect(("127.0.0.1", peer.port))
    return own


def _rest(own: socket.socket) -> bytes:
    """Return what comes until the other side closes."""
    data = b""
    try:
        while part := own.recv(65536):
            data += part
    except ConnectionResetError:
        pass
    return data


@pytest.mark.parametrize("begun", [b"", b"G", HEAD, HEAD + b"\r\n" + HEAD])
def test_who_never_ends_a_request_is_hung_up_on(impatient: WebPeer, begun: bytes) -> None:
    with _connect(impatient) as own:
        own.sendall(begun)
        answer = _rest(own)
    assert answer[:12] in (b"", b"HTTP/1.1 200")
    assert bool(answer) == (begun.count(b"GET") == 2)
    assert impatient.get("/api/v1/health").status == 503


def test_who_sends_a_body_a_byte_at_a_time_is_told_and_hung_up_on(impatient: WebPeer) -> None:
    with _connect(impatient) as own:
        own.sendall(b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    b"Content-Length: 50\r\n\r\n{")  # fmt: skip
        answer = _rest(own)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"problem+json" in answer


def test_who_takes_an_answer_a_byte_at_a_time_is_dropped(impatient: WebPeer) -> None:
    whole = len(impatient.get("/api/v1/rules").body)
    with _connect(impatient, 2048) as own:
        own.sendall(HEAD + b"\r\n")
        taken = len(own.recv(1))
        held = server.BoundedProtocol.open
        while held["127.0.0.1"]:
            threading.Event().wait(0.01)
        taken += len(_rest(own))
    assert taken < whole / 2
    assert impatient.get("/api/v1/health").status == 503


def test_one_address_has_so_many_connections_and_no_more(impatient: WebPeer) -> None:
    crowd = [_connect(impatient) for _ in range(40)]
    try:
        assert [_rest(own) for own in crowd] == [b""] * 40
    finally:
        for own in crowd:
            own.close()
    assert impatient.get("/api/v1/health").status == 503, "once they are gone there is room"


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\n" + b"X-Flood: " + b"x" * 40_000,
        b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(5000)) + b"\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00", b"GET /\x00 HTTP/1.1\r\n\r\n", b"\r\n" * 5000,
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n",
    ],
    ids=["header", "headers", "tls", "nul", "blank", "hosts", "version", "negative", "length"],
)  # fmt: skip
def test_what_is_no_request_is_refused_and_ends(impatient: WebPeer, head: bytes) -> None:
    with _connect(impatient) as own:
        try:
            own.sendall(head)
        except OSError:
            return  # it has hung up already
        answer = _rest(own)
    assert answer[:10] in (b"", b"HTTP/1.1 4")
    assert b"Traceback" not in answer


def test_an_address_that_asks_too_often_is_asked_to_wait(morning: StoredSite) -> None:
    with web_server(morning.site, rate=0.001) as peer:
        answers = [peer.get("/api/v1/health") for _ in range(15)]
    assert answers[0].status == 503
    assert answers[-1].status == 429
    assert answers[-1].headers["retry-after"] == "1"
    assert answers[-1].json["detail"]


def test_a_long_address_is_refused(impatient: WebPeer) -> None:
    assert impatient.get("/api/v1/changes?since=" + "x" * 13_000).status == 414


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1", "-1+2", "@SUM(A1)", "\t=1"])
def test_a_devices_text_is_no_formula_in_a_spreadsheet(text: str) -> None:
    assert _cell(text) == f"'{text}"
    assert _cell("ready") == "ready"
    assert _cell(-1.5) == -1.5


def test_the_process_takes_no_more_memory_than_it_may_and_is_the_first_to_go() -> None:
    code = (
        "from facilityd.web.server import step_back; step_back(300 << 20)\n"
        "try: x = bytearray(400 << 20)\n"
        "except MemoryError: print('refused')\n"
        "print(open('/proc/self/oom_score_adj').read())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["refused", "500"]


async def test_the_daemon_does_not_notice_when_the_api_is_killed_or_stopped(tmp_path: Path) -> None:
    """Real processes: kill -9 and a stopped process while a daemon watches; its samples go on."""
    folder = make_contacts(tmp_path / "yard")
    (port,) = free_ports(1)
    serving = Command(["serve", str(folder.folder), "--port", str(port)], tmp_path / "serve.log")
    async with running(daemon(folder.folder, log=tmp_path / "run.log")) as watching:
        (await journal_of(folder.journal, watching)).close()
        async with running(serving):
            await asyncio.to_thread(wait_for, port)
            serving.process.send_signal(signal.SIGSTOP)  # it holds its readers open and answers nothing
            await facilityd("reload", folder.folder)  # the daemon answers, and its answer is durable
            await serving.kill()
            await facilityd("reload", folder.folder)
        assert watching.alive


async def test_whoever_asks_for_much_waits_behind_themselves(morning: StoredSite) -> None:
    """Fifty questions of one address fill their two threads; another address and small questions go by."""
    pool = QueryPool(morning.site, lambda: morning.now)
    hold, begun = threading.Event(), threading.Semaphore(0)

    def slow(_: SiteQuery) -> None:
        begun.release()
        hold.wait(30)

    async def ask(client: str) -> None:
        CLIENT.set(client)
        await pool.ask(slow)

    greedy = [asyncio.create_task(ask("10.0.0.1")) for _ in range(50)]
    try:
        for _ in range(2):
            assert await asyncio.to_thread(begun.acquire, timeout=20)
        refused = [task for task in greedy if task.done() and task.exception()]
        assert len(refused) == 50 - MOST_OF_ONE
        assert (await pool.ask_quickly(SiteQuery.liveness)).state == "stopped"
        CLIENT.set("10.0.0.2")
        assert await pool.ask(SiteQuery.alarms)
    finally:
        hold.set()
        await asyncio.gather(*greedy, return_exceptions=True)
        pool.close()


async def test_who_waits_for_a_thread_too_long_is_told_to_come_again_and_takes_none(
    morning: StoredSite,
) -> None:
    """Every thread is taken by others: 503 with Retry-After comes before a client gives up by itself."""
    pool = QueryPool(morning.site, lambda: morning.now, patience=0.01)
    hold, begun = threading.Event(), threading.Semaphore(0)
    later: list[str] = []

    def slow(_: SiteQuery) -> None:
        begun.release()
        hold.wait(30)

    async def ask(client: str, question: Callable[[SiteQuery], None]) -> None:
        CLIENT.set(client)
        await pool.ask(question)

    busy = [asyncio.create_task(ask(f"10.0.0.{n}", slow)) for n in range(THREADS)]
    try:
        for _ in busy:
            assert await asyncio.to_thread(begun.acquire, timeout=20)
        with pytest.raises(HttpProblem) as told:
            await ask("10.0.0.9", lambda _: later.append("asked"))
        assert (told.value.status, told.value.headers) == (503, {"Retry-After": "2"})
        hold.set()
        await asyncio.gather(*busy)
        assert later == [], "what was refused is not asked behind one's back"
        await ask("10.0.0.9", lambda _: later.append("asked"))
        assert later == ["asked"]
    finally:
        hold.set()
        await asyncio.gather(*busy, return_exceptions=True)
        pool.close()


HUNGRY = """
import sys, threading
from pathlib import Path
from facilityd.config.load import load
from facilityd.query.site import SiteQuery
from facilityd.web.server import step_back
step_back(256 << 20)
with SiteQuery(load(Path(sys.argv[1]), secrets=False)) as query:
    query.devices()  # a reader of the journal is open, as in an API that answers
    held = []
    try:
        while True:
            held.append(bytearray(1 << 20))
    except MemoryError:
        print(len(held), flush=True)
        sys.stdin.read()
"""


async def test_the_daemon_does_not_notice_when_the_api_takes_all_memory_it_may(tmp_path: Path) -> None:
    """A process with the API's limits, a reader open, holds every byte that it can get while a daemon watches."""
    folder = make_contacts(tmp_path / "yard")
    async with running(daemon(folder.folder, log=tmp_path / "run.log")) as watching:
        (await journal_of(folder.journal, watching)).close()
        hungry = subprocess.Popen(
            [sys.executable, "-c", HUNGRY, str(folder.folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        with hungry:
            assert hungry.stdout
            taken = int(await asyncio.to_thread(hungry.stdout.readline))
            assert 100 < taken < 256, "MiB: it was let have no more than its limit"
            with JournalReader.open(folder.journal) as reader:
                before = reader.last_sample()
                await facilityd("reload", folder.folder)  # the daemon answers, and its answer is durable
                while reader.last_sample() <= before:
                    await asyncio.sleep(0)
            hungry.kill()
        await facilityd("reload", folder.folder)
        assert watching.alive


def test_who_asks_with_head_gets_the_head_of_an_answer_and_other_methods_are_named(
    impatient: WebPeer,
) -> None:
    for path in ("/api/v1/devices", "/", "/metrics", "/api/v1/events", "/api/v1/none"):
        got = impatient.ask("HEAD", path)
        assert got.body == b"", path
        if path == "/api/v1/events":  # a stream that would go on for ever
            assert (got.status, got.headers["content-type"][:17]) == (200, "text/event-stream")
        else:
            assert got.status == impatient.get(path).status, path
    for path, method, allowed in (
        ("/api/v1/devices", "PUT", "GET, HEAD"),
        ("/api/v1/devices", "OPTIONS", "GET, HEAD"),
        ("/api/v1/session", "PUT", "DELETE, GET, HEAD, POST"),
        ("/api/v1/commands", "GET", "POST"),
    ):
        refused = impatient.ask(method, path)
        assert (refused.status, refused.headers["allow"]) == (405, allowed)
