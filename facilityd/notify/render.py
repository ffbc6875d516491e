"""One change in the words of one reader."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from facilityd.model.alarm import AlarmState, AlarmStateName, Change, ChangeKind, Suppressor
from facilityd.model.alarm_link import AlarmLinks
from facilityd.model.notice import Purpose
from facilityd.model.plain import plain
from facilityd.model.rule import Rule
from facilityd.model.sample import NS
from facilityd.model.text import Language, Text
from facilityd.notify.evidence_text import EvidenceFormatter
from facilityd.notify.headline import headline, named, unsaid
from facilityd.notify.sparkline import Sparkline
from facilityd.notify.texts import texts
from facilityd.notify.value_text import SignalWords, format_instant, format_minute, format_span

MOST_NAMES = 60
"""Of devices that are blind, in one message."""
LONGEST = 4000
"""Characters of evidence in a message."""
PURPOSES: dict[ChangeKind, Purpose] = {
    ChangeKind.RAISE: Purpose.RAISED,
    ChangeKind.REALARM: Purpose.REALARMED,
    ChangeKind.WORSEN: Purpose.WORSENED,
    ChangeKind.ACKNOWLEDGE: Purpose.ACKNOWLEDGED,
    ChangeKind.LATCH: Purpose.LATCHED,
    ChangeKind.CLEAR: Purpose.CLEARED,
    ChangeKind.RESET: Purpose.CLEARED,
    ChangeKind.UNSUPPRESS: Purpose.RAISED,
    ChangeKind.SHELF_OVER: Purpose.REALARMED,
    ChangeKind.RETURN_TO_SERVICE: Purpose.REALARMED,
    ChangeKind.STATE_OVER: Purpose.REALARMED,
    ChangeKind.SHELVE: Purpose.SUPPRESSED,
    ChangeKind.OUT_OF_SERVICE: Purpose.SUPPRESSED,
    ChangeKind.REVIEW: Purpose.REVIEW,
}
"""What people are notified of; that a condition is unknown is not among them."""


@dataclass(frozen=True, slots=True)
class SiteContext:
    """The site: its name, its time zone, and how an acknowledgement is typed there.

    ``links``: with them a notice holds a link to acknowledge in place of that. ``people``: names by id.
    """

    name: Text
    zone: ZoneInfo
    command: str = "facilityd ack"
    links: AlarmLinks | None = None
    people: Mapping[str, Text] = field(default_factory=dict)

    def called(self, person: str, language: Language) -> str:
        """Return what a reader calls who did something: the name where it is an id of the site's people."""
        return self.people[person].in_(language) if person in self.people else plain(person)


@dataclass(frozen=True, slots=True)
class AlarmContext:
    """What a change is about: the device's name, the rule's record, the family's signals.

    ``channel`` is the channel that the device stands for, if it stands for one. ``scope``: the devices that
    it is about, each with its family, by which people answer for it; none: it concerns everybody.
    """

    device: Text
    rule: Rule
    signals: Mapping[str, SignalWords]
    channel: str = ""
    scope: tuple[tuple[str, str], ...] = ()
    names: Mapping[str, Text] = field(default_factory=dict)
    """Of the devices in ``scope``."""
    rules: Mapping[tuple[str, str], Text] = field(default_factory=dict)
    """What every rule of the site is called, by device and rule."""


def render(
    change: Change,
    state: AlarmState,
    alarm_context: AlarmContext,
    place: SiteContext,
    language: Language,
    sparkline: Sparkline | None = None,
    person: str = "",
) -> tuple[str, str]:
    """Return (subject, body); ``state`` is the one after the change, ``sparkline`` what led to it.

    ``person``: the id of the recipient, for whom alone a link to acknowledge is.
    """
    fields = _fields(change, state, alarm_context, place, language)
    fields["ack"] = _answer(change, place, person, change.at)
    fields["plot"] = sparkline.text(language) if sparkline else ""
    return _filled(_template(change, state), fields, language)


def render_escalation(
    change: Change, state: AlarmState, alarm_context: AlarmContext, place: SiteContext,
    language: Language, at: int, people: Iterable[str], person: str = "",
) -> tuple[str, str]:  # fmt: skip
    """Return (subject, body) of an alarm that nobody has answered at an instant (ns UTC).

    ``change`` announced it, ``people`` are the names of those who were notified.
    """
    fields = _fields(change, state, alarm_context, place, language)
    raised = state.began if state.began is not None else change.at
    fields["people"] = texts().separator.in_(language).join(people)
    fields["lasted"] = format_span(max(0, at - raised) / NS, language)
    fields["ack"] = _answer(change, place, person, at)
    return _filled(Purpose.ESCALATED.value, fields, language)


def _filled(which: str, fields: Mapping[str, str], language: Language) -> tuple[str, str]:
    subject = headline(which, fields, language)
    lines = [
        unsaid(subject, fields["rule"]),
        *texts().body[which].in_(language).format(**fields).splitlines(),
    ]
    return subject, "\n".join(line.rstrip() for line in lines if line.strip())


def render_test(at: int, place: SiteContext, language: Language) -> tuple[str, str]:
    """Return (subject, body) of a test message."""
    fields = {"site": place.name.in_(language), "at": format_minute(at, place.zone)}
    body = texts().body["test"].in_(language).format(**fields).rstrip()
    return headline("test", fields, language), body


