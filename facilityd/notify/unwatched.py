"""The end of an alarm that nothing watches any more: told once to whoever was notified that it was raised."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from facilityd.model.alarm import AlarmState, Change
from facilityd.model.notice import Notice, Purpose, notice_key
from facilityd.model.sample import NS
from facilityd.model.text import Language, ShortText, Text
from facilityd.notify.evidence_text import EvidenceFormatter
from facilityd.notify.headline import headline, unsaid
from facilityd.notify.render import AlarmContext, SiteContext
from facilityd.notify.texts import texts
from facilityd.notify.value_text import format_minute, format_span


def plan_unwatched(
    change: Change,
    state: AlarmState,
    heard: Iterable[Notice],
    alarm_contexts: Mapping[tuple[str, str], AlarmContext],
    place: SiteContext,
) -> list[Notice]:
    """Return the notices of an alarm that was retired; ``state`` is the one after it.

    Nothing may be known of device and rule any more, so each says what its reader was told: ``heard``,
    the notices of the raise.
    """
    names = _names(change, alarm_contexts)
    context = alarm_contexts.get((change.device, change.rule))
    short = context.rule.short if context else ShortText()
    return [_notice(change, state, told, names, short, place) for told in heard]


def _names(change: Change, alarm_contexts: Mapping[tuple[str, str], AlarmContext]) -> tuple[Text, Text]:
    """Return what device and rule are called; their ids where nothing is known of them."""
    alarm_context = alarm_contexts.get((change.device, change.rule))
    device = next((one.device for (name, _), one in alarm_contexts.items() if name == change.device), None)
    rule = alarm_context.rule.name if alarm_context else Text(zh=change.rule, en=change.rule)
    return device or Text(zh=change.device, en=change.device), rule


def _notice(
    change: Change, state: AlarmState, told: Notice, names: tuple[Text, Text], short: ShortText,
    place: SiteContext,
) -> Notice:  # fmt: skip
    fields = _fields(change, state, told, names, short, place)
    purpose, language = Purpose.UNWATCHED, told.language
    subject = headline(purpose.value, fields, language)
    body = texts().body[purpose.value].in_(language).format(**fields).rstrip()
    body = "\n".join(filter(None, (unsaid(subject, fields["rule"]), body)))
    key = notice_key(
        change.device, change.rule, change.occurrence, purpose, told.recipient, told.channel, change.at
    )
    return Notice(
        key, told.recipient, told.channel, purpose, language, subject, body,
        change.device, change.rule, change.occurrence, told.priority, change.at,
    )  # fmt: skip


def _fields(
    change: Change, state: AlarmState, told: Notice, names: Sequence[Text], short: ShortText,
    place: SiteContext,
) -> dict[str, str]:  # fmt: skip
    language: Language = told.language
    raised = state.began if state.began is not None else told.at
    why = EvidenceFormatter({}, language, place.zone).evidence(change.evidence) if change.evidence else ""
    return {
        "device": names[0].in_(language),
        "device-short": change.device,
        "device_id": change.device,
        "rule": names[1].in_(language),
        "rule-short": short.in_(language),
        "rule_id": change.rule,
        "site": place.name.in_(language),
        "evidence": why,
        "heard": told.subject,
        "raised": format_minute(raised, place.zone),
        "at": format_minute(change.at, place.zone),
        "lasted": format_span(max(0, change.at - raised) / NS, language),
        "occurrence": str(change.occurrence),
    }
