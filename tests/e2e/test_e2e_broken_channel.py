"""Somebody's mail server or webhook is broken: the others hear of it, nothing is given up, and it ends when it is mended.

The channels and their servers are real and on real sockets; the daemon lives in virtual time beside them.
"""

from __future__ import annotations

import json
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.notification_peers import (
    PASSWORD,
    Certificates,
    EventLoopThread,
    MailServer,
    RealChannelRuntime,
    mail_server,
    make_certificates,
)
from support.raw_http import ACCEPTED, RawResponse, RawServer, raw_server

from facilityd.config.load import load
from facilityd.model.notice import DeliveryOutcome, Notice
from facilityd.model.sample import NS
from facilityd.notify.mail import message
from facilityd.scenario.real_runtime import free_ports
from facilityd.store.batch import Delivery
from facilityd.store.reader import JournalReader

START = 1_781_056_800 * NS
TOLD = 360.0
"""s in which a broken channel is told: held two minutes, looked at once a minute."""
MENDED = 1200.0
"""s in which a mended one is found: ten minutes between attempts at most."""
PATIENCE_S = 0.2
MANY = 3
SITE = """\
site: {id: yard, name: {zh: 场院, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
links: {io: {protocol: modbus-tcp, host: 127.0.0.1, port: 15027}}
units: {contacts: {link: io, profile: moxa_iologik_e1212, device_id: 1, period: 5s}}
devices: {fire: {family: contact, name: {zh: 火灾报警, en: Fire panel}, signals: {active: contacts.input_0}}}
recipients:
  li: {name: {zh: 李工, en: Li}, language: zh, channels: [CHANNEL]}
  crew: {name: {zh: 值班员, en: Duty crew}, language: zh, channels: [{kind: webhook, url: "http://127.0.0.1:9/"}]}
  engineer: {name: {zh: 工程师, en: Engineer}, language: en, channels: [{kind: webhook, url: "http://127.0.0.1:9/"}]}
"""
SENDER, TO, NOWHERE = "a@yard.example", "li@yard.example", "nowhere.invalid"
MAIL = """{kind: email, to: li@yard.example, sender: a@yard.example, host: HOST, port: PORT, tls: starttls,
    username: li, password: "${LI}"}"""
HOOK = '{kind: webhook, url: "http://HOST:PORT/", token: "${LI}"}'
SECURE = HOOK.replace("http", "https")


@dataclass
class ChannelWorld:
    """Servers on one port, and who finds them. ``web`` listens once it ``answers``, the office once it is ``open``."""

    far: EventLoopThread
    certificates: Certificates
    resolve: Callable[[], None]
    """Let the name NOWHERE be found."""
    port: int = field(default_factory=lambda: free_ports(1)[0])
    web: RawServer | None = None
    context: ssl.SSLContext | None = None
    post: MailServer = field(default_factory=MailServer)

    def answers(self, data: bytes, then: str = "close", context: ssl.SSLContext | None = None) -> None:
        """Let the webhook answer so from now on, with TLS where a ``context`` is given."""
        if self.web is None or context is not self.context:
            self.far.close()
            self.web, self.context = self.far.hold(raw_server(self.port, context)), context
        self.web.always = RawResponse(data, then=then)

    def opens(self) -> None:
        """Let the mail server listen."""
        self.far.close()
        self.far.hold(mail_server(self.post, self.port))

    def took(self, notice: Notice) -> int:
        """Return how often the server took a notice."""
        posts = [json.loads(body)["key"] for body in self.web.taken] if self.web else []
        mails = [line for line in self.post.ids if line == message(notice, SENDER, TO)["Message-ID"]]
        return posts.count(notice.key) + len(mails)


@dataclass(frozen=True)
class Broken:
    """One way in which a server does not take notices, what each attempt comes to and what is said of it."""

    name: str
    channel: str
    breaks: Callable[[ChannelWorld], None]
    result: DeliveryOutcome
    zh: str
    en: str
    host: str = "127.0.0.1"

    def mend(self, world: ChannelWorld) -> None:
        """Let all be well."""
        world.resolve()
        if self.channel is MAIL:
            world.post.context, world.post.password = world.certificates.trusted, PASSWORD
            world.opens()
        else:
            world.answers(ACCEPTED, context=world.certificates.trusted if self.channel is SECURE else None)


def _status(line: str) -> Callable[[ChannelWorld], None]:
    return lambda world: world.answers(f"HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n".encode())


def _post(shows: str = "", knows: str = PASSWORD) -> Callable[[ChannelWorld], None]:
    def breaks(world: ChannelWorld) -> None:
        world.post.context = getattr(world.certificates, shows) if shows else None
        world.post.password = knows
        world.opens()

    return breaks


def _forged(world: ChannelWorld) -> None:
    world.answers(ACCEPTED, context=world.certificates.forged)


def _nobody(_: ChannelWorld) -> None:
    """Nobody listens."""


