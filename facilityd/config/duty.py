"""Rotas, substitutes and escalation, compiled; every name in them is held against the people of the site."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from facilityd.config.people_schema import (
    EscalationConfig,
    MorningConfig,
    ProofOfLifeConfig,
    QuietConfig,
    RotaConfig,
    ShiftConfig,
)
from facilityd.config.sections import SectionEntry, Sections, resolve_secret
from facilityd.model.message import Wording
from facilityd.model.people import (
    NEXT_CHANNEL,
    AlertmanagerSettings,
    DutyPlan,
    EscalationPolicy,
    EscalationStep,
    Hours,
    MorningSettings,
    ProofOfLife,
    QuietHours,
    Rota,
    Shift,
    Substitution,
)
from facilityd.model.plain import url_secrets
from facilityd.model.regular import read_regular
from facilityd.model.rule import Priority
from facilityd.model.settings import RecipientSettings
from facilityd.notify.rota_calendar import LONGEST, RotaUnusable, named, summaries
from facilityd.yaml_source import Key, SourceLocation, suggestion


def compile_quiet(value: QuietConfig) -> QuietHours:
    """Return quiet hours."""
    return QuietHours(Hours(value.from_, value.until, frozenset(value.days)), Priority[value.least.upper()])


def compile_morning(value: MorningConfig | None) -> MorningSettings | None:
    """Return when somebody gets the morning's digest, None where they do not want it."""
    if value is None:
        return None
    return MorningSettings(value.at, value.since, frozenset(value.days), value.when_quiet)


def compile_duty(sections: Sections, recipients: Mapping[str, RecipientSettings], holidays: str) -> DutyPlan:
    """Return who is notified when; report every name that nobody bears."""
    rotas = tuple(_rota(entry, sections, recipients) for entry in sections.values("rotas"))
    _check_scopes(sections)
    for entry in sections.values("rotas"):
        if entry.id in recipients:
            what = Wording("config.id-person-too", entry=entry.id)
            sections.report(entry.location(key=True), what, Wording("config.rename"))
    for entry in (*sections.values("rotas"), *sections.values("recipients")):
        if entry.id == NEXT_CHANNEL:
            what = Wording("config.id-means-next-channel", entry=entry.id)
            sections.report(entry.location(key=True), what, Wording("config.rename"))
    substitutions = _substitutions(sections)
    return DutyPlan(rotas, substitutions, _escalation(sections), holidays, _proof(sections),
        tuple(_alertmanager(entry, sections) for entry in sections.values("alertmanagers")),
    )  # fmt: skip


def _alertmanager(entry: SectionEntry, sections: Sections) -> AlertmanagerSettings:
    value = entry.value
    token = resolve_secret(sections, entry.location("token"), value.token)
    return AlertmanagerSettings(entry.id, value.url, value.every, token)


def _proof(sections: Sections) -> ProofOfLife:
    entry = sections.entries["proof_of_life"].get("proof_of_life")
    if entry is None:
        return ProofOfLife()
    value: ProofOfLifeConfig = entry.value
    if value.heartbeat:
        sections.resolved |= url_secrets(value.heartbeat)
    return ProofOfLife(value.test_message, frozenset(value.days), value.heartbeat, value.every)


def _check_scopes(sections: Sections) -> None:
    """Report what people answer for and is not there."""
    known = {"devices": sections.known_ids("devices")}
    known["families"] = {one.value.family for one in sections.values("devices")}
    for entry in sections.values("recipients"):
        for kind, there in known.items():
            for number, name in enumerate(getattr(entry.value, kind)):
                if name not in there and not sections.unread and not sections.broken["devices"]:
                    slug = "config.no-device-of-site" if kind == "devices" else "config.no-family-of-site"
                    what = Wording(slug, name=name)
                    sections.report(entry.location(kind, number), what, suggestion(name, there))


def _rota(entry: SectionEntry, sections: Sections, recipients: Mapping[str, RecipientSettings]) -> Rota:
    value: RotaConfig = entry.value
    for number, shift in enumerate(value.shifts):
        _check_people(sections, entry, ("shifts", number, "people"), shift.people)
    shifts = tuple(_shift(shift) for shift in value.shifts)
    text = _ical(entry, sections) if value.ical else ""
    people = frozenset(name for shift in shifts for name in shift.people)
    if text:
        people |= _named_in(text, entry, sections, recipients)
    return Rota(entry.id, shifts, text, people)


def _shift(value: ShiftConfig) -> Shift:
    hours = Hours(value.from_, value.until, frozenset(value.days))
    return Shift(hours, value.people, value.turn_days, value.start)


