"""Section ``groups``: devices with a common cause, of which one alarm stands for all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from facilityd.config.sections import SectionEntry, Sections
from facilityd.config.site import Device, Site, SiteGroup
from facilityd.model.message import Wording
from facilityd.model.rule import Rule, Silence, Unreadable
from facilityd.yaml_source import suggestion


def compile_groups(site: Site, sections: Sections) -> dict[str, SiteGroup]:
    """Return the groups; what does not fit the site's devices is reported."""
    return {entry.id: _group(entry, site, sections) for entry in sections.values("groups")}


def _group(entry: SectionEntry, site: Site, sections: Sections) -> SiteGroup:
    value = entry.value
    known: dict[str, Mapping[str, object]] = {n: one.family.rules for n, one in site.devices.items()}
    known |= {f"link-{link}": site.families["link"].rules for link in site.links}
    for number, member in enumerate(value.members):
        if member not in known:
            what = Wording("config.group-no-device", member=member)
            sections.report(entry.location("members", number), what, suggestion(member, known))
        elif member in value.members[:number]:
            sections.report(entry.location("members", number), Wording("config.group-twice", member=member))
    mine = {rule for member in value.members for rule in known.get(member, ())}
    for number, rule in enumerate(value.rules):
        if mine and rule not in mine:
            what = Wording("config.group-no-rule", rule=rule)
            sections.report(entry.location("rules", number), what, suggestion(rule, mine))
    causes = [_cause(entry, number, known, sections) for number in range(len(value.causes))]
    least = 0 if value.causes and value.least is None else value.least or len(value.members)
    if least > len(value.members):
        what = Wording("config.group-least", least=least, members=len(value.members))
        sections.report(entry.location("least"), what)
    named = tuple(one for one in causes if one)
    return SiteGroup(entry.id, value.name, value.members, value.rules, named, least, value.within)


def _cause(
    entry: SectionEntry, number: int, known: Mapping[str, Mapping[str, object]], sections: Sections
) -> tuple[str, str] | None:
    """Return an alarm as (device, rule); None where there is no such thing, which is reported."""
    text, where = entry.value.causes[number], entry.location("causes", number)
    device, dot, rule = text.partition(".")
    if not dot or device not in known:
        sections.report(where, Wording("config.group-no-alarm", text=text), suggestion(device, known))
    elif rule not in known[device]:
        what = Wording("config.group-cause-no-rule", device=device, rule=rule)
        sections.report(where, what, suggestion(rule, known[device]))
    elif device in entry.value.members and rule in entry.value.rules:
        sections.report(where, Wording("config.group-own-cause", device=device, rule=rule))
    else:
        return device, rule
    return None


def members_of(group: SiteGroup, devices: Mapping[str, Device]) -> Iterable[tuple[str, str]]:
    """Yield the alarms that a group explains, as (device, rule)."""
    for member in dict.fromkeys(group.members):
        for name, rule in devices[member].family.rules.items() if member in devices else ():
            if name in group.rules if group.rules else _tells_of_loss(devices[member], rule):
                yield member, name


def _tells_of_loss(device: Device, rule: Rule) -> bool:
    """Return whether a rule tells that its device cannot be reached or has no supply."""
    reach = isinstance(rule.detect, Silence | Unreadable) or device.family.family == "link"
    return reach or rule.without_supply
