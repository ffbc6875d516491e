"""The end of an alarm that nothing watches any more: told once to whoever was told that it was raised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from facilityd.model.alarm import AlarmState, Change
from facilityd.model.notice import Notice, Purpose
from facilityd.model.sample import NS
from facilityd.model.text import Language, Text
from facilityd.notify.evidence_text import EvidenceFormatter
from facilityd.notify.render import AlarmContext, SiteContext
from facilityd.notify.texts import texts
from facilityd.notify.value_text import format_instant, format_span

Heard = Mapping[tuple[str, str], Notice]
"""By recipient and channel, the notice that told of the raise."""


def plan_unwatched(
    change: Change,
    state: AlarmState,
    heard: Heard,
    abouts: Mapping[tuple[str, str], AlarmContext],
    place: SiteContext,
    keys: Mapping[tuple[str, str], str],
) -> list[Notice]:
    """Return the notices of an alarm that was retired; ``state`` is the one after it.

    Nothing may be known of device and rule any more, so each says what its reader was told then. ``keys``:
    by recipient and channel that there are, the notice's key.
    """
    names = _names(change, abouts)
    return [
        _notice(change, state, told, keys[address], names, place)
        for address, told in heard.items()
        if address in keys
    ]


def _names(change: Change, abouts: Mapping[tuple[str, str], AlarmContext]) -> tuple[Text, Text]:
    """Return what device and rule are called; their ids where nothing is known of them."""
    alarm_context = abouts.get((change.device, change.rule))
    device = next((a.device for (name, _), a in abouts.items() if name == change.device), None)
    rule = alarm_context.rule.name if alarm_context else Text(zh=change.rule, en=change.rule)
    return device or Text(zh=change.device, en=change.device), rule


def _notice(
    change: Change, state: AlarmState, told: Notice, key: str, names: tuple[Text, Text], place: SiteContext
) -> Notice:
    fields = _fields(change, state, told, names, place)
    purpose, language = Purpose.UNWATCHED, told.language
    subject = texts().subject[purpose.value].in_(language).format(**fields)
    body = texts().body[purpose.value].in_(language).format(**fields).rstrip()
    return Notice(
        key, told.recipient, told.channel, purpose, language, subject, body,
        change.device, change.rule, change.occurrence, told.priority, change.at,
    )  # fmt: skip


def _fields(
    change: Change, state: AlarmState, told: Notice, names: Sequence[Text], place: SiteContext
) -> dict[str, str]:
    language: Language = told.language
    raised = state.raised_at if state.raised_at is not None else told.at
    why = EvidenceFormatter({}, language, place.zone).evidence(change.evidence) if change.evidence else ""
    return {
        "device": names[0].in_(language),
        "device_id": change.device,
        "rule": names[1].in_(language),
        "rule_id": change.rule,
        "site": place.name.in_(language),
        "evidence": why,
        "heard": told.subject,
        "raised": format_instant(raised, place.zone),
        "at": format_instant(change.at, place.zone),
        "lasted": format_span(max(0, change.at - raised) / NS, language),
        "occurrence": str(change.occurrence),
    }
