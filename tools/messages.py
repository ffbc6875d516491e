"""Write docs/messages.md: every kind of message, in both languages, and what channels make of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from message_days import ceremonies, days, tasks
from message_desk import Desk, Told
from message_kinds import again, causes, latched, raised, silenced, together

from facilityd.model.notice import Notice
from facilityd.notify.headline import GLANCE
from facilityd.notify.mail import message
from facilityd.notify.ntfy import LIMIT as NTFY
from facilityd.notify.robots import MOST_PARTS, DingTalkRobot, FeishuRobot, WeComRobot
from facilityd.notify.split import split
from facilityd.notify.webhook import payload
from facilityd.notify.wecom_app import WeComApp

FILE = Path(__file__).resolve().parent.parent / "docs" / "messages.md"
TITLE = 250
"""Bytes of a title (ntfy)."""
ROBOTS = {
    "wecom-robot": WeComRobot,
    "wecom-app": WeComApp,
    "dingtalk-robot": DingTalkRobot,
    "feishu-robot": FeishuRobot,
}
HEAD = """# Every message that people get

Made by `tools/messages.py` with the words of `facilityd/notify/texts.yaml` and the rules of the demo site.
A test keeps it current, and holds each to the limits: the first {glance} characters say how bad it is,
where and what; where a name is too long for that its short form stands there, and the whole one below.
No channel cuts a message.

| channel | limit | longest here | messages that this becomes |
|---|---|---|---|
{channels}

A robot of a group and the WeCom application get subject and body as one text; longer than the limit it
becomes up to {most} numbered messages, cut between lines. Mail has the body as text and, laid out for a
phone, as HTML, with the plot as a picture. ntfy has the subject as its title. A webhook and a broker get
both as JSON, with what they are about. apprise gets title and body, as the service has it.

{kinds}"""


@dataclass(frozen=True, slots=True)
class Measure:
    """What a channel makes of a notice: bytes, and messages."""

    bytes: int
    messages: int = 1


def text_of(notice: Notice) -> str:
    """Return a notice as a robot says it."""
    return f"{notice.subject}\n{notice.body}"


def _robot(limit: int) -> Callable[[Notice], Measure]:
    def measure(notice: Notice) -> Measure:
        return Measure(len(text_of(notice).encode()), len(split(text_of(notice), limit, MOST_PARTS)))

    return measure


def _mail(notice: Notice) -> Measure:
    return Measure(len(message(notice, "facilityd@square.example", "li@square.example").as_bytes()))


CHANNELS: Mapping[str, tuple[str, Callable[[Notice], Measure]]] = {
    **{kind: (f"{robot.LIMIT} bytes", _robot(robot.LIMIT)) for kind, robot in ROBOTS.items()},
    "ntfy": (f"{NTFY} bytes, title {TITLE}", lambda notice: Measure(len(notice.body.encode()))),
    "email": ("none", _mail),
    "webhook, mqtt": ("none", lambda notice: Measure(len(str(payload(notice)).encode()))),
    "apprise": ("the service's", lambda notice: Measure(len(text_of(notice).encode()))),
}


@cache
def told() -> list[Told]:
    """Return every kind of message, in both languages."""
    desk, makers = Desk(), (raised, latched, again, silenced, causes, together, days, ceremonies, tasks)
    return [kind for make in makers for kind in make(desk)]


def mistakes(notices: list[Told]) -> Iterator[str]:
    """Yield what does not hold: what the first characters do not say, and what a channel would cut."""
    for kind in notices:
        for notice in (kind.zh, kind.en):
            where = f"{kind.title} ({notice.language})"
            seen = notice.subject[:GLANCE]
            for said in kind.glance(notice.language):
                if said not in seen:
                    yield f"{where}: {said!r} is not in {seen!r}"
            if "{" in text_of(notice) or "  " in notice.subject:
                yield f"{where}: a gap in {notice.subject!r}"
            if len(notice.subject.encode()) > TITLE or len(notice.body.encode()) > NTFY:
                yield f"{where}: too long for ntfy"
            yield from (
                f"{where}: cut by {name}" for name, robot in ROBOTS.items() if _cut(notice, robot.LIMIT)
            )


def _cut(notice: Notice, limit: int) -> bool:
    """Return whether a robot would leave something out of a notice."""
    return len(split(text_of(notice), limit, 99)) > MOST_PARTS


def text() -> str:
    """Return the page."""
    notices = told()
    every = [one for kind in notices for one in (kind.zh, kind.en)]
    rows = []
    for name, (limit, measure) in CHANNELS.items():
        measures = [measure(one) for one in every]
        longest = max(one.bytes for one in measures)
        parts = sorted({one.messages for one in measures})
        rows.append(
            f"| `{name}` | {limit} | {longest} bytes | {' to '.join(map(str, {parts[0], parts[-1]}))} |"
        )
    kinds = "\n".join(_kind(kind) for kind in notices)
    return HEAD.format(glance=GLANCE, most=MOST_PARTS, channels="\n".join(rows), kinds=kinds)


def _kind(kind: Told) -> str:
    shown = "\n".join(f"```\n{text_of(one)}\n```" for one in (kind.zh, kind.en))
    return f"## {kind.title}\n\n{kind.when}\n\n{shown}\n"


if __name__ == "__main__":
    found = list(mistakes(told()))
    if found:
        sys.exit("\n".join(found))
    if "--check" in sys.argv:
        sys.exit(FILE.read_text(encoding="utf-8") != text())
    FILE.write_text(text(), encoding="utf-8")
