"""Whatever was changed in a site: after a reload everything is as after a start with the new one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.rule_harness import bound_streams, device_rules, rule_instances

from devices.unit import ModbusLink
from facilityd.app.builtin import all_devices
from facilityd.app.calendar import SiteCalendar
from facilityd.app.ceremony import Ceremonies
from facilityd.app.engine import fresh_engine, reconfigure
from facilityd.config.difference import SiteChanges, compare, moved, rebound
from facilityd.config.load import load
from facilityd.config.site import Device, Site
from facilityd.detect.engine import RuleEngine
from facilityd.detect.resume import Past
from facilityd.detect.unreadable import UnreadableDetector
from facilityd.model.finding import Finding
from facilityd.model.rule import with_settings as with_parameters
from facilityd.model.sample import NS, Sample, SignalType, Stream
from facilityd.scenario.load import square
from facilityd.scenario.subset import subset

START = 1_781_100_000 * NS
EDITS = ("gone", "on-delay", "period", "unbound", "rescaled", "regrouped", "renamed", "relinked", "neighbour")


@cache
def whole() -> Site:
    return load(square())


NAMES = sorted(whole().devices)
sites = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True)
edits = st.lists(st.tuples(st.sampled_from(EDITS), st.integers(0, 1000)), max_size=4)


def edited(site: Site, kind: str, chance: int) -> Site:
    """Return a site as somebody has edited it: one thing, chosen by ``chance``."""
    devices = [one for one in site.devices.values() if one.streams]
    device = devices[chance % len(devices)]
    match kind:
        case "gone":
            left = [name for name in site.devices if name != device.id]
            return subset(site, left) if left else site
        case "on-delay":
            return _with(site, _slower(device, chance))
        case "renamed":
            return _with(site, replace(device, name=site.name))
        case "regrouped":
            return _with(site, replace(device, group=f"row-{chance % 3}"))
        case "neighbour":
            return subset(whole(), {*site.devices, NAMES[chance % len(NAMES)]})
    return _relinked(site) if kind == "relinked" else _rewired(site, device, kind, chance)


def _relinked(site: Site) -> Site:
    link = next(iter(site.links.values()))
    other = replace(link, port=link.port + 1) if isinstance(link, ModbusLink) else link
    return replace(site, links={**site.links, link.id: other})


def _with(site: Site, device: Device) -> Site:
    return replace(site, devices={**site.devices, device.id: device})


def _slower(device: Device, chance: int) -> Device:
    rules = [name for name, rule in device.family.rules.items() if hasattr(rule.detect, "on_delay")]
    name = rules[chance % len(rules)]
    rule = with_parameters(device.family.rules[name], {"on_delay": f"{21 + chance % 80}s"})
    family = device.family.model_copy(update={"rules": {**device.family.rules, name: rule}})
    return replace(device, family=family, settings={name: {"on_delay": f"{21 + chance % 80}s"}})


def _rewired(site: Site, device: Device, kind: str, chance: int) -> Site:
    """Return a site in which one stream of a device has another layout, period or scale."""
    old = device.streams[chance % len(device.streams)]
    keep = slice(0, -1 if kind == "unbound" and len(old.signals) > 1 else None)
    longer = old.expected * (2 if kind == "period" else 1)
    new = replace(old, signals=old.signals[keep], types=old.types[keep], expected=longer)
    unit = site.units[old.unit]
    bindings = tuple(
        replace(one, stream=new, scale=one.scale * (3 if kind == "rescaled" else 1))
        if one.stream == old
        else one
        for one in unit.bindings
        if one.stream != old or one.slot < len(new.signals)
    )
    streams = tuple(new if one == old else one for one in unit.streams)
    other = replace(unit, streams=streams, bindings=bindings)
    mine = tuple(new if one == old else one for one in device.streams)
    return replace(_with(site, replace(device, streams=mine)), units={**site.units, unit.id: other})


def changed(site: Site, how: list[tuple[str, int]]) -> Site:
    for kind, chance in how:
        site = edited(site, kind, chance)
    return site


def become(engine: RuleEngine, old: Site, new: Site, past: list[Sample] | None = None, now: int = 0) -> None:
    """Let an engine follow as a reload does."""
    calendar = SiteCalendar(Ceremonies.of(new), new.timezone)
    found = Past(now or START, samples=past or [], rebound=rebound(old, new), moved=moved(old, new))
    reconfigure(engine, all_devices(new), calendar, (), new.units.values(), found)


def configuration(engine: RuleEngine) -> dict[str, Any]:
    """Return everything that an engine is made of, without what it has seen."""
    return {device: _device(rules) for device, rules in device_rules(engine).items()}


def _device(rules: Any) -> dict[str, Any]:
    state = rules.device_state
    return {
        "signals": {one.signal: (one.measure, one.expected) for one in state.signal_states.values()},
        "units": [(one.unit, one.expected, one.owner, one.serves) for one in state.availabilities],
        "modes": list(state.states.items()),
        "peers": [peer.device for peer in state.peers],
        "missing": rules.missing,
        "rules": [_instance(one) for one in rules.instances],
        "streams": {
            stream: (
                [one.signal for one in binding.signal_states],
                binding.availability.unit,
                [one.rule for one in binding.instances],
                binding.device_state is state and binding.device_rules is rules,
                all(state.signal_states[one.signal] is one for one in binding.signal_states),
            )
            for stream, binding in rules.bindings.items()
        },
    }


def _instance(one: Any) -> tuple[Any, ...]:
    detector = one.detector
    delay = getattr(detector, "delay", getattr(detector, "_delay", None))
    signs = detector.signs if isinstance(detector, UnreadableDetector) else ()
    return (
        one.rule, type(detector), one.patience, [cause.rule for cause in one.causes], one.wait, one.grace,
        one.reports_each_occasion, (delay.on, delay.off, delay.patience) if delay else None,
        [(s.signal, s.point, [(c.device, c.rule) for c in s.covered_by]) for s in signs],
    )  # fmt: skip


@given(names=sites, first=edits, then=edits)
@settings(max_examples=30, deadline=None)
def test_after_a_change_an_engine_is_as_after_a_start(
    names: list[str], first: list[tuple[str, int]], then: list[tuple[str, int]]
) -> None:
    old = changed(subset(whole(), names), first)
    new = changed(old, then)
    engine = fresh_engine(old)
    become(engine, old, new)
    assert configuration(engine) == configuration(fresh_engine(new))
    assert bound_streams(engine) == bound_streams(fresh_engine(new))


def story(site: Site, seed: int, steps: int = 15) -> Iterator[Sample]:
    """Yield a wild half hour: values far up and down, some of them bad."""
    dice = random.Random(seed)
    streams = [stream for device in site.devices.values() for stream in device.streams]
    at = START
    for _ in range(steps):
        at += dice.randrange(1, 40) * NS
        for stream in streams:
            if dice.random() < 0.8:
                yield Sample(stream, at, at, tuple(_value(kind, dice) for kind in stream.types))


def _value(kind: SignalType, dice: random.Random) -> Any:
    if kind is SignalType.BOOL:
        return dice.random() < 0.5
    if kind is SignalType.TEXT:
        return "word"
    number = dice.choice([0.0, 0.1, 5.0, 60.0, 1e4]) * dice.choice([1, 1, -1])
    return number if kind is SignalType.FLOAT else int(number)


def played(engine: RuleEngine, samples: list[Sample], cut: int, change: Any = None) -> list[Finding]:
    """Return what an engine finds; ``change`` happens to it before the ``cut``-th sample."""
    found: list[Finding] = []
    for number, sample in enumerate(samples):
        if number == cut and change:
            change(samples[:cut], sample.steady)
        found += engine.evaluate([sample])
        found += engine.tick(sample.steady, sample.at)
    return found


@given(names=sites, seed=st.integers(0, 10_000), cut=st.floats(0, 1))
@settings(max_examples=10, deadline=None)
def test_the_same_site_again_loses_nothing(names: list[str], seed: int, cut: float) -> None:
    site = subset(whole(), names)
    samples = list(story(site, seed))
    at = int(cut * (len(samples) - 1)) if samples else 0
    engine, twin = fresh_engine(site), fresh_engine(site)

    def reload(past: list[Sample], now: int) -> None:
        before, kept = engine.checkpoint(), [id(one) for one in rule_instances(engine)]
        become(engine, site, subset(load(square()), names), past, now)
        assert engine.checkpoint() == before
        assert [id(one) for one in rule_instances(engine)] == kept

    assert played(engine, samples, at, reload) == played(twin, samples, at)


@given(names=sites, seed=st.integers(0, 10_000), cut=st.floats(0, 1), how=edits)
@example(names=["avenue-east"], seed=0, cut=1.0, how=[("rescaled", 0)])
@settings(max_examples=15, deadline=None)
def test_devices_that_are_not_concerned_notice_nothing(
    names: list[str], seed: int, cut: float, how: list[tuple[str, int]]
) -> None:
    old = subset(whole(), names)
    new = changed(old, how)
    samples = list(story(old, seed))
    at = int(cut * (len(samples) - 1)) if samples else 0
    engine, twin = fresh_engine(old), fresh_engine(old)
    found = played(engine, samples, at, lambda past, now: become(engine, old, new, past, now))
    concerned = _concerned(old, new)
    untouched = [name for name in old.devices if name not in concerned]
    undisturbed = played(twin, samples, at)
    for name in untouched:
        assert [one for one in found if one.device == name] == [
            one for one in undisturbed if one.device == name
        ]


def _concerned(old: Site, new: Site) -> set[str]:
    """Return the devices that differ, those that share a unit with one, and the neighbours of one.

    A device with a signal that is bound otherwise begins anew: it differs, though only its unit says so.
    """
    known, made = all_devices(old), all_devices(new)
    found = {name for name in {*known, *made} if known.get(name) != made.get(name)}
    units = {stream.unit for one in found for site in (known, made) for stream in _streams(site, one)}
    units |= moved(old, new)
    found |= {device for device, _ in rebound(old, new)}
    families = {site[one].family.family for one in found for site in (known, made) if one in site}
    return found | {
        device.id
        for device in known.values()
        if device.family.family in families or any(stream.unit in units for stream in device.streams)
    }


def _streams(devices: dict[str, Device], name: str) -> tuple[Stream, ...]:
    return devices[name].streams if name in devices else ()


@given(names=sites, how=edits)
@settings(max_examples=15, deadline=None)
def test_what_is_told_of_a_change_is_what_has_changed(names: list[str], how: list[tuple[str, int]]) -> None:
    old = subset(whole(), names)
    new = changed(old, how)
    told = compare(old, new)
    assert not compare(old, old)
    assert SiteChanges.from_plain(told.plain()).plain() == told.plain()
    back = compare(new, old)
    for name, one in told.sections.items():
        mirrored = back.sections[name]
        assert (set(one.added), set(one.removed)) == (set(mirrored.removed), set(mirrored.added))
        assert set(one.changed) == set(mirrored.changed)
    assert bool(told) == (old != new)
