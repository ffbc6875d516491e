"""What happened in somebody's quiet hours or in a flood, as one message."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from facilityd.model.alarm import AlarmState
from facilityd.model.notice import Notice, Purpose, notice_key
from facilityd.model.rule import Priority
from facilityd.model.text import Language
from facilityd.notify.gather import GATHERED
from facilityd.notify.headline import headline
from facilityd.notify.plan import TELLING
from facilityd.notify.render import SiteContext
from facilityd.notify.texts import texts
from facilityd.notify.value_text import format_minute

ROOM = {"email": 20_000, "webhook": 20_000, "mqtt": 20_000, "ntfy": 3_600}
"""Bytes of the lines of one digest by kind of channel; more become several digests, nothing is left out."""
LEAST_ROOM = 1_700
"""The same for every other kind: within what a robot takes as one message."""
Key = tuple[str, str, int]


def plan_digests(
    put_off: Sequence[Notice],
    state: Callable[[str, str], AlarmState],
    place: SiteContext,
    at: int,
    kind: str = "",
) -> list[Notice]:
    """Return the notices that stand for several of one address (not none), most often one.

    ``at``: now, ns UTC; ``kind``: of the channel, which says how long one may be.
    """
    language = put_off[-1].language
    newest = {(one.device, one.rule, one.occurrence): one for one in put_off}
    begun = {(n.device, n.rule, n.occurrence): n for n in put_off if n.purpose in TELLING}
    states = {key: state(key[0], key[1]) for key in newest}
    standing = frozenset(key for key in newest if _stands(states[key], key[2]))
    order = sorted(newest, key=lambda key: (key not in standing, -newest[key].priority))
    lines = {
        key: _line(begun.get(key, newest[key]), states[key], place, language, standing=key in standing)
        if key in begun or key in standing
        else _end(newest[key], place, language)
        for key in order
    }
    parts = _parts(lines, ROOM.get(kind, LEAST_ROOM))
    return [
        _digest(put_off, part, lines, standing, place, at, (number, len(parts)))
        for number, part in enumerate(parts, start=1)
    ]


def _parts(lines: Mapping[Key, str], room: int) -> list[list[Key]]:
    """Return the alarms of each message, in their order, as many as there is room for."""
    parts, used = [list[Key]()], 0
    for key, line in lines.items():
        size = len(line.encode()) + 1
        if parts[-1] and used + size > room:
            parts.append([])
            used = 0
        parts[-1].append(key)
        used += size
    return parts


def _digest(
    put_off: Sequence[Notice], part: Sequence[Key], lines: Mapping[Key, str], standing: Collection[Key],
    place: SiteContext, at: int, number: tuple[int, int],
) -> Notice:  # fmt: skip
    first, one, of = put_off[0], *number
    language = first.language
    fields = {
        "site": place.name.in_(language), "count": str(len(part)), "at": format_minute(at, place.zone),
        "standing": str(sum(key in standing for key in part)), "lines": "\n".join(lines[key] for key in part),
        "part": f" ({one}/{of})" if of > 1 else "",
    }  # fmt: skip
    which = "flood" if all(n.not_before - n.at <= GATHERED for n in put_off) else Purpose.DIGEST.value
    mine = [n.priority for n in put_off if (n.device, n.rule, n.occurrence) in part]
    gravest = Priority(max(mine)).name.lower()
    fields["priority"] = texts().priority[gravest].in_(language)
    fields["priority-short"] = texts().priority_short[gravest].in_(language)
    subject = headline(which, fields, language)
    body = texts().body[which].in_(language).format(**fields).rstrip()
    named = notice_key(Purpose.DIGEST, first.recipient, first.channel, at, *([one] if of > 1 else []))
    return Notice(
        named, first.recipient, first.channel, Purpose.DIGEST, language, subject, body, priority=max(mine),
        at=at, alarms=tuple(part),
    )  # fmt: skip


def _stands(state: AlarmState, occurrence: int) -> bool:
    return state.occurrence == occurrence and (state.active or state.latched)


def _line(
    notice: Notice, state: AlarmState, place: SiteContext, language: Language, *, standing: bool
) -> str:
    mine = state.occurrence == notice.occurrence
    ended = state.cleared_at if mine and state.cleared_at else notice.at
    fields = {
        "raised": _clock(state.began if mine and state.began else notice.at, place),
        "ended": _clock(ended, place),
        "subject": notice.subject,
    }
    return texts().digest["standing" if standing else "ended"].in_(language).format(**fields)


def _end(notice: Notice, place: SiteContext, language: Language) -> str:
    """Return the line of an end whose beginning was told before: its subject says that it is over."""
    fields = {"ended": _clock(notice.at, place), "subject": notice.subject}
    return texts().digest["end"].in_(language).format(**fields)


def _clock(at: int, place: SiteContext) -> str:
    return format_minute(at, place.zone)[5:]
