"""What happened in somebody's quiet hours, as one message."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from facilityd.model.alarm import AlarmState
from facilityd.model.notice import Notice, Purpose, notice_key
from facilityd.model.text import Language
from facilityd.notify.plan import TELLING
from facilityd.notify.render import SiteContext
from facilityd.notify.texts import texts
from facilityd.notify.value_text import format_instant

MOST = 50
"""Alarms that a digest lists; the others are counted."""


def plan_digest(
    put_off: Sequence[Notice], state: Callable[[str, str], AlarmState], place: SiteContext, at: int
) -> Notice:
    """Return one notice that stands for several of one address (not none); ``at``: now, ns UTC."""
    newest, language = put_off[-1], put_off[-1].language
    alarms = {(one.device, one.rule, one.occurrence): one for one in reversed(put_off)}
    begun = {(n.device, n.rule, n.occurrence): n for n in put_off if n.purpose in TELLING}
    states = {key: state(key[0], key[1]) for key in alarms}
    standing = [key for key in alarms if _stands(states[key], key[2])]
    shown = [*standing, *(key for key in reversed(alarms) if key not in standing)]
    lines = [
        _line(begun.get(key, alarms[key]), states[key], place, language, standing=key in standing)
        for key in shown[:MOST]
    ]
    if len(shown) > MOST:
        lines.append(f"… +{len(shown) - MOST}")
    fields = {
        "site": place.name.in_(language), "count": str(len(alarms)), "standing": str(len(standing)),
        "at": format_instant(at, place.zone), "lines": "\n".join(lines),
    }  # fmt: skip
    subject = texts().subject[Purpose.DIGEST.value].in_(language).format(**fields)
    body = texts().body[Purpose.DIGEST.value].in_(language).format(**fields).rstrip()
    key = notice_key(Purpose.DIGEST, newest.recipient, newest.channel, newest.not_before)
    priority = max(one.priority for one in put_off)
    return Notice(
        key,
        newest.recipient,
        newest.channel,
        Purpose.DIGEST,
        language,
        subject,
        body,
        priority=priority,
        at=at,
    )


def _stands(state: AlarmState, occurrence: int) -> bool:
    return state.occurrence == occurrence and (state.active or state.latched)


def _line(
    notice: Notice, state: AlarmState, place: SiteContext, language: Language, *, standing: bool
) -> str:
    mine = state.occurrence == notice.occurrence
    ended = state.cleared_at if mine and state.cleared_at else notice.at
    fields = {
        "raised": _clock(state.raised_at if mine and state.raised_at else notice.at, place),
        "ended": _clock(ended, place),
        "subject": notice.subject,
    }
    return texts().digest["standing" if standing else "ended"].in_(language).format(**fields)


def _clock(at: int, place: SiteContext) -> str:
    return format_instant(at, place.zone)[5:16]
