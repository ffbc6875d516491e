"""A reply over a broker acknowledges one alarm, for one person, once; nothing else does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facilityd.model.command import AcknowledgeAlarm
from facilityd.model.sample import NS
from facilityd.notify.mqtt_reply import EARLIER, LATER, RefusedReply, ReplyKey, read_reply, sign

KEY = ReplyKey("yard", "li-1-mqtt", "李工", "s3cret")
AT = 1_790_000_000


def reply(key: ReplyKey = KEY, **more: Any) -> bytes:
    fields: dict[str, Any] = {
        "device": "fire",
        "rule": "active",
        "occurrence": 3,
        "at": AT,
        "comment": "在路上",
    }
    fields |= {"signature": sign(key, *(fields[name] for name in fields))} | more
    return json.dumps(fields).encode()


def test_a_signed_reply_is_the_acknowledgement_of_one_occurrence_by_the_channels_person() -> None:
    command = read_reply(reply(), KEY, AT * NS)
    assert isinstance(command, AcknowledgeAlarm)
    assert (command.device, command.rule, command.occurrence) == ("fire", "active", 3)
    assert (command.person, command.origin, command.comment) == ("李工", "mqtt li-1-mqtt", "在路上")


def test_the_same_reply_again_is_the_same_command() -> None:
    first, again = (read_reply(reply(), KEY, (AT + later) * NS) for later in (0, 60))
    assert first.id == again.id


@pytest.mark.parametrize(
    "changed",
    [
        {"device": "water"}, {"rule": "silent"}, {"occurrence": 4}, {"at": AT + 1}, {"comment": "算了"},
        {"signature": "0" * 64},
    ],
)  # fmt: skip
def test_whatever_is_changed_breaks_the_signature(changed: dict[str, Any]) -> None:
    with pytest.raises(RefusedReply, match="signature"):
        read_reply(reply(**changed), KEY, AT * NS)


@pytest.mark.parametrize(
    "key",
    [
        ReplyKey("square", "li-1-mqtt", "李工", "s3cret"),
        ReplyKey("yard", "wang-1-mqtt", "王工", "s3cret"),
        ReplyKey("yard", "li-1-mqtt", "李工", "another"),
    ],
)
def test_a_reply_holds_for_one_site_one_channel_and_one_secret(key: ReplyKey) -> None:
    with pytest.raises(RefusedReply, match="signature"):
        read_reply(reply(key), KEY, AT * NS)


@pytest.mark.parametrize("off", [-EARLIER - NS, LATER + NS])
def test_an_old_reply_and_one_from_the_future_are_refused(off: int) -> None:
    with pytest.raises(RefusedReply, match="old"):
        read_reply(reply(), KEY, AT * NS - off)


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_in_order(payload: bytes) -> None:
    with pytest.raises(RefusedReply):
        read_reply(payload, KEY, AT * NS)


@pytest.mark.parametrize(
    "payload", [b"[" * 4000, b"x" * 10_000, reply(more=1), reply(occurrence=0), b'{"a":' * 600]
)
def test_what_is_no_reply_is_refused(payload: bytes) -> None:
    with pytest.raises(RefusedReply):
        read_reply(payload, KEY, AT * NS)
