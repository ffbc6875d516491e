"""Robots of WeCom, DingTalk and Feishu as their vendors answer: keys, signatures, sizes, mentions, rate blocks.

Real servers on real sockets. What they answer is in docs/reference/alarms.md §5.1 and its sources.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

MINUTE = 60.0


@dataclass
class FakeRobot:
    """What all three have: a key, posts that were taken, and a limit that blocks. ``clock`` in s."""

    token: str = "k3y"
    secret: str = ""
    clock: Callable[[], float] = time.time
    taken: list[dict[str, Any]] = field(default_factory=list)
    answers: deque[tuple[int, Any]] = field(default_factory=deque)
    """Scripted (status, body) in place of the next answers."""
    blocked: int = 0
    """How often somebody spoke too often."""
    _times: deque[float] = field(default_factory=deque)
    _blocked_until: float = 0.0
    per_minute: int = 20
    block_s: float = 0.0

    def server(self) -> TestServer:
        app = web.Application(client_max_size=2**22)
        app.router.add_route("*", "/{path:.*}", self._serve)
        return TestServer(app)

    async def _serve(self, request: web.Request) -> web.Response:
        body = await request.read()
        if self.answers:
            status, said = self.answers.popleft()
            return web.Response(status=status, text=said if isinstance(said, str) else json.dumps(said))
        return web.json_response(self.judge(request, body))

    def too_often(self) -> bool:
        """Note a message; return whether the limit is exceeded, which blocks for ``block_s``."""
        now = self.clock()
        while self._times and self._times[0] <= now - MINUTE:
            self._times.popleft()
        if now < self._blocked_until or len(self._times) >= self.per_minute:
            self._blocked_until = max(self._blocked_until, now + self.block_s)
            self.blocked += 1
            return True
        self._times.append(now)
        return False

    def judge(self, request: web.Request, body: bytes) -> dict[str, Any]:
        raise NotImplementedError

    def texts(self) -> list[str]:
        raise NotImplementedError


class FakeWeCom(FakeRobot):
    def judge(self, request: web.Request, body: bytes) -> dict[str, Any]:
        if request.query.get("key") != self.token:
            return {"errcode": 93000, "errmsg": "invalid webhook url"}
        content = json.loads(body)
        if len(content["text"]["content"].encode()) > 2048:
            return {"errcode": 40058, "errmsg": "text.content exceed max length 2048"}
        if self.too_often():
            return {"errcode": 45009, "errmsg": "api freq out of limit"}
        self.taken.append(content)
        return {"errcode": 0, "errmsg": "ok"}

    def texts(self) -> list[str]:
        return [one["text"]["content"] for one in self.taken]


@dataclass
class FakeWeComApp(FakeRobot):
    """An application: tokens that end, members that it may not write to. Of too long a text it cuts the end off."""

    corp: str = "ww1"
    refused: frozenset[str] = frozenset()
    asked: int = 0
    """How often a token was asked for."""
    ends: float = 0.0
    per_minute: int = 30

    def judge(self, request: web.Request, body: bytes) -> dict[str, Any]:
        if request.path.endswith("/gettoken"):
            return self._token(request)
        if request.query.get("access_token") != f"tok-{self.asked}":
            return {"errcode": 40014, "errmsg": "invalid access_token"}
        if self.clock() >= self.ends:
            return {"errcode": 42001, "errmsg": "access_token expired"}
        content = json.loads(body)
        users = content["touser"].split("|")
        refused = [user for user in users if user in self.refused]
        if len(refused) == len(users):
            return {"errcode": 81013, "errmsg": "user & party & tag all invalid"}
        if not self.too_often():
            text = content["text"]["content"].encode()[:2048].decode(errors="ignore")
            self.taken.append({**content, "text": {"content": text}})
        return {"errcode": 0, "errmsg": "ok", "msgid": "m1", "invaliduser": "|".join(refused)}

    def _token(self, request: web.Request) -> dict[str, Any]:
        self.asked += 1
        if request.method != "GET" or request.query.get("corpid") != self.corp:
            return {"errcode": 40013, "errmsg": "invalid corpid"}
        if request.query.get("corpsecret") != self.secret:
            return {"errcode": 40001, "errmsg": "invalid credential"}
        self.ends = self.clock() + 7200
        return {"errcode": 0, "errmsg": "ok", "access_token": f"tok-{self.asked}", "expires_in": 7200}

    def texts(self) -> list[str]:
        return [one["text"]["content"] for one in self.taken]


class FakeDingTalk(FakeRobot):
    block_s = 600.0

    def judge(self, request: web.Request, body: bytes) -> dict[str, Any]:
        if request.query.get("access_token") != self.token:
            return {"errcode": 300005, "errmsg": "token is not exist"}
        if self.secret and not self._signed(request):
            return {"errcode": 310000, "errmsg": "sign not match"}
        if len(body) > 20_000:
            return {"errcode": 460101, "errmsg": "message too long"}
        if self.too_often():
            return {"errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute"}
        content = json.loads(body)
        if not content["text"]["content"]:
            return {"errcode": 400402, "errmsg": "lack of parameter"}
        self.taken.append(content)
        return {"errcode": 0, "errmsg": "ok"}

    def _signed(self, request: web.Request) -> bool:
        timestamp = request.query.get("timestamp", "0")
        if abs(self.clock() * 1000 - int(timestamp)) > 3_600_000:
            return False
        mac = hmac.new(self.secret.encode(), f"{timestamp}\n{self.secret}".encode(), hashlib.sha256)
        return request.query.get("sign") == base64.b64encode(mac.digest()).decode()

    def texts(self) -> list[str]:
        return [one["text"]["content"] for one in self.taken]


class FakeFeishu(FakeRobot):
    per_minute = 100

    def judge(self, request: web.Request, body: bytes) -> dict[str, Any]:
        if request.path.rpartition("/")[2] != self.token:
            return {"code": 19001, "msg": "param invalid: incoming webhook access token invalid", "data": {}}
        content = json.loads(body)
        if self.secret and not self._signed(content):
            return {"code": 19021, "msg": "sign match fail or timestamp is not within one hour", "data": {}}
        if len(body) > 20_480:
            return {"code": 9499, "msg": "Bad Request", "data": {}}
        if self.too_often():
            return {"code": 11232, "msg": "frequency limited", "data": {}}
        self.taken.append(content)
        return {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"}

    def _signed(self, content: dict[str, Any]) -> bool:
        timestamp = content.get("timestamp", "0")
        if abs(self.clock() - int(timestamp)) > 3600:
            return False
        mac = hmac.new(f"{timestamp}\n{self.secret}".encode(), b"", hashlib.sha256)
        return content.get("sign") == base64.b64encode(mac.digest()).decode()

    def texts(self) -> list[str]:
        return [one["content"]["text"] for one in self.taken]
