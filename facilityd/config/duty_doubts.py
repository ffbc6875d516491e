"""What a site may say of people and leaves somebody untold: warnings, each with its place and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from facilityd.config.sections import SectionEntry, Sections, doubled
from facilityd.config.site import Device, Site
from facilityd.detect.rule_inputs import needs
from facilityd.model.measure import spell_duration
from facilityd.model.message import Wording
from facilityd.model.people import NEXT_CHANNEL, DutyPlan
from facilityd.model.rule import Priority, Unreadable
from facilityd.model.sample import NS
from facilityd.model.settings import RecipientSettings
from facilityd.notify.hours import local_date
from facilityd.notify.roster import Roster, looks_after
from facilityd.notify.working_days import holidays_known
from facilityd.yaml_source import Problem

AHEAD_DAYS = 7
"""A rota, and hours of quiet, are looked through so far ahead."""


def duty_doubts(sections: Sections, site: Site) -> Iterator[Problem]:
    """Yield what is allowed and leaves somebody without a message or an answer."""
    now, roster = (
        int(datetime.now(UTC).timestamp()) * NS,
        Roster(list(site.recipients.values()), site.duty, ZoneInfo(site.timezone)),
    )
    yield from _rotas(sections, roster, now, site)
    yield from _escalation(sections, site)
    yield from _substitutes(sections, site)
    yield from _people(sections, site, roster, now)


def _rotas(sections: Sections, roster: Roster, now: int, site: Site) -> Iterator[Problem]:
    zone = ZoneInfo(site.timezone)
    for name, at in roster.gaps(now, AHEAD_DAYS):
        entry = sections.entries["rotas"][name]
        when = datetime.fromtimestamp(at // NS, zone).strftime("%Y-%m-%d %H:%M")
        what = Wording("config.nobody-on-duty-at-everybody", when=when)
        yield Problem(entry.location(key=True), what, Wording("config.add-shift"))
    until = local_date(now + AHEAD_DAYS * 86400 * NS, zone)
    if not holidays_known(until, site.duty.holidays):
        entry = sections.entries["site"]["site"]
        what = Wording("config.public-holidays-not-known-here", year=until.year)
        yield Problem(entry.location("holidays"), what, Wording("config.newer-chinesecalendar-has-them"))


def _escalation(sections: Sections, site: Site) -> Iterator[Problem]:
    entry, policy = sections.entries["escalation"].get("escalation"), site.duty.escalation
    if entry is None:
        return
    if not policy.steps and not policy.still_on_it:
        what = Wording("config.escalation-without-steps")
        yield Problem(entry.location(key=True), what, Wording("config.write-steps"))
    for step in policy.steps[-1:]:
        if step.to == (NEXT_CHANNEL,):
            what = Wording("config.last-step-after-tells-nobody", after=spell_duration(step.after))
            yield Problem(entry.location("steps"), what, Wording("config.end-with-supervisor"))
    more = any(len(one.channels) > 1 and not one.every_channel for one in site.recipients.values())
    for number, step in enumerate(policy.steps):
        if NEXT_CHANNEL in step.to and not more and site.recipients:
            what = Wording("config.nobody-has-a-next-channel")
            yield Problem(entry.location("steps", number, "to"), what, Wording("config.add-channel"))


def _substitutes(sections: Sections, site: Site) -> Iterator[Problem]:
    for entry, this in zip(sections.values("substitutes"), site.duty.substitutions, strict=True):
        by = site.recipients.get(this.by)
        person = site.recipients.get(this.person)
        if by and by.standby and person and not person.standby:
            what = Wording("config.substitute-on-standby", by=this.by, person=this.person)
            yield Problem(entry.location("by"), what, Wording("config.name-who-is-told"))
        for first in site.duty.substitutions:
            if first is this:
                break
            day = max(first.begin, this.begin)
            both = first.person == this.person and first.by != this.by
            if both and day < min(first.until, this.until):
                what = Wording(
                    "config.two-substitutes", person=this.person, day=day, by=first.by, other=this.by
                )
                yield Problem(entry.location("by"), what, Wording("config.let-one-end-before"))
                break


def _people(sections: Sections, site: Site, roster: Roster, now: int) -> Iterator[Problem]:
    named = _escalated_to(site.duty)
    for entry in sections.values("recipients"):
        person = site.recipients.get(entry.id)
        if person is None:
            continue
        if person.standby and person.id not in named:
            what = Wording("config.standby-for-nothing", person=person.id)
            yield Problem(entry.location("standby", key=True), what, Wording("config.name-in-a-step"))
        yield from _quiet(entry, person, roster, now)
        yield from _scope(entry, person, site.devices)
    people = list(sections.values("recipients"))
    same = [*doubled(people, lambda one: one.value.name.zh), *doubled(people, lambda one: one.value.name.en)]
    for entry, first in {entry.id: (entry, first) for entry, first in same}.values():
        what = Wording("config.person-has-this-name-too", first=first.id)
        yield Problem(entry.location("name"), what, Wording("config.give-each-name-its-own"))


def _escalated_to(plan: DutyPlan) -> frozenset[str]:
    """Return whom a step of the escalation reaches at some time: by name, by rota, in somebody's place."""
    steps = {name for step in plan.escalation.steps for name in step.to}
    names = steps | {name for rota in plan.rotas if rota.id in steps for name in rota.people}
    return frozenset(names | {one.by for one in plan.substitutions if one.person in names})


def _quiet(entry: SectionEntry, person: RecipientSettings, roster: Roster, now: int) -> Iterator[Problem]:
    """Yield where the hours of quiet of somebody never end: what waits for their end is told to nobody."""
    for priority in sorted(Priority, reverse=True):
        if roster.quiet_until(person, now, priority) - now > AHEAD_DAYS * 86400 * NS:
            what = Wording("config.always-quiet", person=person.id)
            yield Problem(entry.location("quiet_hours"), what, Wording("config.leave-hours-open"))
            return


def _scope(
    entry: SectionEntry, person: RecipientSettings, devices: Mapping[str, Device]
) -> Iterator[Problem]:
    """Yield where nothing that somebody answers for is ever as urgent as what they want to hear of."""
    if not (person.families or person.devices):
        return
    mine = [one for one in devices.values() if looks_after(person, ((one.id, one.family.family),))]
    if mine and not any(priority >= person.minimum for one in mine for priority in _priorities(one)):
        what = Wording("config.minimum-above-everything", person=person.id)
        yield Problem(entry.location("minimum"), what, Wording("config.write-lower-minimum"))


def _priorities(device: Device) -> Iterator[Priority]:
    """Yield the priorities of the rules that have their signals on a device."""
    bound = {signal for stream in device.streams for signal in stream.signals}
    for rule in device.family.rules.values():
        unseen = rule.detect.signals if isinstance(rule.detect, Unreadable) else ()
        if not bound.isdisjoint(unseen) if unseen else needs(rule, device.family) <= bound:
            yield rule.priority
