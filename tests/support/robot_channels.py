"""A group robot's channel, and its vendor."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from facilityd.notify.robots import DingTalkRobot, FeishuRobot, Robot, WeComRobot
from support.robots import FakeDingTalk, FakeFeishu, FakeRobot, FakeWeCom

PAIRS = {"wecom": (FakeWeCom, WeComRobot), "dingtalk": (FakeDingTalk, DingTalkRobot), "feishu": (FakeFeishu, FeishuRobot)}  # fmt: skip
SECRET = "SEC7f+/=!"


@asynccontextmanager
async def meeting(kind: str, **more) -> AsyncIterator[tuple[FakeRobot, Robot]]:
    fake_class, robot_class = PAIRS[kind]
    fake = fake_class(secret=SECRET if kind != "wecom" else "")
    async with fake.server() as server:
        options = {"url": str(server.make_url("/robot/send")), "token": "k3y", "timeout_s": 2.0, **more}
        yield fake, robot_class(**({"secret": SECRET} if kind != "wecom" else {}) | options)
