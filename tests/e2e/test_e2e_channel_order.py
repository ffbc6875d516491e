"""A person's channels in order: where the first is dead the next has a critical alarm at once, and its end too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.notification_peers import EventLoopThread, RealChannelRuntime
from support.raw_http import ACCEPTED, RawResponse, RawServer, raw_server

from facilityd.config.load import load
from facilityd.model.sample import NS
from facilityd.scenario.real_runtime import free_ports
from facilityd.store.batch import Delivery
from facilityd.store.reader import JournalReader

START = 1_781_056_800 * NS
SITE = """\
site: {id: yard, name: {zh: 场院, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
links: {io: {protocol: modbus-tcp, host: 127.0.0.1, port: 15027}}
units: {contacts: {link: io, profile: moxa_iologik_e1212, device_id: 1, period: 5s}}
devices: {fire: {family: contact, name: {zh: 火灾报警, en: Fire panel}, signals: {active: contacts.input_0}}}
recipients:
  li:
    name: {zh: 李工, en: Li}
    language: zh
    channels:
      - {kind: webhook, url: "http://127.0.0.1:PORT/"}
      - {kind: webhook, url: "http://127.0.0.1:9/"}
"""
FIRST, SECOND = "li-1-webhook", "li-2-webhook"
AT_ONCE_S = 10.0
"""The poll of the contact, and one attempt on the first channel."""


@pytest.fixture
def far() -> Iterator[EventLoopThread]:
    with EventLoopThread() as held:
        yield held


def _site(folder: Path, port: int):
    (folder / "site.yaml").write_text(SITE.replace("PORT", str(port)), encoding="utf-8")
    return load(folder)


ANSWERS = {
    "refused": None,
    "404": RawResponse(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", then="close"),
    "503": RawResponse(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", then="close"),
    "hangs": RawResponse(b"", then="stay"),
    "cut": RawResponse(b"HTTP/1.1 20", then="close"),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_the_next_channel_has_it_at_once_and_both_hear_the_end(
    answer: RawResponse | None, far: EventLoopThread, tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    server: RawServer | None = far.hold(raw_server(port)) if answer else None
    if server and answer:
        server.always = answer
    site = _site(tmp_path, port)
    with RealChannelRuntime(site, tmp_path, start=START, far=far, real={FIRST}, patience=0.2) as runtime:
        runtime.advance(60)
        runtime.fault("fire", "active", duration=900.0)
        runtime.advance(AT_ONCE_S)
        fire = [n for n in runtime.mailbox.taken if n.device == "fire"]
        assert [(n.channel, n.purpose) for n in fire] == [(SECOND, "raised")]
        if server:
            server.always = RawResponse(ACCEPTED)
        else:
            server = far.hold(raw_server(port))
        runtime.restart()
        runtime.advance(1200)
        fire = [n for n in runtime.mailbox.taken if n.device == "fire"]
        assert [(n.channel, n.purpose) for n in fire] == [(SECOND, "raised"), (SECOND, "cleared")]
        with JournalReader.open(runtime.journal) as reader:
            mine = [e for e in reader.outbox() if (e.notice.device, e.notice.channel) == ("fire", FIRST)]
        assert [(e.notice.purpose, e.state) for e in mine] == [
            ("raised", Delivery.ACCEPTED),
            ("cleared", Delivery.ACCEPTED),
        ]