CUT = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 900\r\n\r\nthe database is"
REJECTED, TRANSIENT, UNKNOWN = DeliveryOutcome.REJECTED, DeliveryOutcome.TRANSIENT, DeliveryOutcome.UNKNOWN
LOGIN = "对方不接受用户名、密码或令牌", "the other side does not accept the user name, password or token"
CERTIFICATE = "服务器证书未通过验证", "the server's certificate cannot be verified"
CONNECTION = "连接不上服务器", "the server cannot be reached"
NAME = "查不到服务器的域名", "the server's name cannot be found"
ENCRYPTION = "服务器不提供所要求的加密连接", "the server does not offer the encryption that is asked for"
ADDRESS = "对方没有这个地址", "the other side does not know this address"
REDIRECT = "服务器要求改用另一个地址", "the server points to another address"
SERVER = "服务器内部出错", "the server reports an error of its own"
TIMEOUT = "服务器未在规定时间内答复", "the server does not answer in time"
BREAK = "连接在答复之前或答复中途断开", "the connection breaks before the answer is whole"
WAYS = [
    Broken("mail-535", MAIL, _post("trusted", "another"), REJECTED, *LOGIN),
    Broken("mail-no-starttls", MAIL, _post(), REJECTED, *ENCRYPTION),
    Broken("mail-certificate", MAIL, _post("forged"), TRANSIENT, *CERTIFICATE),
    Broken("mail-refused", MAIL, _nobody, TRANSIENT, *CONNECTION),
    Broken("mail-no-name", MAIL, _nobody, TRANSIENT, *NAME, NOWHERE),
    Broken("hook-401", HOOK, _status("401 Unauthorized"), REJECTED, *LOGIN),
    Broken("hook-404", HOOK, _status("404 Not Found"), REJECTED, *ADDRESS),
    Broken("hook-302", HOOK, _status("302 Found\r\nLocation: /elsewhere"), REJECTED, *REDIRECT),
    Broken("hook-500", HOOK, _status("500 Oops"), TRANSIENT, *SERVER),
    Broken("hook-certificate", SECURE, _forged, TRANSIENT, *CERTIFICATE),
    Broken("hook-hangs", HOOK, lambda world: world.answers(b"", "stay"), UNKNOWN, *TIMEOUT),
    Broken("hook-cut-in-the-body", HOOK, lambda world: world.answers(CUT), TRANSIENT, *SERVER),
    Broken("hook-cut-in-the-head", HOOK, lambda world: world.answers(CUT[:20]), UNKNOWN, *BREAK),
    Broken("hook-refused", HOOK, _nobody, TRANSIENT, *CONNECTION),
    Broken("hook-no-name", HOOK, _nobody, TRANSIENT, *NAME, NOWHERE),
]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"), NOWHERE)


@pytest.fixture
def world(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> Iterator[ChannelWorld]:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ours))
    # What aiohttp believes it read when it was imported.
    believed = ssl.create_default_context(cafile=certificates.ours)
    monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", believed)
    monkeypatch.setenv("LI", PASSWORD)
    asked = socket.getaddrinfo

    def found(host: str, *rest, **more) -> list:
        return asked("127.0.0.1" if host == NOWHERE else host, *rest, **more)

    with EventLoopThread() as far:
        yield ChannelWorld(far, certificates, lambda: monkeypatch.setattr(socket, "getaddrinfo", found))


def _told(runtime: RealChannelRuntime, recipient: str, device: str) -> list[Notice]:
    return [one for one in runtime.mailbox.taken if (one.recipient, one.device) == (recipient, device)]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_the_others_hear_of_it_and_it_ends_when_it_is_mended(
    way: Broken, world: ChannelWorld, tmp_path: Path
) -> None:
    channel = way.channel.replace("HOST", way.host).replace("PORT", str(world.port))
    (tmp_path / "site.yaml").write_text(SITE.replace("CHANNEL", channel), encoding="utf-8")
    site = load(tmp_path)
    mine = site.recipients["li"].channels[0].id
    way.breaks(world)
    with RealChannelRuntime(
        site, tmp_path, start=START, far=world.far, real={mine}, patience=PATIENCE_S
    ) as runtime:
        runtime.advance(60)
        runtime.fault("fire", "active")
        runtime.advance(TOLD)
        with JournalReader.open(runtime.journal) as reader:
            (held,) = [e for e in reader.outbox() if (e.notice.device, e.notice.channel) == ("fire", mine)]
        assert {outcome.result for outcome in runtime.real[mine].outcomes} == {way.result}
        assert (held.state, held.attempts >= MANY) == (Delivery.WAITING, True)
        for who, words in (("crew", way.zh), ("engineer", way.en)):
            (told,) = _told(runtime, who, f"channel-{mine}")
            assert (told.purpose, words in told.body) == ("raised", True), told.body
            assert PASSWORD not in told.body
        way.mend(world)
        runtime.advance(MENDED)
        for who in ("crew", "engineer"):
            assert [n.purpose for n in _told(runtime, who, f"channel-{mine}")] == ["raised", "cleared"]
            assert [n.purpose for n in _told(runtime, who, "fire")] == ["raised"]
    assert world.took(held.notice) == 1
    assert max(Counter(n.key for n in runtime.mailbox.taken).values()) == 1
