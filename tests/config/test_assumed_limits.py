"""A limit that nobody confirmed for this machine advises: nobody is notified, nothing graver hides behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.site import SQUARE, make_square

from devices.tables import families
from facilityd.app.commission import FitPeriod, fit_rules
from facilityd.config.load import load
from facilityd.config.machine_limits import AdvisingFamilies
from facilityd.config.site import Device
from facilityd.model.rule import AdvisoryRule, Priority, Rule, may_explain
from facilityd.model.sample import NS, Stream
from facilityd.notify.alertmanager import alerts
from facilityd.notify.render import AlarmContext
from facilityd.query.alarm_log import AlarmLog
from facilityd.query.rules import rule_rows
from facilityd.scenario.subset import subset
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.reader import JournalReader

START = 1_780_315_200 * NS  # 2026-06-01 20:00 on the square
PUMP = "fountain-2"
OWN = "      level-low: {below: 0.6}\n      level-jumps: {faster: 0.001}\n"
"""Level-jumps calls the sensor false, and would keep level-low from being judged at all."""


def square(folder: Path, *, confirmed: bool) -> Path:
    """Return the demo square's files, with or without the level that somebody confirmed for its pumps."""
    made = make_square(folder, hurry=False)
    level, jumps = OWN.splitlines(keepends=True)
    gone = jumps if confirmed else level + jumps
    made.edit("fountain.yaml", lambda text: text.replace(gone, ""))
    return made.folder


@pytest.fixture(scope="module")
def low_water(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VirtualRuntime]:
    """A pump whose level is too low by a limit that nobody confirmed, for ten minutes and then no more."""
    folder = square(tmp_path_factory.mktemp("files") / "square", confirmed=False)
    site = replace(subset(load(folder), (PUMP,)), source=str(tmp_path_factory.mktemp("empty")))
    with VirtualRuntime(site, tmp_path_factory.mktemp("journal"), start=START) as runtime:
        runtime.until(START + 600 * NS)
        runtime.fault(PUMP, "level-wrong", -0.8, ramp=0, duration=600)
        runtime.until(START + 2400 * NS)
        yield runtime


def test_it_is_on_the_list_and_nobody_is_notified(low_water: VirtualRuntime) -> None:
    with JournalReader.open(low_water.journal) as reader:
        [raised] = [
            s for s in reader.changes() if s.change.rule == "level-low" and s.change.kind.value == "raise"
        ]
        log = AlarmLog.of(reader.alarm_log(low_water.now))
    assert raised.priority == "info"
    assert not [one for one in low_water.mailbox.taken if one.rule == "level-low"]
    assert [one for one in log.occurrences if one.rule == "level-low"]
    assert not [one for one in log.annunciations if one.rule == "level-low"], "advice is no alarm in figures"


def test_the_same_limit_confirmed_in_the_file_is_told(tmp_path: Path) -> None:
    site = subset(load(square(tmp_path / "square", confirmed=True)), (PUMP,))
    with VirtualRuntime(site, tmp_path, start=START) as runtime:
        runtime.fault(PUMP, "level-wrong", -0.8, ramp=0)
        runtime.until(START + 900 * NS)
        assert {one.priority for one in runtime.mailbox.taken if one.rule == "level-low"} == {Priority.MEDIUM}


def test_it_is_no_reason_to_refuse_a_baseline(low_water: VirtualRuntime) -> None:
    with JournalReader.open(low_water.journal) as reader:
        results = fit_rules(low_water.site, PUMP, [FitPeriod(reader, START, low_water.now)])
    assert results
    assert "unfit-alarm" not in {one.refused for one in results}


def test_an_alertmanager_does_not_hear_of_it(low_water: VirtualRuntime) -> None:
    device = low_water.site.devices[PUMP]
    with JournalReader.open(low_water.journal) as reader:
        [state] = [one for one in reader.alarms() if one.rule == "level-low"]
    ended = state.cleared_at or 0

    def posted(rule: Rule) -> list[dict[str, Any]]:
        context = AlarmContext(device.name, rule, device.family.signals)
        return alerts([state], {(state.device, state.rule): context}, "square", ended, 60 * NS)

    assert posted(device.family.rules["level-low"]) == []
    assert len(posted(families()["fountain"].rules["level-low"])) == 1


def test_the_list_of_rules_says_so(low_water: VirtualRuntime) -> None:
    rows = {row.name: row for row in rule_rows(low_water.site, [PUMP], low_water.now)}
    assert rows["level-low"].plain()["priority"] == "info"
    assert rows["level-low"].assumed == {"below": 0.6}
    assert rows["leakage"].plain()["priority"] == "critical"


@pytest.mark.parametrize("family", ["fountain", "hoist", "flagpole"])
def test_nothing_graver_hides_behind_an_assumption(family: str) -> None:
    one = families()[family]
    every = replace(_device(family), streams=())
    device = AdvisingFamilies().on(replace(every, streams=_all_bound(every)))
    advises = {name for name, rule in device.family.rules.items() if isinstance(rule, AdvisoryRule)}
    assert advises == {name for name, rule in one.rules.items() if rule.machine}
    for rule in device.family.rules.values():
        assert all(may_explain(device.family.rules[cause], rule) for cause in rule.consequence_of)
        assert not (isinstance(rule, AdvisoryRule) and rule.doubts), "it calls no sensor false either"
    assert one.rules == families()[family].rules, "the family is as it was"


def test_what_a_standard_says_is_not_assumed() -> None:
    for family, names in {
        "fountain": ("leakage", "leakage-raised", "flood", "vibration-high"),
        "lighting": ("leakage", "pole-live", "voltage-high"),
        "hoist": ("over-travel", "emergency-stop", "brake-stays-open", "slack-rope", "drive-trip"),
    }.items():
        assert not [n for n in names if families()[family].rules[n].machine]


def test_devices_that_are_alike_share_one_family(tmp_path: Path) -> None:
    made = make_square(tmp_path / "square")
    made.edit("fountain.yaml", lambda text: text.replace(OWN, ""))
    devices = load(made.folder).devices
    assert devices["fountain-3"].family.rules["level-low"].priority is Priority.INFO
    plain = AdvisingFamilies()
    pumps = [replace(_device("fountain"), id=name, streams=_all_bound(_device("fountain"))) for name in "ab"]
    assert plain.on(pumps[0]).family is plain.on(pumps[1]).family


def _device(family: str) -> Device:
    square_devices = load(SQUARE).devices.values()
    found = next(one for one in square_devices if one.family.family == family)
    return replace(found, family=families()[family], settings={})


def _all_bound(device: Device) -> tuple[Stream]:
    names = tuple(device.family.signals)
    types = tuple(device.family.signals[name].type for name in names)
    return (Stream(device.id, device.family.family, "unit", "link", names, types, NS),)
