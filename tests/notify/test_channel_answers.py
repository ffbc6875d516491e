"""What each channel makes of each answer, as one table; every answer comes over a real socket.

The situations are those of docs/reference/alarms.md §5. What is done with an outcome (the next channel, another
attempt, a channel's own alarm) is the same for all, and is tested in test_fallback.py, test_deliver.py and
tests/e2e/test_e2e_unheard.py.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest
from support.notification_fixtures import notice
from support.raw_http import RawResponse, raw_server
from support.servers import free_port
from support.socket_servers import PATIENCE_S, serving, spoken

from facilityd.notify.apprise_channel import AppriseChannel
from facilityd.notify.channels import Channel
from facilityd.notify.mail import Email
from facilityd.notify.ntfy import Ntfy
from facilityd.notify.robots import DingTalkRobot, FeishuRobot, WeComRobot
from facilityd.notify.webhook import Webhook
from facilityd.notify.wecom_app import WeComApp

ENOUGH_S = 10.0
"""For an answer that comes: a busy machine is no hang."""


def said(line: str, content: object = "", *headers: str, cut: int = 0, then: str = "close") -> RawResponse:
    """An HTTP answer; with ``cut`` so many bytes of its body are missing."""
    body = content if isinstance(content, str) else json.dumps(content)
    length = f"Content-Length: {len(body.encode())}"
    head = "\r\n".join([f"HTTP/1.1 {line}", "Content-Type: application/json", length, *headers, "", ""])
    data = (head + body).encode()
    return RawResponse(data[: len(data) - cut], then=then)


CHANNELS: dict[str, Callable[[str, float], Channel]] = {
    "webhook": lambda url, patience: Webhook(url, timeout_s=patience),
    "ntfy": lambda url, patience: Ntfy(url=url, topic="square", timeout_s=patience),
    "wecom-robot": lambda url, patience: WeComRobot(url=url, token="k", timeout_s=patience),
    "wecom-app": lambda url, patience: WeComApp(
        url=url, corp="c", agent=1, secret="s", user="li", timeout_s=patience
    ),
    "dingtalk-robot": lambda url, patience: DingTalkRobot(url=url, token="k", timeout_s=patience),
    "feishu-robot": lambda url, patience: FeishuRobot(url=url, token="k", timeout_s=patience),
}
TOKEN = said("200 OK", {"errcode": 0, "access_token": "t", "expires_in": 7200})
TAKEN = {
    "webhook": "",
    "ntfy": {"id": "x1"},
    "wecom-robot": {"errcode": 0, "errmsg": "ok"},
    "wecom-app": {"errcode": 0, "errmsg": "ok", "invaliduser": "", "msgid": "m"},
    "dingtalk-robot": {"errcode": 0, "errmsg": "ok"},
    "feishu-robot": {"code": 0, "msg": "success"},
}
SAME = {
    "401": (said("401 Unauthorized"), "rejected LOGIN"),
    "403": (said("403 Forbidden"), "rejected LOGIN"),
    "404": (said("404 Not Found"), "rejected ADDRESS"),
    "410": (said("410 Gone"), "rejected ADDRESS"),
    "413": (said("413 Too Large"), "rejected REFUSED"),
    "302": (said("302 Found", "", "Location: /login"), "rejected REDIRECT"),
    "429": (said("429 Too Many"), "transient BUSY"),
    "429 with Retry-After": (said("429 Too Many", "", "Retry-After: 120"), "transient BUSY 120"),
    "500": (said("500 Oops"), "transient SERVER"),
    "502": (said("502 Bad Gateway"), "transient SERVER"),
    "503 with Retry-After": (said("503 Busy", "", "Retry-After: 30"), "transient BUSY 30"),
    "504": (said("504 Gateway Timeout"), "unknown TIMEOUT"),
    "hangs": (RawResponse(b"", then="stay"), "unknown TIMEOUT"),
    "half a head": (RawResponse(b"HTTP/1.1 200 O", then="close"), "unknown CUT"),
    "half a body": (said("200 OK", "x" * 99, cut=50), "unknown CUT"),
    "reset": (RawResponse(b"", then="reset"), "unknown CUT"),
    "no HTTP": (RawResponse(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", then="close"), "unknown CUT"),
}
"""What every channel over HTTP makes of these."""
CODES: dict[str, list[tuple[object, str]]] = {
    "webhook": [({"errcode": 1}, "accepted NONE")],  # whose receiver speaks by its status
    "ntfy": [({"error": "x"}, "rejected WEB_PAGE"), ("<html>", "rejected WEB_PAGE")],
    "wecom-robot": [
        ({"errcode": 93000}, "rejected ADDRESS"),
        ({"errcode": 45009}, "transient BUSY 60"),
        ({"errcode": -1}, "transient SERVER"),
        ({"errcode": 40058}, "rejected REFUSED"),
        ({"errcode": 12345}, "rejected REFUSED"),
        ("<html>", "unknown SERVER"),
    ],
    "wecom-app": [
        ({"errcode": 81013}, "rejected ADDRESS"),
        ({"errcode": 0, "invaliduser": "li"}, "rejected ADDRESS"),
        ({"errcode": 0, "unlicenseduser": "li"}, "rejected ADDRESS"),
        ({"errcode": 60020}, "rejected LOGIN"),
        ({"errcode": 45009}, "transient BUSY 60"),
        ({"errcode": -1}, "transient SERVER"),
        ("", "unknown SERVER"),
    ],
    "dingtalk-robot": [
        ({"errcode": 310000}, "rejected LOGIN"),
        ({"errcode": 130101}, "transient BUSY 600"),
        ({"errcode": 300005}, "rejected ADDRESS"),
        ({"errcode": 460101}, "rejected REFUSED"),
        ("{", "unknown SERVER"),
    ],
    "feishu-robot": [
        ({"code": 19021}, "rejected LOGIN"),
        ({"code": 19024}, "rejected LOGIN"),
        ({"code": 11232}, "transient BUSY 30"),
        ({"code": 19001}, "rejected ADDRESS"),
        ({"StatusCode": 0}, "accepted NONE"),
        ("[]", "unknown SERVER"),
    ],
}
"""200 with a code, or without one."""
ROWS = [
    *((kind, name, answer, found) for kind in CHANNELS for name, (answer, found) in SAME.items()),
    *((kind, "taken", said("200 OK", TAKEN[kind]), "accepted NONE") for kind in CHANNELS),
    *(
        (kind, f"200 {json.dumps(content)}", said("200 OK", content), found)
        for kind, codes in CODES.items()
        for content, found in codes
    ),
]


@pytest.mark.parametrize(
    ("kind", "answer", "expected"),
    [(kind, answer, expected) for kind, _, answer, expected in ROWS],
    ids=[f"{kind}: {name}" for kind, name, _, _ in ROWS],
)
async def test_over_http(kind: str, answer: RawResponse, expected: str) -> None:
    async with raw_server() as server:
        if kind == "wecom-app":
            server.script.append(TOKEN)
        server.always = answer
        # Half a body or a hang is known by its time; whatever is answered has enough of it on a busy machine.
        patience = PATIENCE_S if "unknown" in expected or "TIMEOUT" in expected else ENOUGH_S
        assert spoken(await CHANNELS[kind](server.url, patience).send(notice())) == expected


@pytest.mark.parametrize("kind", CHANNELS)
async def test_nobody_there_certainly_did_not_take_it(kind: str) -> None:
    found = await CHANNELS[kind](f"http://127.0.0.1:{free_port()}", ENOUGH_S).send(notice())
    assert spoken(found) == "transient CONNECTION"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (said("200 OK"), "accepted NONE"),
        (said("401 Unauthorized"), "transient REFUSED"),  # apprise says no more than that it failed
        (said("404 Not Found"), "transient REFUSED"),
        (said("429 Too Many"), "transient REFUSED"),
        (said("500 Oops"), "transient REFUSED"),
    ],
)
async def test_through_apprise(answer: RawResponse, expected: str) -> None:
    async with raw_server() as server:
        server.always = answer
        channel = AppriseChannel(token=server.url.replace("http", "json"), timeout_s=5.0)
        assert spoken(await channel.send(notice())) == expected


MAILS: dict[str, tuple[list[bytes], str]] = {
    "taken": ([b"220 a", b"250 b", b"250 c", b"250 d", b"354 e", b"250 f"], "accepted NONE"),
    "greylisted at the recipient": ([b"220 a", b"250 b", b"250 c", b"451 4.7.1 later"], "transient BUSY"),
    "mailbox busy": ([b"220 a", b"250 b", b"250 c", b"450 busy"], "transient BUSY"),
    "no such person": ([b"220 a", b"250 b", b"250 c", b"550 5.1.1 who"], "rejected ADDRESS"),
    "sender refused": ([b"220 a", b"250 b", b"553 not you"], "rejected ADDRESS"),
    "no service": ([b"421 busy"], "transient BUSY"),
    "refused at the greeting": ([b"554 blocked"], "rejected REFUSED"),
    "greylisted after the message": (
        [b"220 a", b"250 b", b"250 c", b"250 d", b"354 e", b"451 greylisted"],
        "transient BUSY",
    ),
    "too large": ([b"220 a", b"250 b", b"250 c", b"250 d", b"354 e", b"552 too big"], "rejected REFUSED"),
    "hangs at the greeting": ([], "transient TIMEOUT"),
    "hangs at the recipient": ([b"220 a", b"250 b", b"250 c"], "transient TIMEOUT"),
    "hangs after the message": ([b"220 a", b"250 b", b"250 c", b"250 d", b"354 e"], "unknown TIMEOUT"),
    "cut at the recipient": ([b"220 a", b"250 b", b"250 c", b""], "transient CONNECTION"),
    "cut after the message": ([b"220 a", b"250 b", b"250 c", b"250 d", b"354 e", b""], "unknown CUT"),
    "half a reply after the message": (
        [b"220 a", b"250 b", b"250 c", b"250 d", b"354 e", b"25"],
        "unknown CUT",
    ),
}


LOGIN = [b"220 a", b"250-b\r\n250 AUTH PLAIN"]


@asynccontextmanager
async def scripted(replies: Sequence[bytes]) -> AsyncIterator[int]:
    """A mail server that replies so, then says nothing; an empty or a broken reply ends the connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number, reply in enumerate(replies):
            whole = len(reply) > 2
            writer.write(reply + b"\r\n" if whole else reply)
            if not whole:
                return
            if reply.startswith(b"354"):
                await reader.readuntil(b"\r\n.\r\n")
            elif number < len(replies) - 1 or reply[:1] in b"23":
                await reader.readline()
        await reader.read()

    async with serving(serve) as port:
        yield port


@pytest.mark.parametrize(("replies", "expected"), MAILS.values(), ids=MAILS)
async def test_by_mail(replies: list[bytes], expected: str) -> None:
    async with scripted(replies) as port:
        patience = PATIENCE_S if "TIMEOUT" in expected else ENOUGH_S
        mail = Email(to="li@a.cn", sender="f@a.cn", host="127.0.0.1", port=port, timeout_s=patience)
        assert spoken(await mail.send(notice())) == expected


@pytest.mark.parametrize(
    ("reply", "expected"),
    [(b"535 no", "rejected LOGIN"), (b"534 weak", "rejected LOGIN"), (b"454 later", "transient BUSY")],
)
async def test_by_mail_with_a_password(reply: bytes, expected: str) -> None:
    async with scripted([*LOGIN, reply]) as port:
        mail = Email(
            to="li@a.cn", sender="f@a.cn", host="127.0.0.1", port=port, timeout_s=ENOUGH_S,
            username="li", password="pass",
        )  # fmt: skip
        assert spoken(await mail.send(notice())) == expected
