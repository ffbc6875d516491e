"""Limits that belong to the machine: a rule with one that nobody confirmed for this machine advises.

Why: docs/decisions/0076-assumed-limits.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from devices.family import Family
from facilityd.config.signed_limits import SignedLimits, limits_file, read_limits
from facilityd.config.site import Device, Site
from facilityd.model.rule import AdvisoryRule, Rule, may_explain, with_settings


class AdvisingFamilies:
    """Families as very machines have them; devices that are alike share one."""

    def __init__(self) -> None:
        self._made: dict[tuple[int, frozenset[str]], tuple[Family, Family]] = {}

    def on(self, device: Device) -> Device:
        """Return a device whose rules with an assumed limit advise, and explain nothing that is graver."""
        assumed = frozenset(rule for rule, _ in device.assumed)
        if not assumed:
            return device
        key = id(device.family), assumed  # kept beside what was made of it, so that the id stays its own
        if key not in self._made:
            self._made[key] = device.family, _advising(device.family, assumed)
        return replace(device, family=self._made[key][1])


def _advising(family: Family, assumed: frozenset[str]) -> Family:
    rules = {name: AdvisoryRule.of(r) if name in assumed else r for name, r in family.rules.items()}
    return family.model_copy(update={"rules": {name: _told_beside(r, rules) for name, r in rules.items()}})


def _told_beside(rule: Rule, rules: Mapping[str, Rule]) -> Rule:
    """Return the rule without causes that only advise, where it is graver than they are by now."""
    causes = tuple(name for name in rule.consequence_of if may_explain(rules[name], rule))
    return rule if causes == rule.consequence_of else rule.model_copy(update={"consequence_of": causes})


def confirmed(site: Site) -> tuple[Site, str]:
    """Return the site with the limits that were signed for it, and a warning where their file is wrong."""
    signed, warning = read_limits(limits_file(site.store.path))
    return with_signed_limits(site, signed), warning


def with_signed_limits(site: Site, signed: SignedLimits) -> Site:
    """Return the site with the limits that were signed; what its files set goes before them.

    What a device or its rule does not have, or what does not fit any more, is left out: it is assumed then.
    """
    if not signed:
        return site
    advising = AdvisingFamilies()
    devices = {
        name: advising.on(_signed(device, site.families[device.family.family], signed[name]))
        if name in signed
        else device
        for name, device in site.devices.items()
    }
    return replace(site, devices=devices)


def _signed(device: Device, family: Family, limits: Mapping[str, Mapping[str, Any]]) -> Device:
    settings = {name: dict(own) for name, own in device.settings.items()}
    for name, own in limits.items():
        settings[name] = {**own, **settings.get(name, {})}
    rules = dict(family.rules)
    for name, own in tuple(settings.items()):
        if name not in rules:
            del settings[name]
            continue
        with suppress(ValueError):
            rules[name] = with_settings(rules[name], own)
            continue
        del settings[name]
    return replace(device, family=device.family.model_copy(update={"rules": rules}), settings=settings)
