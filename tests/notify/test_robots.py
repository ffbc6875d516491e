"""The robots of WeCom, DingTalk and Feishu, against servers that answer as the vendors' do."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.notification_fixtures import notice
from support.robot_channels import PAIRS, SECRET, meeting

from facilityd.model.notice import DeliveryOutcome, DeliveryResult, SendFailure
from facilityd.notify.split import split


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
