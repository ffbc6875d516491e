"""The site's groups as alarms see them, and what is written down of each."""

from __future__ import annotations

from collections.abc import Mapping

from facilityd.alarm.groups import CauseGroup, GroupedAlarms
from facilityd.config.groups import members_of
from facilityd.config.site import Device, Site, SiteGroup
from facilityd.model.group import LOST, group_name
from facilityd.model.rule import Rule, may_explain
from facilityd.model.sample import Value

HOLD_SHARE = 5
"""A member is held for a fifth of the time within which a person must act on it, at the most."""


def cause_groups(site: Site, devices: Mapping[str, Device]) -> list[CauseGroup]:
    """Return the groups of a site."""
    return [_compiled(group, devices) for group in site.groups.values()]


def _compiled(group: SiteGroup, devices: Mapping[str, Device]) -> CauseGroup:
    own = {(group_name(group.id), LOST)} if group.least else set()
    causes = {key for key in (*group.causes, *own) if key[0] in devices}
    rules = {key: devices[key[0]].family.rules[key[1]] for key in members_of(group, devices)}
    graver = [devices[d].family.rules[r] for d, r in causes]
    held = {
        key: min(group.within, rule.respond // HOLD_SHARE)
        for key, rule in rules.items()
        if key not in causes and _explained(rule, graver)
    }
    return CauseGroup(group.id, frozenset(causes), held, group.within, group.least)


def _explained(rule: Rule, causes: list[Rule]) -> bool:
    """Return whether every cause may explain it: nothing graver hides behind something lesser."""
    return all(may_explain(cause, rule) for cause in causes)


def group_values(alarms: GroupedAlarms) -> dict[str, dict[str, Value | None]]:
    """Return by device that stands for a group its signals, of those that report by themselves."""
    found = [(group, alarms.lost(group)) for group in alarms.groups if group.least]
    return {
        group_name(group.id): {"lost": len(lost) >= _enough(group, alarms), "missing": len(lost)}
        for group, lost in found
    }


def _enough(group: CauseGroup, alarms: GroupedAlarms) -> int:
    """Return how many must be lost: once it stands, more than half of them, as they come back one by one."""
    stands = alarms.state(group_name(group.id), LOST).active
    return group.least // 2 + 1 if stands else group.least
