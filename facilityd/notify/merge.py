"""Several notices as one message, where a channel may not be spoken to as often as there is news."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from facilityd.model.notice import Notice, notice_key
from facilityd.model.rule import Priority
from facilityd.notify.texts import texts

MOST = 30
"""Notices in one message: more are not read."""
ROOM = 1800
"""Bytes of the lines of one message: within what every channel takes."""


def merged(notices: Sequence[Notice]) -> tuple[Notice, int]:
    """Return one notice for the first of several (not none), a line for each, and for how many it stands.

    The subject is the first one's, each line another's: where, what and how bad it is. So each is there once.
    """
    if len(notices) == 1:
        return notices[0], 1
    first, lines, used = notices[0], list[str](), 0
    for notice in notices[:MOST]:
        line = f"{len(lines) + 1}. {notice.subject}"
        used += len(line.encode()) + 1
        if lines and used > ROOM:
            break
        lines.append(line)
    taken = notices[: len(lines)]
    gravest = Priority(max(notice.priority for notice in taken))
    fields = {"count": str(len(taken)), "first": first.subject}
    subject = texts().subject["merged"].in_(first.language).format(**fields)
    key = notice_key("merged", first.key, len(taken))
    one = replace(
        first, key=key, subject=subject, body="\n".join(lines[1:]), priority=int(gravest), device="", rule="",
        occurrence=0,
    )  # fmt: skip
    return one, len(taken)
