"""Any answer of a time-series server or of a webhook: nobody fails, nothing is lost, nothing grows."""

from __future__ import annotations

import asyncio
import gzip
import logging
import re
import tracemalloc
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.forwarding import fill, forwarder, running, wait_for
from support.fuzz import fuzzed
from support.journals import Keeper, open_journal
from support.notification_fixtures import notice
from support.raw_http import ACCEPTED, RawResponse, RawServer, answers, raw_server

from facilityd.model.notice import DeliveryOutcome, DeliveryResult, SendFailure
from facilityd.notify.webhook import Webhook
from facilityd.store.line_source import SampleSource
from facilityd.store.reader import JournalReader

NESTED = RawResponse(
    b"HTTP/1.1 503 Busy\r\nRetry-After: " + b"9" * 5000 + b"\r\n\r\n" + b'{"a":' * 100_000, then="close"
)
GBK = RawResponse("HTTP/1.1 401 拒绝\r\n\r\n令牌无效".encode("gbk"), then="close")
HALF = RawResponse(b"HTTP/1.1 500 E\r\nTransfer-Encoding: chunked\r\n\r\n40\r\nhalf", then="close")
ENDLESS = b"HTTP/1.1 500 E\r\nContent-Length: 100000000\r\n\r\n" + b"x" * 100_000_000
_BOMB = gzip.compress(b"0" * 50_000_000)
BOMB = b"HTTP/1.1 500 E\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(_BOMB), _BOMB)
HEADS = b"HTTP/1.1 500 E\r\n" + b"X: y\r\n" * 2_000_000
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n" * 2_000_000
MIB = 2**20
SECRET = "t0ken"
TIMEOUT_S = 0.1
PATIENCE_S = 30.0
"""For what answers at once, on however busy a machine."""


@dataclass(repr=False)
class Place:
    """A server, and a journal of which one forwarder sends it a few lines more in each case."""

    runner: asyncio.Runner
    server: RawServer
    keeper: Keeper
    reader: JournalReader
    ticks: int = 0

    def _repr_pretty_(self, printer: Any, _cycle: object) -> None:
        printer.text("place")

    def fill(self) -> None:
        fill(self.keeper, 2, self.ticks)
        self.ticks += 2

    def wait(self) -> None:
        """Let the forwarder go on until everything is taken or parked."""
        everything = lambda: self.reader.cursor("influx") == self.reader.last_sample()  # noqa: E731
        self.runner.run(wait_for(everything))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    journal = open_journal(tmp_path_factory.mktemp("http"))
    journal.configure_sinks(["influx"])
    keeper, serving = Keeper(journal), raw_server()
    with asyncio.Runner() as runner, JournalReader.open(journal.path) as reader:
        server = runner.run(serving.__aenter__())
        forwarding = running(forwarder(keeper, server.url, timeout=TIMEOUT_S))
        runner.run(forwarding.__aenter__())
        yield Place(runner, server, keeper, reader)
        runner.run(forwarding.__aexit__(None, None, None))
        runner.run(serving.__aexit__(None, None, None))
    keeper.close()


@given(st.lists(answers(), min_size=1, max_size=4))
@example([NESTED, GBK, HALF])
@fuzzed
def test_no_answer_of_influxdb_loses_or_doubles(
    place: Place, caplog: pytest.LogCaptureFixture, said: list[RawResponse]
) -> None:
    caplog.clear()
    place.fill()
    before = place.reader.cursor("influx")
    wanted = {line.id: line.text for line in SampleSource(place.reader, "square").read(before)[0]}
    place.server.script, place.server.taken = deque(said), []
    place.wait()
    assert not [record for record in caplog.records if record.exc_info], "a failure that nobody foresaw"
    dead_letter_lines = {one.row for one in place.reader.dead_letter_lines() if one.row in wanted}
    taken = {line for body in place.server.taken for line in body.split(b"\n")}
    assert (
        {text for row, text in wanted.items() if row not in dead_letter_lines}
        <= taken
        <= set(wanted.values())
    )
    last = place.server.taken[-1].split(b"\n") if place.server.taken else []
    assert len(last) == len(set(last))
    said_aloud = [text for text in caplog.messages if "takes no points" in text]
    # On a busy machine a tenth of a second is over before the connection stands: no answer's doing.
    answered = [text for text in said_aloud if not text.endswith("timeout: no answer in time")]
    assert len(answered) <= len(said)


@given(answers())
@example(NESTED)
@example(GBK)
@example(HALF)
@fuzzed
def test_no_answer_of_a_webhook_harms_or_is_taken_for_a_yes(place: Place, said: RawResponse) -> None:
    outcome = place.runner.run(_told(place.server, said))
    assert outcome.result is not DeliveryOutcome.ACCEPTED or re.search(r"2\d\d", said.status), said.status
    assert len(outcome.reason) <= 230
    assert SECRET not in outcome.reason
    assert outcome.retry_after is None or 0 <= outcome.retry_after <= 86_400 * 10**9
    healthy = _told(place.server, RawResponse(ACCEPTED), PATIENCE_S)
    assert place.runner.run(healthy) == DeliveryResult(DeliveryOutcome.ACCEPTED)


async def _told(server: RawServer, said: RawResponse, timeout_s: float = TIMEOUT_S) -> DeliveryResult:
    server.script = deque([said])
    return await Webhook(f"{server.url}/{SECRET}", SECRET, timeout_s=timeout_s).send(notice())


@pytest.mark.parametrize("data", [ENDLESS, BOMB, HEADS], ids=["endless", "bomb", "headers"])
def test_no_answer_fills_the_memory(place: Place, data: bytes) -> None:
    place.server.script = deque([RawResponse(data, then="close")])
    place.fill()
    tracemalloc.start()
    try:
        place.wait()
        assert not place.server.script
        place.runner.run(_told(place.server, RawResponse(data, then="close")))
        assert tracemalloc.get_traced_memory()[1] < 4 * MIB
    finally:
        tracemalloc.stop()


def test_interim_answers_without_end_are_no_answer(place: Place) -> None:
    tracemalloc.start()
    try:
        said = RawResponse(INTERIM, then="close")
        outcome = place.runner.run(_told(place.server, said, PATIENCE_S))
        assert tracemalloc.get_traced_memory()[1] < 4 * MIB
    finally:
        tracemalloc.stop()
    assert outcome.result is DeliveryOutcome.UNKNOWN
    assert outcome.failure is SendFailure.CUT


@pytest.mark.parametrize("status", [b"100 Continue", b"103 Early Hints"])
def test_an_interim_answer_is_waited_over(place: Place, status: bytes) -> None:
    said = RawResponse((b"HTTP/1.1 %b\r\n\r\n" % status) * 3 + ACCEPTED)
    assert place.runner.run(_told(place.server, said, PATIENCE_S)) == DeliveryResult(DeliveryOutcome.ACCEPTED)


@pytest.fixture(autouse=True)
def _loud(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "facilityd")
