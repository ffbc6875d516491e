"""A real SMTP server on loopback: accepts, defers, refuses, hangs up, wants TLS and a password."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import zlib
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from aiosmtpd.smtp import AuthResult
from support.notification_fixtures import notice
from support.notification_peers import make_certificates
from support.scripted_mail_server import ScriptedMailServer, scripted_mail_server

from facilityd.model.notice import DeliveryOutcome, DeliveryResult, SendFailure
from facilityd.notify.mail import Email, message


def _email(port: int, to: str = "li@square.example", timeout_s: float = 2.0, **more) -> Email:
    return Email(
        to=to, sender="alarm@square.example", host="127.0.0.1", port=port, timeout_s=timeout_s, **more
    )


async def _sent(post: ScriptedMailServer, to: str) -> DeliveryResult:
    async with scripted_mail_server(post) as port:
        return await _email(port, to).send(notice())


async def test_what_arrives() -> None:
    post = ScriptedMailServer()
    assert await _sent(post, "li@square.example") == DeliveryResult(DeliveryOutcome.ACCEPTED)
    (envelope,) = post.taken
    assert envelope.rcpt_tos == ["li@square.example"]
    mail = message_from_bytes(envelope.content, policy=default)
    assert mail["Subject"] == "【紧急】国旗旗杆：抱闸拖滞"
    assert mail.get_body(("plain",)).get_content() == "电机电流 12.5 A\r\n先做：停机\r\n"
    page = mail.get_body(("html",)).get_content()
    assert "<b>电机电流 12.5 A</b>" in page
    assert "<b>先做：</b>停机" in page
    assert str(mail["From"]) == "facilityd <alarm@square.example>"
    assert mail["Date"].datetime.timestamp() == 1_790_000_000
    assert (mail["Auto-Submitted"], mail["Content-Language"]) == ("auto-generated", "zh")
    assert max(map(len, envelope.content.splitlines())) <= 78
    assert envelope.content.isascii()


def test_a_second_attempt_has_the_same_id_and_one_occurrence_is_one_thread() -> None:
    first, again = (message(notice(), "alarm@square.example", "li@square.example") for _ in range(2))
    other = message(notice(key="hoist/drag/1/cleared/li/li-1/9"), "alarm@square.example", "li@square.example")
    later = message(notice(key="k", occurrence=2), "alarm@square.example", "li@square.example")
    assert first.as_bytes() == again.as_bytes()
    assert first["Message-ID"] != other["Message-ID"]
    assert first["References"] == other["References"] != later["References"]
    assert first["Message-ID"].endswith("@square.example>")


@pytest.mark.parametrize(
    ("to", "result", "reason"),
    [
        ("gone@square.example", "rejected", "SMTP 550 5.1.1 no such user"),
        ("busy@square.example", "transient", "SMTP 451 try later"),
        ("full@square.example", "transient", "SMTP 452 4.2.2 mailbox full"),
        ("drop@square.example", "transient", ""),
        ("李@square.example", "rejected", "the address is not plain ASCII"),
    ],
)
async def test_each_recipients_answer_is_their_own(to: str, result: str, reason: str) -> None:
    post = ScriptedMailServer()
    async with scripted_mail_server(post) as port:
        refused, taken = await asyncio.gather(_email(port, to).send(notice()), _email(port).send(notice()))
    assert refused.result == result
    assert reason in refused.reason
    assert taken.result == "accepted"
    assert len(post.taken) == 1


@pytest.mark.parametrize(
    ("at_data", "result"),
    [("552 too large", "rejected"), ("451 greylisted", "transient"), ("drop", "unknown")],
)
async def test_what_happens_after_the_message_was_sent(at_data: str, result: str) -> None:
    assert (await _sent(ScriptedMailServer(at_data=at_data), "li@square.example")).result == result


async def test_a_server_that_hangs_after_the_message_may_have_taken_it() -> None:
    post = ScriptedMailServer(at_data="hang")
    async with scripted_mail_server(post) as port:
        outcome = await _email(port, timeout_s=0.3).send(notice())
    assert outcome.result is DeliveryOutcome.UNKNOWN
    assert outcome.reason.startswith("after the message was sent")


async def test_nobody_there_certainly_did_not_take_it() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert (await _email(port).send(notice())).result is DeliveryOutcome.TRANSIENT


async def test_a_server_that_never_greets_certainly_did_not_take_it() -> None:
    left = asyncio.Event()

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # until the other side gives up
        writer.close()
        await writer.wait_closed()
        left.set()

    running = await asyncio.start_server(mute, "127.0.0.1", 0)
    async with running:
        email = _email(running.sockets[0].getsockname()[1], timeout_s=0.2)
        assert (await email.send(notice())).result is DeliveryOutcome.TRANSIENT
        await left.wait()


async def test_a_server_that_takes_nearly_all_its_time_at_each_command_holds_nobody_up() -> None:
    said: list[bytes] = []
    ended = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = b"hello"
        while line:
            await asyncio.sleep(0.25)
            if writer.is_closing():
                break
            writer.write(b"250 in a while\r\n" if said else b"220 slow\r\n")
            said.append(line := await reader.readline())
        writer.close()
        await writer.wait_closed()
        ended.set()

    running = await asyncio.start_server(slow, "127.0.0.1", 0)
    async with running:
        outcome = await _email(running.sockets[0].getsockname()[1], timeout_s=0.4).send(notice())
        await ended.wait()
    assert (outcome.result, outcome.reason) == (DeliveryOutcome.TRANSIENT, "no answer in time")
    assert b"DATA\r\n" not in said


async def test_starttls_is_not_given_up_where_the_server_lacks_it() -> None:
    post = ScriptedMailServer()
    async with scripted_mail_server(post) as port:
        outcome = await _email(port, tls="starttls").send(notice())
    assert (outcome.result, outcome.failure) == (DeliveryOutcome.REJECTED, SendFailure.ENCRYPTION)
    assert outcome.reason == "SMTP STARTTLS extension not supported by server."
    assert post.taken == []


async def test_starttls_and_a_password(tmp_path: Path) -> None:
    made = make_certificates(tmp_path, "localhost")
    ours, strangers = ssl.create_default_context(cafile=made.ours), ssl.create_default_context()

    def check(server, session, envelope, mechanism, data) -> AuthResult:
        return AuthResult(success=data.password == b"hunter2", handled=False)

    post = ScriptedMailServer()
    options = {
        "tls_context": made.trusted,
        "require_starttls": True,
        "authenticator": check,
        "auth_required": True,
    }
    async with scripted_mail_server(post, **options) as port:
        known = {"tls": "starttls", "username": "alarm", "tls_context": ours}
        good = await _email(port, password="hunter2", **known).send(notice())
        wrong = await _email(port, password="hunter3", **known).send(notice())
        forged = await _email(port, tls="starttls", tls_context=strangers).send(notice())
    assert good == DeliveryResult(DeliveryOutcome.ACCEPTED)
    assert post.secure == [True]
    assert (wrong.result, "535" in wrong.reason, "hunter3" in wrong.reason) == (
        DeliveryOutcome.REJECTED,
        True,
        False,
    )
    assert forged.result is DeliveryOutcome.TRANSIENT
    assert len(post.taken) == 1


def test_the_plot_is_a_picture_in_the_mail_and_markup_stays_text() -> None:
    plotted = notice(
        subject="<b>x</b>", body="<script>1</script>\n此前 1 小时：▁▂ ▄█ 0 A 至 12 A\nDo first: a < b"
    )
    mail = message_from_bytes(
        message(plotted, "a@s.example", "l@s.example", "广场").as_bytes(), policy=default
    )
    page = mail.get_body(("related", "html"))
    html = mail.get_body(("html",)).get_content()
    assert "<script>" not in html
    assert "<b>Do first: </b>a &lt; b" in html
    (picture,) = [part for part in page.walk() if part.get_content_type() == "image/png"]
    assert f"cid:{picture['Content-ID'][1:-1]}" in html
    data = picture.get_content()
    width, height = struct.unpack(">II", data[16:24])
    assert (width, height) == (50, 64), "a cell for each block and for the gap"
    size, kind = struct.unpack(">I4s", data[33:41])
    rows = zlib.decompress(data[41 : 41 + size])
    assert kind == b"IDAT"
    assert len(rows) == height * (1 + 3 * width)
    top = rows[1 : 1 + 3 * width]
    assert top.count(bytes((0x1F, 0x5F, 0xA8))) == 9, "only the full block reaches the top"
    assert str(mail["From"]).endswith("<a@s.example>")
    assert mail["From"].addresses[0].display_name == "广场"


def test_both_parts_say_the_same_and_a_double_has_the_same_bytes() -> None:
    one = [message(notice(body="a: ▁▂▃\nb"), "a@s.example", "l@s.example").as_bytes() for _ in range(2)]
    assert one[0] == one[1]
    assert max(map(len, one[0].splitlines())) <= 78
