"""No critical alarm ends unheard, however the first person's channels are broken.

The channels are real, on real sockets; the daemon lives in virtual time beside them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support.notification_peers import EventLoopThread, RealChannelRuntime
from support.raw_http import RawResponse, raw_server
from support.scripted_mail_server import ScriptedMailServer, scripted_mail_server

from facilityd.config.load import load
from facilityd.config.site import Site
from facilityd.model.notice import Notice
from facilityd.model.sample import NS
from facilityd.scenario.real_runtime import free_ports
from facilityd.store.batch import Delivery
from facilityd.store.reader import JournalReader

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
      - {kind: webhook, url: "http://127.0.0.1:HOOK/"}
      - {kind: wecom-robot, url: "http://127.0.0.1:ROBOT/send", token: "${K3Y}"}
      - {kind: email, to: TO@square.example, sender: a@square.example, host: 127.0.0.1, port: MAIL}
      - {kind: mqtt, host: 127.0.0.1, port: NOBODY}
  bo: {name: {zh: 博, en: Bo}, language: zh, standby: true, channels: [{kind: webhook, url: "http://127.0.0.1:9/"}]}
rotas:
  reserve: {shifts: [{from: "00:00", until: "24:00", people: [bo]}]}
escalation: {steps: [{after: 10min, to: [reserve]}]}
"""
MINE = ("li-1-webhook", "li-2-wecom-robot", "li-3-email", "li-4-mqtt")
LATE_S = 61
"""What only time brings about is looked at once a minute."""
START = int(datetime(2026, 6, 10, 10, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()) * NS


def _http(line: str, body: str = "") -> RawResponse:
    head = f"HTTP/1.1 {line}\r\nContent-Length: {len(body.encode())}\r\n\r\n"
    return RawResponse((head + body).encode(), then="close")


WAYS = {
    "refused for good": (_http("404 Not Found"), _http("200 OK", '{"errcode": 93000}'), "gone"),
    "logins fail": (_http("401 Unauthorized"), _http("200 OK", '{"errcode": 40001}'), "gone"),
    "later": (
        _http("429 Too Many\r\nRetry-After: 86400"),
        _http("200 OK", '{"errcode": 45009}'),
        "busy",
    ),
    "nobody knows": (RawResponse(b"", then="stay"), _http("200 OK", "half a b"), "drop"),
}


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K3Y", "k3y")


@pytest.fixture
def far() -> Iterator[EventLoopThread]:
    with EventLoopThread() as held:
        yield held


def _site(folder: Path, far: EventLoopThread, way: str) -> Site:
    hook, robot, to = WAYS[way]
    ports = dict(zip(("HOOK", "ROBOT", "NOBODY"), map(str, free_ports(3)), strict=True))
    for name, answer in (("HOOK", hook), ("ROBOT", robot)):
        far.hold(raw_server(int(ports[name]))).always = answer
    ports |= {"MAIL": str(far.hold(scripted_mail_server(ScriptedMailServer()))), "TO": to}
    text = SITE
    for name, value in ports.items():
        text = text.replace(name, value)
    (folder / "site.yaml").write_text(text, encoding="utf-8")
    return load(folder)


def _told(runtime: RealChannelRuntime, device: str) -> list[Notice]:
    return [one for one in runtime.mailbox.taken if one.device == device]


@pytest.mark.parametrize("way", WAYS)
def test_the_next_person_hears_of_it_in_time_and_the_channels_are_alarms(
    way: str, far: EventLoopThread, tmp_path: Path
) -> None:
    site = _site(tmp_path, far, way)
    with RealChannelRuntime(site, tmp_path, start=START, far=far, real=MINE, patience=0.1) as runtime:
        runtime.advance(60)
        begun = runtime.now
        runtime.fault("fire", "active")
        runtime.advance(600 + LATE_S)
        (heard,) = _told(runtime, "fire")
        assert (heard.recipient, heard.purpose) == ("bo", "escalated")
        assert heard.at - begun <= (600 + LATE_S) * NS
        for channel in MINE:
            assert runtime.real[channel].outcomes, "each was tried"
            told = [(one.recipient, one.purpose) for one in _told(runtime, f"channel-{channel}")]
            assert told == [("bo", "raised")], channel
        with JournalReader.open(runtime.journal) as reader:
            mine = [e for e in reader.outbox() if e.notice.device == "fire" and e.notice.channel in MINE]
        assert {entry.notice.channel for entry in mine} == set(MINE)
        assert {entry.state for entry in mine} == {Delivery.WAITING}, "no refusal is final while it stands"


def test_a_daily_test_that_a_channel_does_not_take_is_that_channels_alarm(
    far: EventLoopThread, tmp_path: Path
) -> None:
    site = _site(tmp_path, far, "refused for good")
    (tmp_path / "site.yaml").write_text(
        (tmp_path / "site.yaml").read_text() + 'proof_of_life: {test_message: "10:05"}\n', encoding="utf-8"
    )
    site = load(tmp_path)
    with RealChannelRuntime(site, tmp_path, start=START, far=far, real=MINE, patience=0.1) as runtime:
        runtime.advance(290)
        assert [one for one in runtime.mailbox.taken if one.recipient == "bo"] == []
        runtime.advance(400)
        broken = {one.device for one in runtime.mailbox.taken if one.purpose == "raised"}
        assert broken == {f"channel-{channel}" for channel in MINE}
