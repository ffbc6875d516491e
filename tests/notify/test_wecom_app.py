"""An application of WeCom: its token is fetched, kept, shared and fetched anew; a member may be refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from support.notification_fixtures import notice
from support.robots import FakeWeComApp

from facilityd.model.notice import DeliveryOutcome, DeliveryResult, SendFailure
from facilityd.notify.wecom_app import WeComApp

SECRET = "s3cret+/="
ACCEPTED = DeliveryResult(DeliveryOutcome.ACCEPTED)


@dataclass
class WeComCorporation:
    """An application with its members, and a clock that all share."""

    fake: FakeWeComApp
    url: str
    now: float = 1_790_000_000.0

    def to(self, user: str = "zhang", **more: object) -> WeComApp:
        options = {"corp": "ww1", "agent": 1000002, "secret": SECRET, "timeout_s": 2.0} | more
        return WeComApp(url=self.url, user=user, steady=lambda: self.now, **options)


@asynccontextmanager
async def corporation(**more: object) -> AsyncIterator[WeComCorporation]:
    fake = FakeWeComApp(secret=SECRET, **more)
    async with fake.server() as server:
        made = WeComCorporation(fake, str(server.make_url("/")))
        fake.clock = lambda: made.now
        yield made


async def test_a_notice_arrives_at_one_member() -> None:
    async with corporation() as made:
        assert await made.to().send(notice()) == ACCEPTED
        (said,) = made.fake.taken
        assert (said["touser"], said["agentid"], said["msgtype"]) == ("zhang", 1000002, "text")
        assert said["text"]["content"] == f"{notice().subject}\n{notice().body}"


async def test_the_token_is_fetched_once_for_all_members() -> None:
    async with corporation() as made:
        crew = [made.to(user) for user in ("zhang", "li", "wang")]
        assert await asyncio.gather(*(one.send(notice()) for one in crew)) == [ACCEPTED] * 3
        assert await crew[0].send(notice(key="k2")) == ACCEPTED
        assert made.fake.asked == 1


async def test_the_token_is_fetched_anew_before_it_ends() -> None:
    async with corporation() as made:
        app = made.to()
        await app.send(notice())
        made.now += 7000
        assert await app.send(notice(key="k2")) == ACCEPTED
        assert made.fake.asked == 2


async def test_a_token_that_the_vendor_ended_is_replaced_within_the_attempt() -> None:
    async with corporation() as made:
        app = made.to()
        await app.send(notice())
        made.fake.ends = 0.0
        assert await app.send(notice(key="k2")) == ACCEPTED
        assert (made.fake.asked, len(made.fake.taken)) == (2, 2)


async def test_a_token_that_never_holds_is_asked_for_twice_and_no_more() -> None:
    async with corporation() as made:
        made.fake.answers.extend(
            (200, {"errcode": code, "errmsg": "x", "access_token": "t", "expires_in": 7200})
            for code in (0, 42001, 0, 42001)
        )
        found = await made.to().send(notice())
        assert (found.result, found.failure) == (DeliveryOutcome.REJECTED, SendFailure.LOGIN)
        assert not made.fake.answers


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        ({"errcode": 81013, "errmsg": "all invalid"}, "ADDRESS"),
        ({"errcode": 0, "errmsg": "ok", "invaliduser": "zhang"}, "ADDRESS"),
        ({"errcode": 0, "errmsg": "ok", "unlicenseduser": "zhang"}, "ADDRESS"),
        ({"errcode": 60020, "errmsg": "not allow to access from your ip"}, "LOGIN"),
        ({"errcode": 40058, "errmsg": "text.content exceed max length 2048"}, "REFUSED"),
    ],
)
async def test_success_counts_only_where_the_member_got_it(answer: dict, failure: str) -> None:
    async with corporation() as made:
        app = made.to()
        await app.send(notice())
        made.fake.answers.append((200, answer))
        found = await app.send(notice(key="k2"))
        assert (found.result, found.failure) == (DeliveryOutcome.REJECTED, SendFailure[failure])


async def test_a_refused_member_keeps_nothing_from_the_others() -> None:
    async with corporation(refused=frozenset({"gone"})) as made:
        gone, there = await asyncio.gather(made.to("gone").send(notice()), made.to("zhang").send(notice()))
        assert (gone.result, gone.failure) == (DeliveryOutcome.REJECTED, SendFailure.ADDRESS)
        assert there == ACCEPTED


@pytest.mark.parametrize(
    ("status", "body", "result", "failure"),
    [
        (200, {"errcode": -1, "errmsg": "system busy"}, "TRANSIENT", "SERVER"),
        (200, {"errcode": 45009, "errmsg": "api freq out of limit"}, "TRANSIENT", "BUSY"),
        (200, {"errcode": 0, "errmsg": "ok"}, "TRANSIENT", "SERVER"),
        (200, "<html>", "TRANSIENT", "SERVER"),
        (504, "", "TRANSIENT", "TIMEOUT"),
        (401, "", "REJECTED", "LOGIN"),
    ],
)
async def test_without_a_token_nothing_was_sent(status: int, body: object, result: str, failure: str) -> None:
    async with corporation() as made:
        made.fake.answers.append((status, body))
        found = await made.to().send(notice())
        assert (found.result, found.failure) == (DeliveryOutcome[result], SendFailure[failure])
        assert found.reason.startswith("no token: ")
        assert made.fake.taken == []


async def test_a_wrong_secret_is_a_login_that_fails_and_is_in_no_reason() -> None:
    async with corporation() as made:
        found = await made.to(secret="wr0ng-secret").send(notice())
        assert (found.result, found.failure) == (DeliveryOutcome.REJECTED, SendFailure.LOGIN)
        made.fake.answers.append((500, "corpsecret wr0ng-secret of tok-1"))
        assert "wr0ng" not in (await made.to(secret="wr0ng-secret").send(notice())).reason
        app = made.to()
        await app.send(notice())
        made.fake.answers.append((500, f"access_token tok-{made.fake.asked}"))
        assert "tok-" not in (await app.send(notice(key="k2"))).reason


async def test_what_is_long_is_split_for_the_vendor_would_cut_it_off_unsaid() -> None:
    long = notice(body="\n".join(f"第{n}行：电机电流高于限值，请立即检查抱闸。" for n in range(60)))
    async with corporation() as made:
        assert await made.to().send(long) == ACCEPTED
        assert len(made.fake.taken) > 1
        assert "第59行" in made.fake.texts()[-1]
