"""The robots of WeCom, DingTalk and Feishu, against servers that answer as the vendors' do."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.notification_fixtures import RecordingOutbox, notice
from support.notification_peers import EventLoopThread, RealChannel
from support.robots import FakeDingTalk, FakeFeishu, FakeRobot, FakeWeCom, FakeWeComApp
from support.virtual import in_virtual_time

from facilityd.model.notice import DeliveryOutcome, DeliveryResult, SendFailure
from facilityd.model.sample import NS
from facilityd.notify.deliver import Deliverer
from facilityd.notify.pace import MINUTE, TokenBucket
from facilityd.notify.robots import DingTalkRobot, FeishuRobot, Robot, WeComRobot
from facilityd.notify.split import split
from facilityd.notify.wecom_app import WeComApp

PAIRS = {"wecom": (FakeWeCom, WeComRobot), "dingtalk": (FakeDingTalk, DingTalkRobot), "feishu": (FakeFeishu, FeishuRobot)}  # fmt: skip
SECRET = "SEC7f+/=!"


@asynccontextmanager
async def meeting(kind: str, **more) -> AsyncIterator[tuple[FakeRobot, Robot]]:
    fake_class, robot_class = PAIRS[kind]
    fake = fake_class(secret=SECRET if kind != "wecom" else "")
    async with fake.server() as server:
        options = {"url": str(server.make_url("/robot/send")), "token": "k3y", "timeout_s": 2.0, **more}
        yield fake, robot_class(**({"secret": SECRET} if kind != "wecom" else {}) | options)


@pytest.mark.parametrize("kind", PAIRS)
async def test_a_notice_arrives_with_subject_and_body(kind: str) -> None:
    async with meeting(kind) as (fake, robot):
        assert await robot.send(notice()) == DeliveryResult(DeliveryOutcome.ACCEPTED)
        (text,) = fake.texts()
        assert notice().subject in text
        assert notice().body in text


CODES = {
    "wecom": [
        (93000, "REJECTED", "ADDRESS"),
        (45009, "TRANSIENT", "BUSY"),
        (40058, "REJECTED", "REFUSED"),
        (-1, "TRANSIENT", "SERVER"),
        (99999, "REJECTED", "REFUSED"),
    ],
    "dingtalk": [
        (310000, "REJECTED", "LOGIN"),
        (130101, "TRANSIENT", "BUSY"),
        (460101, "REJECTED", "REFUSED"),
        (400402, "REJECTED", "REFUSED"),
        (300005, "REJECTED", "ADDRESS"),
    ],
    "feishu": [
        (19021, "REJECTED", "LOGIN"),
        (19022, "REJECTED", "LOGIN"),
        (19024, "REJECTED", "LOGIN"),
        (11232, "TRANSIENT", "BUSY"),
        (9499, "TRANSIENT", "BUSY"),
    ],
}


@pytest.mark.parametrize(
    ("kind", "code", "result", "failure"), [(k, *c) for k, codes in CODES.items() for c in codes]
)
async def test_two_hundred_is_judged_by_the_code_in_the_body(kind, code, result, failure) -> None:
    async with meeting(kind) as (fake, robot):
        name = "code" if kind == "feishu" else "errcode"
        fake.answers.append((200, {name: code, "errmsg": "said", "msg": "said"}))
        found = await robot.send(notice())
        assert (found.result, found.failure) == (DeliveryOutcome[result], SendFailure[failure])
        assert str(code) in found.reason
        assert (found.retry_after is not None) == (failure == "BUSY")


ODD = [
    (200, "", "UNKNOWN"),
    (200, "<html>login</html>", "UNKNOWN"),
    (200, "[]", "UNKNOWN"),
    (200, '{"errcode": "0", "code": "0"}', "REJECTED"),
    (200, '{"errcode": true, "code": true}', "REJECTED"),
    (200, '{"errcode": null, "code": null}', "REJECTED"),
    (200, "[" * 5000, "UNKNOWN"),
    (401, "no", "REJECTED"),
    (404, "no", "REJECTED"),
    (429, "slow", "TRANSIENT"),
    (500, "oops", "TRANSIENT"),
    (302, "", "REJECTED"),
    (504, "", "UNKNOWN"),
]


@pytest.mark.parametrize("kind", PAIRS)
@pytest.mark.parametrize(("status", "body", "result"), ODD)
async def test_whatever_else_is_answered_is_never_taken_for_delivered(kind, status, body, result) -> None:
    async with meeting(kind) as (fake, robot):
        fake.answers.append((status, body))
        assert (await robot.send(notice())).result is DeliveryOutcome[result]


@pytest.mark.parametrize("kind", PAIRS)
async def test_a_wrong_key_is_a_broken_channel_and_is_in_no_reason(kind: str) -> None:
    async with meeting(kind, token="wr+ng/key") as (fake, robot):
        fake.answers.append((404, "no robot wr+ng/key nor wr%2Bng%2Fkey here"))
        found = await robot.send(notice())
        assert "wr+ng" not in found.reason
        assert "wr%2Bng" not in found.reason
        found = await robot.send(notice())
        assert (found.result, found.failure) == (DeliveryOutcome.REJECTED, SendFailure.ADDRESS)


@pytest.mark.parametrize("kind", ["dingtalk", "feishu"])
@pytest.mark.parametrize(("secret", "drift"), [("another", 0), (SECRET, 7200)])
async def test_a_wrong_secret_or_clock_is_a_login_that_fails(kind: str, secret: str, drift: float) -> None:
    async with meeting(kind, secret=secret, now=lambda: 1_790_000_000.0 + drift) as (fake, robot):
        fake.clock = lambda: 1_790_000_000.0
        found = await robot.send(notice())
        assert (found.result, found.failure) == (DeliveryOutcome.REJECTED, SendFailure.LOGIN)


async def test_mentions_by_user_and_by_mobile() -> None:
    who = {"mobiles": ["13800000001"], "users": ["zhang", "li"]}
    async with meeting("wecom", **who) as (fake, robot):
        await robot.send(notice())
        assert fake.taken[0]["text"]["mentioned_list"] == ["zhang", "li"]
        assert fake.taken[0]["text"]["mentioned_mobile_list"] == ["13800000001"]
    async with meeting("dingtalk", **who) as (fake, robot):
        await robot.send(notice())
        assert fake.taken[0]["at"] == {
            "isAtAll": False,
            "atMobiles": ["13800000001"],
            "atUserIds": ["zhang", "li"],
        }
        assert fake.texts()[0].endswith("@13800000001 @zhang @li"), "or nobody's name lights up"
    async with meeting("feishu", users=["ou_1"]) as (fake, robot):
        await robot.send(notice())
        assert fake.texts()[0].endswith(' <at user_id="ou_1"></at>'), "what is wrong comes first"


async def test_a_long_text_is_split_by_bytes_and_goes_on_where_it_was_cut_off() -> None:
    long = notice(body="\n".join(f"第{n}行：电机电流高于限值，请立即检查抱闸。" for n in range(60)))
    async with meeting("wecom", users=["zhang"]) as (fake, robot):
        ok = {"errcode": 0, "errmsg": "ok"}
        fake.answers.extend([(200, ok), (200, {"errcode": 45009, "errmsg": "freq"})])
        assert (await robot.send(long)).failure is SendFailure.BUSY
        assert (await robot.send(long)).result is DeliveryOutcome.ACCEPTED
        assert all(len(text.encode()) <= 2048 for text in fake.texts())
        assert "(2/" in fake.texts()[0][-6:], "the first was taken before"
        assert "mentioned_list" not in fake.taken[0]["text"], "who was mentioned is not mentioned again"
        assert "第59行" in fake.texts()[-1]


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=3000), st.integers(40, 500), st.integers(1, 6))
def test_no_part_is_too_long_and_no_character_is_cut(text: str, limit: int, most: int) -> None:
    text = text.encode(errors="ignore").decode()
    parts = split(text, limit, most)
    assert 1 <= len(parts) <= most
    assert all(len(part.encode()) <= limit for part in parts)
    bare = [re.sub(r" \(\d/\d\)$", "", part) for part in parts] if len(parts) > 1 else parts
    kept = "".join("".join(bare).split()).rstrip("…")
    assert "".join(text.split()).startswith(kept[: len(kept) - 1]) or kept == ""


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
