"""A running daemon whose site changes: what tests of reloading ask of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from facilityd.config.load import load
from facilityd.config.site import Site
from facilityd.model.alarm import ChangeKind
from facilityd.model.command_record import CommandRecord
from facilityd.model.rule import Rule
from facilityd.model.rule import with_settings as with_parameters
from facilityd.model.sample import NS
from facilityd.scenario.load import square
from facilityd.scenario.subset import subset
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.reader import JournalReader

NIGHT = 1_781_100_000 * NS
SITE = subset(load(square()), ("gate-base", "fire-gate", "fountain-1"))
Samples = dict[str, list[int]]


def without(site: Site, *gone: str) -> Site:
    """Return a site as its files would be without some devices: their units feed nothing any more."""
    return subset(site, [name for name in site.devices if name not in gone])


def with_rule(site: Site, device: str, rule: str, change: Callable[[Rule], Rule]) -> Site:
    """Return a site whose files say otherwise of one rule of a device."""
    old = site.devices[device]
    rules = {**old.family.rules, rule: change(old.family.rules[rule])}
    new = replace(old, family=old.family.model_copy(update={"rules": rules}), settings={rule: {"x": 1}})
    return replace(site, devices={**site.devices, device: new})


def rescaled(site: Site, device: str, signal: str) -> Site:
    """Return a site whose files scale a signal otherwise: only its unit differs, the device is equal."""
    units = {
        name: replace(
            unit,
            bindings=tuple(
                replace(one, scale=one.scale * 3)
                if (one.stream.device, one.stream.signals[one.slot]) == (device, signal)
                else one
                for one in unit.bindings
            ),
        )
        for name, unit in site.units.items()
    }
    return replace(site, units=units)


def longer(seconds: int) -> Callable[[Rule], Rule]:
    return lambda rule: with_parameters(rule, {"on_delay": f"{seconds}s"})


def read_at(journal: Path) -> Samples:
    """Return when each unit was read, ns."""
    found: Samples = {}
    with JournalReader.open(journal) as reader:
        for row in reader.samples_after(0, 1_000_000):
            found.setdefault(reader.stream(row.stream).unit, []).append(row.at)
    return found


def changes(journal: Path, device: str) -> list[tuple[str, ChangeKind]]:
    with JournalReader.open(journal) as reader:
        return [(one.change.rule, one.change.kind) for one in reader.changes() if one.change.device == device]


def state(journal: Path, device: str, rule: str) -> Any:
    with JournalReader.open(journal) as reader:
        return next((one for one in reader.alarms() if (one.device, one.rule) == (device, rule)), None)


def longest_gap(instants: list[int], since: int) -> float:
    """Return the longest time between two readings after an instant, s."""
    late = [at for at in instants if at >= since]
    return max(after - before for before, after in pairwise(late)) / NS


def recorded_reloads(runtime: VirtualRuntime) -> list[CommandRecord]:
    with JournalReader.open(runtime.journal) as reader:
        return [one for one in reader.commands() if one.kind == "reload"]
