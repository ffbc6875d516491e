"""A message to one member from an application of one's own in WeCom (企业微信自建应用).

It takes a token that the corporation's id and the application's secret are exchanged for, and that lasts two
hours. An answer of success may still refuse the member, whose name then stands in ``invaliduser`` or
``unlicenseduser``. Limits: docs/reference/alarms.md §5.1; of more than 30 messages a minute to one member the
vendor drops the rest and says nothing of it.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar
from urllib.parse import urlencode
from weakref import WeakValueDictionary

from facilityd.model.message import Wording
from facilityd.model.notice import DeliveryOutcome, DeliveryResult, SendFailure
from facilityd.notify.answer_code import ADDRESS, LOGIN, REFUSED, SERVER, Meaning, busy, code_in, judge_code
from facilityd.notify.http_post import in_one_line
from facilityd.notify.robots import Robot

SOONER_S = 300.0
"""A token is fetched anew so long before it ends, for the clocks of two machines differ."""
STALE = (40014, 41001, 42001)
"""Codes of a token that no longer holds; the vendor may end one before its time."""
MEANINGS: Mapping[int, Meaning] = {
    -1: SERVER, 40001: LOGIN, 40013: LOGIN, 40014: LOGIN, 40056: LOGIN, 40091: LOGIN, 41001: LOGIN,
    42001: LOGIN, 48002: LOGIN, 60020: LOGIN, 301002: LOGIN, 40003: ADDRESS, 60111: ADDRESS, 81013: ADDRESS,
    40058: REFUSED, 44004: REFUSED, 45002: REFUSED, 45009: busy(), 45033: busy(10),
}  # fmt: skip
"""60020: this machine's address is not on the application's list of trusted ones."""


@dataclass(slots=True, weakref_slot=True)
class AppToken:
    """One application's token; ``ends`` by the steady clock (s).

    The channels of all its members share it: the vendor limits how often it may be asked for.
    """

    text: str = field(default="", repr=False)
    ends: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


_TOKENS: WeakValueDictionary[tuple[str, str, str], AppToken] = WeakValueDictionary()


class WeComApp(Robot):
    """``user`` is one member, so that a refusal is that person's; the rest is as the console shows it."""

    LIMIT = 2048
    CODE = ("errcode",)
    MEANINGS: ClassVar[Mapping[int, Meaning]] = MEANINGS

    def __init__(
        self, *, url: str, corp: str, agent: int, secret: str, user: str, timeout_s: float = 10.0,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        super().__init__(url=url.rstrip("/"), token="", secret=secret, timeout_s=timeout_s)
        self._corp, self._agent, self._user, self._steady = corp, agent, user, steady
        self._stale = False
        self._app = _TOKENS.setdefault((self._url, corp, secret), AppToken())

    async def _send_part(self, text: str, *, mention: bool) -> DeliveryResult:
        """Post with the token; where that no longer holds, once more with a new one."""
        found = await self._with_token(text, mention=mention)
        return await self._with_token(text, mention=mention) if self._stale else found

    async def _with_token(self, text: str, *, mention: bool) -> DeliveryResult:
        self._stale = False
        if (trouble := await self._fetch()) is not None:
            return trouble
        token = self._app.text
        found = await super()._send_part(text, mention=mention)
        if self._stale and self._app.text == token:
            self._app.ends = 0.0
        return replace(found, reason=found.reason.replace(token, "***"))

    def _message(self, text: str, *, mention: bool) -> tuple[str, dict[str, Any]]:  # noqa: ARG002 - one member
        """Return the URL and the content; nobody has to be mentioned, for it goes to one member."""
        url = f"{self._url}/cgi-bin/message/send?{urlencode({'access_token': self._app.text})}"
        return url, {
            "touser": self._user, "msgtype": "text", "agentid": self._agent, "text": {"content": text},
        }  # fmt: skip

    async def _fetch(self) -> DeliveryResult | None:
        """Return why there is no token, or None once there is one. Nothing of a notice was sent by that."""
        async with self._app.lock:
            if self._steady() < self._app.ends:
                return None
            query = urlencode({"corpid": self._corp, "corpsecret": self._secret})
            found = await self._post(
                f"{self._url}/cgi-bin/gettoken?{query}", b"", {}, self._take_token, method="GET"
            )
        if found.result is DeliveryOutcome.ACCEPTED:
            return None
        certainly_not = DeliveryOutcome.TRANSIENT if not found.final else found.result
        return replace(found, result=certainly_not, reason=Wording("send.no-token", why=found.reason))

    def _take_token(self, _content_type: str, body: bytes) -> DeliveryResult:
        found = judge_code(body, self.CODE, self.MEANINGS)
        if found.result is not DeliveryOutcome.ACCEPTED:
            return found
        answer = json.loads(body)
        text, lasts = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(text, str) or not text or not isinstance(lasts, int):
            reason = Wording("send.no-token-in-answer")
            return DeliveryResult(DeliveryOutcome.TRANSIENT, reason, failure=SendFailure.SERVER)
        self._app.text, self._app.ends = text, self._steady() + max(lasts - SOONER_S, lasts / 2)
        return found

    def _judge(self, _content_type: str, body: bytes) -> DeliveryResult:
        found = judge_code(body, self.CODE, self.MEANINGS)
        self._stale = code_in(body, self.CODE) in STALE
        if found.result is not DeliveryOutcome.ACCEPTED:
            return found
        answer: dict[str, Any] = json.loads(body)
        refused = [name for name in ("invaliduser", "unlicenseduser") if answer.get(name)]
        if not refused:
            return found
        reason = Wording("send.user-refused", list=refused[0], words=in_one_line(body))[:300]
        return DeliveryResult(DeliveryOutcome.REJECTED, reason, failure=SendFailure.ADDRESS)
