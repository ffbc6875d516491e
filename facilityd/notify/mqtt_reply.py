"""A reply over a broker that acknowledges an alarm: a signature proves who wrote it, not the broker."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from facilityd.model.command import AcknowledgeAlarm
from facilityd.model.message import Wording
from facilityd.model.sample import NS

MOST_BYTES = 4096
EARLIER, LATER = 600 * NS, 120 * NS
"""How old a reply may be, and how far ahead the writer's clock may be (ns)."""


class RefusedReply(ValueError):
    """A reply that acknowledges nothing; says why."""


class _Reply(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    device: str = Field(min_length=1, max_length=200)
    rule: str = Field(min_length=1, max_length=200)
    occurrence: int = Field(ge=1, le=2**53)
    at: int = Field(ge=0, le=2**40, description="s UTC")
    comment: str = Field(default="", max_length=1000)
    signature: str = Field(pattern=r"^[0-9a-f]{64}$")


@dataclass(frozen=True, slots=True)
class ReplyKey:
    """With what the replies of one person over one channel are signed, and as whom they are taken."""

    site: str
    channel: str
    person: str
    secret: str


def sign(key: ReplyKey, device: str, rule: str, occurrence: int, at: int, comment: str = "") -> str:
    """Return the HMAC-SHA256 in hex of a reply's lines; ``at`` in s UTC.

    The comment is last, for it may be several lines.
    """
    lines = ("facilityd-ack", key.site, key.channel, device, rule, str(occurrence), str(at), comment)
    return hmac.new(key.secret.encode(), "\n".join(lines).encode(), hashlib.sha256).hexdigest()


def read_reply(payload: bytes, key: ReplyKey, now: int) -> AcknowledgeAlarm:
    """Return the command that a reply is; its id is the same whenever it comes again. ``now`` in ns UTC.

    Raises RefusedReply.
    """
    if len(payload) > MOST_BYTES:
        raise RefusedReply(Wording("command.reply-too-long"))
    try:
        reply = _Reply.model_validate(json.loads(payload))
    except (ValidationError, ValueError, RecursionError) as error:
        raise RefusedReply(Wording("command.no-reply")) from error
    due = sign(key, reply.device, reply.rule, reply.occurrence, reply.at, reply.comment)
    if not hmac.compare_digest(due, reply.signature):
        raise RefusedReply(Wording("command.reply-signature"))
    if not now - EARLIER <= reply.at * NS <= now + LATER:
        raise RefusedReply(Wording("command.reply-too-old"))
    return AcknowledgeAlarm(
        id=reply.signature[:32], at=now, origin=f"mqtt {key.channel}", person=key.person,
        device=reply.device, rule=reply.rule, occurrence=reply.occurrence, comment=reply.comment,
    )  # fmt: skip