def _ical(entry: SectionEntry, sections: Sections) -> str:
    """Return the text of the file beside the one that names it."""
    path = entry.beside(entry.value.ical)
    sections.beside.append(path)
    try:
        text = read_regular(path, LONGEST).decode("utf-8-sig")
        summaries(text)
    except RotaUnusable as event:
        sections.report(SourceLocation(str(path), event.line), event.why, event.hint)
        return ""
    except (OSError, ValueError) as error:
        why = Wording("config.no-ical-file")
        if isinstance(error, OSError):
            why = Wording("config.cannot-read", strerror=error.strerror)
        sections.report(
            entry.location("ical"),
            Wording("config.path-says", path=path, why=why),
            Wording("config.ics-file-with-event-for"),
        )
        return ""
    return text


def _named_in(
    text: str, entry: SectionEntry, sections: Sections, recipients: Mapping[str, RecipientSettings]
) -> frozenset[str]:
    names = {
        name.casefold(): one.id for one in recipients.values() for name in (one.id, one.name.zh, one.name.en)
    }
    people: frozenset[str] = frozenset()
    for summary in sorted(summaries(text)):
        found = named(summary, names)
        if not found and not sections.broken["recipients"]:
            what = Wording("config.event-calendar-names-nobody", summary=summary[:40])
            sections.report(entry.location("ical"), what, Wording("config.its-summary-id-or-name"))
        people |= found
    return people


def _substitutions(sections: Sections) -> tuple[Substitution, ...]:
    """Return who stands in for whom; a circle on one day would leave nobody."""
    found: list[Substitution] = []
    for entry in sections.values("substitutes"):
        this = _substitution(entry, sections)
        circle = _circle(this, found)
        if len(circle) == 1:
            what = Wording("config.stand-in-for-each-other", person=this.person, by=this.by)
            sections.report(entry.location("by"), what, Wording("config.name-who-is-there"))
        elif circle:
            people = [this.person, *(one.person for one in circle)]
            what = Wording("config.stand-in-in-a-circle", people=people)
            sections.report(entry.location("by"), what, Wording("config.name-who-is-there"))
        found.append(this)
    return tuple(found)


def _circle(this: Substitution, others: Sequence[Substitution]) -> tuple[Substitution, ...]:
    """Return the others by which, on one day, somebody would stand in for themselves; or none."""
    ways: list[tuple[Substitution, ...]] = [(one,) for one in others if one.person == this.by]
    while ways:
        way = ways.pop()
        begin, until = max(one.begin for one in (this, *way)), min(one.until for one in (this, *way))
        if begin >= until:
            continue
        if way[-1].by == this.person:
            return way
        ways += [(*way, one) for one in others if one.person == way[-1].by and one not in way]
    return ()


def _substitution(entry: SectionEntry, sections: Sections) -> Substitution:
    value = entry.value
    for key in ("person", "by"):
        _check_people(sections, entry, (key,), [getattr(value, key)])
    if value.person == value.by:
        what = Wording("config.stands-in-for-themselves", person=value.person)
        sections.report(entry.location("by"), what, Wording("config.name-who-is-there"))
    if value.until <= value.from_:
        sections.report(
            entry.location("until"),
            Wording("config.this-ends-before-begins"),
            Wording("config.until-day-after"),
        )
    return Substitution(value.person, value.by, value.from_, value.until)


def _escalation(sections: Sections) -> EscalationPolicy:
    entry = sections.entries["escalation"].get("escalation")
    if entry is None:
        return EscalationPolicy()
    value: EscalationConfig = entry.value
    also = {NEXT_CHANNEL, *sections.known_ids("rotas")}
    for number, step in enumerate(value.steps):
        _check_people(sections, entry, ("steps", number, "to"), step.to, also)
        if number and step.after <= value.steps[number - 1].after:
            sections.report(
                entry.location("steps", number, "after"), Wording("config.each-step-comes-later-than")
            )
    steps = tuple(EscalationStep(step.after, step.to) for step in value.steps)
    asked = {Priority[name.upper()]: wait for name, wait in value.still_on_it if wait is not None}
    return EscalationPolicy(Priority[value.least.upper()], steps, asked)


def _check_people(
    sections: Sections, entry: SectionEntry, path: tuple[Key, ...], names: Iterable[str],
    also: Iterable[str] = (),
) -> None:  # fmt: skip
    known = sections.known_ids("recipients") | set(also)
    for name in names:
        if name not in known and not sections.unread:
            sections.report(
                entry.location(*path), Wording("config.nobody-id", name=name), suggestion(name, known)
            )
