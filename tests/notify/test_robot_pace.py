"""Robots of a group are written to no faster than their vendor allows, in one message at a time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.notification_fixtures import RecordingOutbox, notice
from support.notification_peers import EventLoopThread, RealChannel
from support.robot_channels import meeting
from support.robots import FakeDingTalk, FakeRobot, FakeWeCom, FakeWeComApp
from support.virtual import in_virtual_time

from facilityd.model.sample import NS
from facilityd.notify.deliver import Deliverer
from facilityd.notify.pace import MINUTE, TokenBucket
from facilityd.notify.robots import DingTalkRobot, Robot, WeComRobot
from facilityd.notify.wecom_app import WeComApp


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 30), st.booleans()), max_size=200))
def test_in_no_minute_more_than_the_vendor_allows(asked: list[tuple[float, bool]]) -> None:
    bucket, now, sent = TokenBucket(14, burst=4), 0, []
    for pause, critical in asked:
        now += round(pause * NS)
        if bucket.wait(now, critical=critical) == 0:
            bucket.spend(now)
            sent.append(now)
    for first in sent:
        assert sum(first <= at < first + MINUTE for at in sent) <= 19


Now = Callable[[], float]
IN_A_STORM: dict[str, tuple[Callable[..., FakeRobot], Callable[[str, Now], Robot]]] = {
    "wecom": (FakeWeCom, lambda url, now: WeComRobot(url=url, token="k3y", now=now)),
    "dingtalk": (FakeDingTalk, lambda url, now: DingTalkRobot(url=url, token="k3y", now=now)),
    "wecom-app": (
        partial(FakeWeComApp, secret="s"),
        lambda url, now: WeComApp(url=url, corp="ww1", agent=1, secret="s", user="li", steady=now),
    ),
}


@pytest.mark.parametrize("kind", IN_A_STORM)
def test_two_hundred_alarms_in_a_minute_never_meet_the_block(kind: str) -> None:
    """Each is mentioned once, the critical ones within five seconds; the clock is virtual, the sockets are real."""
    fake_class, made = IN_A_STORM[kind]
    clock = {"now": 1_790_000_000.0}
    fake = fake_class(clock=lambda: clock["now"])
    heard: dict[str, float] = {}
    with EventLoopThread() as far:
        server = far.hold(fake.server())
        robot = made(str(server.make_url("/send")), lambda: clock["now"])
        channel = PacedRealChannel(robot, far)
        said: dict[str, float] = {}

        @in_virtual_time
        async def storm() -> None:
            import asyncio

            loop, outbox = asyncio.get_running_loop(), RecordingOutbox()
            start = loop.time()

            def now() -> int:
                clock["now"] = 1_790_000_000.0 + loop.time() - start
                return round(clock["now"] * NS)

            deliverer = Deliverer(outbox, {"li-1": channel}, now, idle_s=1.0)
            task = asyncio.create_task(deliverer.run())
            for number in range(200):
                critical = number % 10 == 0
                subject = f"【{'紧急' if critical else '提示'}】设备{number:03}：故障"
                outbox.add(
                    notice(
                        key=f"n{number}",
                        subject=subject,
                        occurrence=number + 1,
                        priority=4 if critical else 1,
                    )
                )
                said[f"设备{number:03}："] = now() / NS
                deliverer.wake()
                await asyncio.sleep(0.3)
                _note(fake, heard, now() / NS)
            while any(entry.open for entry in outbox.entries):
                await asyncio.sleep(0.25)
                _note(fake, heard, now() / NS)
            task.cancel()

        storm()
    assert fake.blocked == 0
    text = "\n".join(fake.texts())
    assert {name: text.count(name) for name in said} == dict.fromkeys(said, 1)
    late = sorted(heard[name] - said[name] for n, name in enumerate(said) if n % 10 == 0)
    assert late[-1] < 5.0, late
    assert len(fake.taken) < 60


class PacedRealChannel(RealChannel):
    """A real robot of the product, called from a virtual loop, with its pace."""

    def __init__(self, robot: Robot, far: EventLoopThread) -> None:
        super().__init__(robot, far)
        self.pace, self.parts = robot.pace, robot.parts


def _note(fake: FakeRobot, heard: dict[str, float], now: float) -> None:
    for name in re.findall(r"设备\d{3}：", "\n".join(fake.texts()[-3:])):
        heard.setdefault(name, now)


async def test_a_merged_message_that_is_refused_leaves_nothing_out() -> None:
    """A server that is busy once: every notice of the message waits, and comes later."""
    async with meeting("wecom") as (fake, robot):
        fake.answers.append((200, {"errcode": 45009, "errmsg": "freq"}))
        outbox, at = (
            RecordingOutbox(*(notice(key=f"k{n}", occurrence=n + 1, subject=f"s{n}") for n in range(9))),
            [0],
        )
        deliverer = Deliverer(outbox, {"li-1": robot}, lambda: at[0])
        delivering = asyncio.create_task(deliverer.run())
        async with asyncio.timeout(30):
            while any(entry.open for entry in outbox.entries):
                at[0] += 10 * NS
                deliverer.wake()
                await asyncio.sleep(0.005)
        delivering.cancel()
        assert not any(entry.open for entry in outbox.entries)
        said = "\n".join(fake.texts())
        assert all(f"s{n}" in said for n in range(9))


def test_two_people_who_share_a_robot_share_its_pace() -> None:
    """The vendor counts by robot: with a bucket for each channel both together would be blocked for ten minutes."""
    url = "https://vendor.example/send"
    one, other = (DingTalkRobot(url=url, token="k3y", mobiles=[who]) for who in ("1", "2"))
    now, sent = 0, []
    while now < 3 * MINUTE:
        for robot in (one, other):
            if robot.pace.wait(now, critical=True) == 0:
                robot.pace.spend(now)
                sent.append(now)
        now += NS
    assert max(sum(first <= at < first + MINUTE for at in sent) for first in sent) <= 18
    alone = (DingTalkRobot(url=url, token="another"), WeComRobot(url=url, token="k3y"))
    assert all(robot.pace is not one.pace for robot in alone)


async def test_members_of_an_application_have_a_pace_each() -> None:
    """There the vendor counts by member."""
    li, wang = (
        WeComApp(url="https://v.example", corp="c", agent=1, secret="s", user=u) for u in ("li", "wang")
    )
    assert li.pace is not wang.pace
