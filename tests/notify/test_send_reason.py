"""Why a notice was not taken is said in the reader's language; only the receiver's own words stay as they are."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest
from support.notification_fixtures import notice
from support.notification_peers import make_certificates
from support.raw_http import RawResponse, raw_server
from support.scripted_mail_server import ScriptedMailServer, scripted_mail_server

from facilityd.model.message import spoken, texts_of
from facilityd.model.notice import DeliveryResult
from facilityd.model.send_reason import answer, recognised
from facilityd.notify.mail import Email
from facilityd.notify.mqtt_channel import MqttChannel
from facilityd.notify.webhook import Webhook

BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 14\r\n\r\nback at eleven"
BARE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


def _told(found: DeliveryResult) -> tuple[str, str]:
    """Return the reason in Chinese, as it is read from the journal where it stands in English, and the answer."""
    stored = str(found.reason)
    return spoken(recognised(stored), "zh"), answer(stored)


def _free() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


async def test_nobody_listens() -> None:
    port = _free()
    refused = ("连接不上：对方拒绝连接：该端口上没有服务", "")
    assert _told(await Webhook(f"http://127.0.0.1:{port}/").send(notice())) == refused
    mail = Email(to="li@y.example", sender="a@y.example", host="127.0.0.1", port=port, timeout_s=5)
    assert _told(await mail.send(notice())) == ("对方拒绝连接：该端口上没有服务", "")
    mqtt = MqttChannel(host="127.0.0.1", port=port, timeout_s=5)
    assert _told(await mqtt.send(notice())) == ("对方拒绝连接：该端口上没有服务", "")


async def test_a_name_that_nobody_knows() -> None:
    long = f"{'x' * 64}.example"  # no label may be so long: refused before any server is asked
    assert _told(await Webhook(f"http://{long}/").send(notice())) == ("网址无效", "")
    mail = Email(to="li@y.example", sender="a@y.example", host="nowhere.invalid", port=25, timeout_s=20)
    assert _told(await mail.send(notice())) == ("找不到主机名", "")


@pytest.mark.parametrize(
    ("said", "then", "zh", "own"),
    [
        (BUSY, "close", "HTTP 状态码 503：back at eleven", "HTTP 503 back at eleven"),
        (BARE, "close", "HTTP 状态码 404", "HTTP 404"),
        (b"HTTP/1.1 200 OK\r\nContent-", "reset", "连接在答复之前或答复中途断开", ""),
        (b"", "stay", "在规定时间内没有答复", ""),
    ],
)
async def test_a_webhook(said: bytes, then: str, zh: str, own: str) -> None:
    async with raw_server() as receiver:
        receiver.always = RawResponse(said, then=then)
        assert _told(await Webhook(receiver.url, timeout_s=1.0).send(notice())) == (zh, own)


async def test_a_certificate_and_a_server_without_one(tmp_path: Path) -> None:
    made = make_certificates(tmp_path, "localhost")
    async with raw_server(0, made.forged) as receiver:
        url = re.sub("^http:", "https:", receiver.url)
        found = _told(await Webhook(url).send(notice()))
        assert found == ("连接不上：服务器证书不是由受信任的机构签发的", "")
    async with raw_server() as receiver:
        receiver.always = RawResponse(BARE, then="close")
        url = re.sub("^http:", "https:", receiver.url)
        assert _told(await Webhook(url, timeout_s=2.0).send(notice()))[1] == ""


async def test_a_mail_server() -> None:
    async with scripted_mail_server(ScriptedMailServer()) as port:
        gone = Email(to="gone@square.example", sender="a@square.example", host="127.0.0.1", port=port)
        told = ("SMTP 应答码 550：5.1.1 no such user", "SMTP 550 5.1.1 no such user")
        assert _told(await gone.send(notice())) == told
        bare = Email(to="li@y.example", sender="a@y.example", host="127.0.0.1", port=port, tls="starttls")
        assert _told(await bare.send(notice())) == ("邮件服务器不提供 STARTTLS 加密", "")


@pytest.mark.parametrize("slug", sorted(texts_of("send")))
def test_each_reason_is_found_again_as_it_stands_in_the_journal(slug: str) -> None:
    own = {"words": "拒收：3: why", "code": 93000, "status": 418, "list": "invaliduser", "found": "odd CA"}
    parts = {
        name: own.get(name, "no answer in time")
        for name in re.findall(r"{(\w+)}", texts_of("send")[slug]["en"])
    }
    stored = texts_of("send")[slug]["en"].format(**parts)
    zh = spoken(recognised(stored), "zh")
    assert zh == texts_of("send")[slug]["zh"].format(**{**parts, "why": "在规定时间内没有答复"})
    assert str(recognised(stored)) == stored
    assert answer(stored) in (
        "",
        own["words"],
        stored if slug in ("send.http-alone", "send.http", "send.smtp") else "",
    )


def test_what_nobody_knows_stays_as_it_is() -> None:
    assert recognised("something of an older version") == "something of an older version"
    assert answer("something of an older version") == ""