def _removed(state: AlarmState, place: SiteContext, language: Language) -> dict[str, str]:
    """Return who took an alarm out of service, under which ticket, and when its review was due."""
    fact = state.suppressed_by(Suppressor.OUT_OF_SERVICE)
    if fact is None:
        return {"remover": "", "removed": "", "review": "", "under": ""}
    review = format_minute(fact.until, place.zone) if fact.until else ""
    since = format_minute(fact.since, place.zone)
    return {
        "remover": place.called(fact.person, language),
        "removed": since,
        "review": review,
        "under": plain(fact.ticket),
    }


def _affected(change: Change, context: AlarmContext, language: Language) -> str:
    """Return which devices are blind because of it, and which of them were in alarm before."""
    names = {name: text.in_(language) for name, text in context.names.items()}
    blind = [names.get(one, one) for one in change.details.get("blind", ())]
    if not blind:
        return ""
    between, more = ("、", " 等") if language == "zh" else (", ", " …")
    shown = between.join(blind[:MOST_NAMES]) + (more if len(blind) > MOST_NAMES else "")
    known = change.details.get("in_alarm", ())[:MOST_NAMES]
    named = [_alarm(device, rule, names, context, language) for device, rule in known]
    which = "affected-in-alarm" if named else "affected"
    said = texts().affected[which].in_(language)
    return said.format(count=len(blind), devices=shown, alarms=between.join(named))


def _alarm(
    device: str, rule: str, names: Mapping[str, str], context: AlarmContext, language: Language
) -> str:
    """Return an alarm of a device as people call it; by its ids where nothing is known of it."""
    known = context.rules.get((device, rule))
    return texts().affected["alarm"].in_(language).format(
        device=names.get(device, device), rule=known.in_(language) if known else rule
    )  # fmt: skip


def _template(change: Change, state: AlarmState) -> str:
    if change.kind is ChangeKind.REALARM and change.details.get("expired"):
        return "still-on-it"
    if change.kind is ChangeKind.RAISE and change.details.get("worse_than"):
        return "worse"
    if change.kind is ChangeKind.UNSUPPRESS and change.details.get("eased_from"):
        return "eased"
    unseen = change.kind is ChangeKind.CLEAR and state.unsuppressed is AlarmStateName.RETURNED
    return "cleared-unseen" if unseen else _OWN.get(change.kind, PURPOSES[change.kind].value)


_OWN = {
    ChangeKind.SHELF_OVER: "shelf-over",
    ChangeKind.RETURN_TO_SERVICE: "returned",
    ChangeKind.STATE_OVER: "state-over",
    ChangeKind.SHELVE: "shelved",
    ChangeKind.OUT_OF_SERVICE: "removed",
}
"""The texts of changes that are told as another purpose's."""


def _fields(
    change: Change, state: AlarmState, alarm_context: AlarmContext, place: SiteContext, language: Language
) -> dict[str, str]:
    rule = alarm_context.rule
    raised = state.began if state.began is not None else change.at
    ended = state.cleared_at if change.kind is ChangeKind.RESET and state.cleared_at else change.at
    evidence = (
        EvidenceFormatter(alarm_context.signals, language, place.zone).evidence(change.evidence)
        if change.evidence
        else ""
    )
    return {
        "site": place.name.in_(language),
        **named(alarm_context.device, change.device, rule, language),
        "device_id": change.device,
        "evidence": plain(evidence, LONGEST, lines=True),
        "affected": plain(_affected(change, alarm_context, language), LONGEST),
        "first": rule.action[0].in_(language),
        "cause": rule.cause.in_(language),
        "consequence": rule.consequence.in_(language),
        "confirm": rule.confirm.in_(language),
        "respond": format_span(rule.respond / NS, language),
        "when": format_instant(raised, place.zone),
        "raised": format_minute(raised, place.zone),
        "at": format_minute(change.at, place.zone),
        "lasted": format_span(max(0, ended - raised) / NS, language),
        "occurrence": str(change.occurrence),
        "person": place.called(change.person, language),
        "until": format_minute(until, place.zone) if (until := change.details.get("until")) else "",
        "ticket": plain(str(change.details.get("ticket", ""))),
        **_removed(state, place, language),
        **_acknowledged(change, place, language),
        "comment": plain(change.comment),
        **_before(change, alarm_context, place, language),
        "state": texts().state[_state(change)].in_(language),
    }


def _before(change: Change, context: AlarmContext, place: SiteContext, language: Language) -> dict[str, str]:
    """Return of which alarm a change is the worsening, or what is left, and since when that was there."""
    how = "eased" if change.details.get("eased_from") else "worse"
    earlier = str(change.details.get("eased_from") or change.details.get("worse_than", ""))
    since = change.details.get(f"{how}_since")
    known = context.rules.get((change.device, earlier))
    return {
        "earlier": known.in_(language) if known else earlier,
        "since": format_minute(since, place.zone) if isinstance(since, int) else "",
    }


def _answer(change: Change, place: SiteContext, person: str, at: int) -> str:
    """Return how this person acknowledges: a link, or what they type."""
    if place.links and person:
        return place.links.acknowledge(change.device, change.rule, change.occurrence, person, at)
    return f"{place.command} {shlex.quote(change.device)} {shlex.quote(change.rule)}"


def _state(change: Change) -> str:
    """Return the state of the device that a change is about; any other change is about none."""
    state = str(change.details.get("state"))
    return state if state in texts().state else "maintenance"


def _acknowledged(change: Change, place: SiteContext, language: Language) -> dict[str, str]:
    """Return who had acknowledged it and when, of an acknowledgement that is too old."""
    at = change.details.get("acknowledged_at")
    return {
        "acknowledged_by": place.called(str(change.details.get("acknowledged_by", "")), language),
        "acknowledged_at": format_minute(at, place.zone) if isinstance(at, int) else "",
    }
