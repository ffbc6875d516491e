"""Who acknowledges over a broker is told what came of it, once it is on record, and of nobody else's secrets."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from support.daemon import until

from facilityd.app.reply_results import MOST, WAITS, ReplyResults
from facilityd.model.command import AcknowledgeAlarm
from facilityd.model.command_record import CommandRecord
from facilityd.model.message import Wording
from facilityd.model.refusal import stored
from facilityd.store.commands import CommandWrite
from facilityd.store.journal import Journal
from facilityd.supervise.stop import end


def reply(name: str, at: int) -> AcknowledgeAlarm:
    return AcknowledgeAlarm(
        id=name, at=at, origin="mqtt li-1-mqtt", person="Li", device="fire", rule="active", occurrence=3
    )


async def test_each_reply_is_told_when_it_is_on_record_and_one_that_never_is_is_forgotten(
    tmp_path: Path,
) -> None:
    now, told = [time.time_ns()], list[dict[str, Any]]()

    async def publish(text: str) -> None:
        told.append(json.loads(text))

    with Journal.open(tmp_path / "journal.db", max_bytes=2**28, max_age=10**18, site="yard") as journal:
        results = ReplyResults(journal.path, lambda: now[0])
        for name in ("a" * 32, "b" * 32, "c" * 32):
            results.taken(reply(name, now[0]))
        telling = asyncio.create_task(results.tell(publish))
        taken = CommandRecord.of(reply("a" * 32, now[0]), "facilityd", now[0])
        why = stored(Wording("command.reply-too-old"))
        refused = replace(CommandRecord.of(reply("b" * 32, now[0]), "facilityd", now[0]), refusal=why)
        journal.commit([CommandWrite((taken, refused))])
        await until(lambda: len(told) == 2)
        assert told == [
            {"reply": "a" * 32, "device": "fire", "rule": "active", "occurrence": 3, "accepted": True, "why": ""},
            {
                "reply": "b" * 32, "device": "fire", "rule": "active", "occurrence": 3, "accepted": False,
                "why": {"zh": "回复已过期，或双方时钟不一致", "en": "it is too old, or the clocks differ"},
            },
        ]  # fmt: skip
        now[0] += WAITS + 1
        results.refused(
            b'{"device": "secret", "signature": "' + b"d" * 64 + b'"}', Wording("command.reply-signature")
        )
        await until(lambda: len(told) == 3)
        assert told[2] == {
            "reply": "d" * 32, "accepted": False, "why": {"zh": "签名不对", "en": "its signature is wrong"},
        }  # fmt: skip
        late = CommandRecord.of(reply("c" * 32, now[0]), "facilityd", now[0])
        journal.commit([CommandWrite((late,))])
        results.refused(b"\xff", Wording("command.no-reply"))
        await until(lambda: len(told) == 4)
        assert told[3]["reply"] == "", "the late one is forgotten"
        await end([telling])


def test_a_flood_of_replies_is_bounded(tmp_path: Path) -> None:
    results = ReplyResults(tmp_path / "journal.db", time.time_ns)
    for number in range(3 * MOST):
        results.taken(reply(f"{number:032x}", 1))
        results.refused(b"x", Wording("command.no-reply"))
    assert results.pending == (MOST, MOST)
