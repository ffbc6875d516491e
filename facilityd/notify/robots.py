"""Group robots of WeCom, DingTalk and Feishu/Lark: HTTP 200 says nothing there, the body's code does.

What the codes mean, and the limits: docs/reference/alarms.md §5.1, as read in November 2026.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote
from weakref import WeakValueDictionary

from facilityd.model.notice import DeliveryOutcome, DeliveryResult, Notice
from facilityd.notify.answer_code import ADDRESS, LOGIN, REFUSED, SERVER, Meaning, busy, judge_code
from facilityd.notify.http_post import HttpPost, packed
from facilityd.notify.pace import TokenBucket
from facilityd.notify.split import split

MOST_PARTS = 4
"""Messages that one notice may become; what is longer is cut."""
BURST = 4
_BUCKETS: WeakValueDictionary[tuple[str, str, str], TokenBucket] = WeakValueDictionary()
"""By kind, URL and token: two people may share one robot."""
REMEMBERED = 100
"""Notices of which it is known how many parts were taken."""


class Robot:
    """One robot in one group: ``token`` names it, ``secret`` signs; it mentions ``mobiles`` and ``users``."""

    LIMIT: ClassVar[int]
    """Bytes of one message's text."""
    CODE: ClassVar[tuple[str, ...]]
    """Where the answer's code stands; the first that is there."""
    MEANINGS: ClassVar[Mapping[int, Meaning]]
    PER_MINUTE: ClassVar[int] = 14
    """With a burst of four never more than 18 in any minute, where 20 are allowed."""

    def __init__(
        self, *, url: str, token: str, secret: str = "", mobiles: Sequence[str] = (),
        users: Sequence[str] = (), timeout_s: float = 10.0, now: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self._url, self._token, self._secret, self._now = url, token, secret, now
        self._mobiles, self._users = tuple(mobiles), tuple(users)
        self._post = HttpPost(timeout_s, token, secret, quote(token, safe=""))
        self.pace = self._bucket()
        self._taken: dict[str, int] = {}

    def _bucket(self) -> TokenBucket:
        """Return the bucket of this robot: the vendor counts by robot, whomever it serves."""
        if not self._token:
            return TokenBucket(self.PER_MINUTE, burst=BURST)
        key = type(self).__name__, self._url, self._token
        bucket = _BUCKETS.get(key)
        if bucket is None:
            bucket = _BUCKETS[key] = TokenBucket(self.PER_MINUTE, burst=BURST)
        return bucket

    async def send(self, notice: Notice) -> DeliveryResult:
        """Post each part once, from the first that was not taken before. Raises nothing."""
        parts = split(f"{notice.subject}\n{notice.body}", self.LIMIT, MOST_PARTS)
        result = DeliveryResult(DeliveryOutcome.ACCEPTED)
        for number in range(self._taken.get(notice.key, 0), len(parts)):
            result = await self._send_part(parts[number], mention=number == 0)
            if result.result is not DeliveryOutcome.ACCEPTED:
                return result
            self._remember(notice.key, number + 1)
        return result

    async def _send_part(self, text: str, *, mention: bool) -> DeliveryResult:
        url, content = self._message(text, mention=mention)
        return await self._post(url, packed(content), {}, self._judge)

    def parts(self, notice: Notice) -> int:
        """Return how many messages a notice becomes."""
        return len(split(f"{notice.subject}\n{notice.body}", self.LIMIT, MOST_PARTS))

    def _remember(self, key: str, taken: int) -> None:
        self._taken.pop(key, None)
        self._taken[key] = taken
        for old in list(self._taken)[:-REMEMBERED]:
            del self._taken[old]

    def _message(self, text: str, *, mention: bool) -> tuple[str, dict[str, Any]]:
        """Return the URL and the content of one message."""
        raise NotImplementedError

    def _judge(self, _content_type: str, body: bytes) -> DeliveryResult:
        return judge_code(body, self.CODE, self.MEANINGS)


class WeComRobot(Robot):
    """企业微信群机器人. Text of 2048 bytes; mentions by user id and by mobile."""

    LIMIT = 2048
    CODE = ("errcode",)
    MEANINGS: ClassVar[Mapping[int, Meaning]] = {
        -1: SERVER, 45009: busy(), 45033: busy(10), 93000: ADDRESS, 93004: ADDRESS, 93008: ADDRESS,
        40001: LOGIN, 40014: LOGIN, 42001: LOGIN, 40058: REFUSED, 40008: REFUSED,
    }  # fmt: skip

    def _message(self, text: str, *, mention: bool) -> tuple[str, dict[str, Any]]:
        content: dict[str, Any] = {"content": text}
        if mention and self._users:
            content["mentioned_list"] = list(self._users)
        if mention and self._mobiles:
            content["mentioned_mobile_list"] = list(self._mobiles)
        return f"{self._url}?key={quote(self._token, safe='')}", {"msgtype": "text", "text": content}


class DingTalkRobot(Robot):
    """钉钉自定义机器人. More than 20 messages in a minute block it for ten; signed in the query."""

    LIMIT = 18_000
    CODE = ("errcode",)
    MEANINGS: ClassVar[Mapping[int, Meaning]] = {
        -1: SERVER, 130101: busy(600), 130102: busy(600), 90018: busy(), 90030: busy(600),
        310000: LOGIN, 300001: LOGIN, 300005: ADDRESS, 400013: ADDRESS, 400101: ADDRESS,
        400102: ADDRESS, 460101: REFUSED, 400402: REFUSED,
    }  # fmt: skip

    def _message(self, text: str, *, mention: bool) -> tuple[str, dict[str, Any]]:
        url = f"{self._url}?access_token={quote(self._token, safe='')}"
        if self._secret:
            timestamp = str(round(self._now() * 1000))
            url += f"&timestamp={timestamp}&sign={quote(self._sign(timestamp), safe='')}"
        at: dict[str, Any] = {"isAtAll": False}
        if mention:
            at |= {"atMobiles": list(self._mobiles), "atUserIds": list(self._users)}
            text += "".join(f" @{name}" for name in (*self._mobiles, *self._users))
        return url, {"msgtype": "text", "text": {"content": text}, "at": at}

    def _sign(self, timestamp: str) -> str:
        mac = hmac.new(self._secret.encode(), f"{timestamp}\n{self._secret}".encode(), hashlib.sha256)
        return base64.b64encode(mac.digest()).decode()


class FeishuRobot(Robot):
    """飞书、Lark 自定义机器人. 100 messages in a minute, five in a second; signed in the body."""

    LIMIT = 18_000
    CODE = ("code", "StatusCode")
    PER_MINUTE = 60
    MEANINGS: ClassVar[Mapping[int, Meaning]] = {
        11232: busy(30), 11233: busy(30), 9499: busy(30), 2200: SERVER, 19021: LOGIN, 19022: LOGIN,
        19024: LOGIN, 19001: ADDRESS, 19002: REFUSED,
    }  # fmt: skip

    def _message(self, text: str, *, mention: bool) -> tuple[str, dict[str, Any]]:
        if mention:
            text += "".join(f' <at user_id="{name}"></at>' for name in self._users)
        content: dict[str, Any] = {"msg_type": "text", "content": {"text": text}}
        if self._secret:
            timestamp = str(int(self._now()))
            # The text to sign is the key here, and what is signed is empty: so the vendor has it.
            mac = hmac.new(f"{timestamp}\n{self._secret}".encode(), b"", hashlib.sha256)
            content |= {"timestamp": timestamp, "sign": base64.b64encode(mac.digest()).decode()}
        return f"{self._url}/{quote(self._token, safe='')}", content
