"""Limits that belong to the machine: set in the site file, checked with their place, told where assumed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.site import SQUARE, make_square, unconfirmed

from devices.tables import families
from facilityd.app.engine import fresh_engine
from facilityd.cli.check import check
from facilityd.cli.rules import rules
from facilityd.config.load import load
from facilityd.errors import ConfigError
from facilityd.model.rule import Limit
from facilityd.model.sample import NS, Sample, SignalType, Stream


def test_a_limit_of_the_site_is_that_machines_alone(tmp_path: Path) -> None:
    made = make_square(tmp_path / "square")
    own = "  pole-2:\n    rules: {supply-low: {below: 400, on_delay: 1s}}\n"
    made.edit("poles.yaml", lambda text: text.replace("  pole-2:\n", own, 1))
    site, shipped = load(made.folder), families(None)["flagpole"].rules["supply-low"].detect
    second, third = (site.devices[name].family.rules["supply-low"].detect for name in ("pole-2", "pole-3"))
    assert isinstance(second, Limit)
    assert (second.below, second.on_delay) == (400, 10**9)
    assert second.hysteresis == shipped.hysteresis
    assert third == shipped
    source = [site.devices[name].streams[0] for name in ("pole-2", "pole-3")]
    engine, found = fresh_engine(site), []
    for second in range(20):
        found += engine.evaluate([_at_415_volts(stream, second) for stream in source])
    raised = {f.device for f in found if f.rule == "supply-low" and f.verdict}
    assert raised == {"pole-3"}, "415 V is below the family's limit, and not below this machine's"


def _at_415_volts(stream: Stream, second: int) -> Sample:
    kinds = {SignalType.BOOL: False, SignalType.INT: 0, SignalType.FLOAT: 0.0}
    values = tuple(
        415.0 if n == "dc_link_voltage" else kinds[t]
        for n, t in zip(stream.signals, stream.types, strict=True)
    )
    return Sample(stream, second * NS, second * NS, values, {})


def test_a_limit_that_is_set_is_not_assumed(tmp_path: Path) -> None:
    made = make_square(tmp_path / "square")
    unconfirmed(made)
    assert ("jam", "above") in load(made.folder).devices["pole-1"].assumed
    made.edit(
        "poles.yaml",
        lambda text: text.replace("  pole-1:\n", "  pole-1:\n    rules: {jam: {above: 80}}\n", 1),
    )
    assert ("jam", "above") not in load(made.folder).devices["pole-1"].assumed


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("{jamm: {above: 80}}", "family flagpole has no rule 'jamm'; did you mean 'jam'"),
        ("{jam: {abov: 80}}", "rule jam: no parameter 'abov'; there are: signal, above"),
        ("{jam: {above: much}}", "rule jam: above: "),
        ("{jam: {on_delay: 5}}", "rule jam: on_delay: a duration is a number with"),
        (
            "{jam: {on_delay: 300d}}",
            "rule jam: on_delay 300d is longer than the 15min within which a person must act",
        ),
    ],
)
def test_a_slip_has_its_place(tmp_path: Path, written: str, why: str) -> None:
    made = make_square(tmp_path / "square")
    made.edit("poles.yaml", lambda text: text.replace("  pole-2:\n", f"  pole-2:\n    rules: {written}\n", 1))
    with pytest.raises(ConfigError) as wrong:
        load(made.folder)
    [problem] = wrong.value.problems
    assert why in problem
    line = made.folder.joinpath("poles.yaml").read_text().splitlines().index(f"    rules: {written}") + 1
    assert f"poles.yaml:{line}:" in problem


def test_what_is_assumed_is_told(tmp_path: Path) -> None:
    assert [device.id for device in load(SQUARE).devices.values() if device.assumed] == []
    made = make_square(tmp_path / "square")
    unconfirmed(made)
    site = load(made.folder)
    assert ("runs-dry", "all.0.below") in site.devices["fountain-1"].assumed
    told = json.loads(CliRunner().invoke(check, [str(made.folder), "--json"]).output)
    assert told["assumed"] == sum(len(d.assumed) + len(d.assumed_items) for d in site.devices.values()) > 0
    said = CliRunner().invoke(check, [str(made.folder), "--lang", "en"]).output
    assert "such alarms only advise, and nobody is notified" in " ".join(said.split())
    shown = CliRunner().invoke(rules, [str(made.folder), "pole-1"]).output
    assert "[assumed limit: motor torque above 45 %]" in shown
    shown = CliRunner().invoke(rules, [str(made.folder), "fountain-1"]).output
    assert "power below 110 W (at speed 1000 rpm; with its cube)" in " ".join(shown.split())
    assert "all.0" not in shown
    assert "假定限值" in CliRunner().invoke(rules, [str(made.folder), "pole-1", "--lang", "zh"]).output


def test_every_machine_parameter_is_there() -> None:
    named = [
        (f.family, name, p) for f in families(None).values() for name, r in f.rules.items() for p in r.machine
    ]
    assert len(named) >= 25


def test_a_limit_of_the_checklist_is_that_machines_too(tmp_path: Path) -> None:
    made = make_square(tmp_path / "square")
    own = "      wind: {any_of.0.0.below: 10.8}\n"
    made.edit("hoist.yaml", lambda text: text.replace(own, "      wind: {any_of.0.0.below: 8}\n"))
    site = load(made.folder)
    wind = site.devices["hoist-1"].family.readiness["wind"]
    assert wind.bounds("wind") == (("below", 8.0),)
    assert families(None)["hoist"].readiness["wind"].bounds("wind") == (("below", 10.8),)
    assert site.devices["hoist-1"].assumed_items == ()
    made.edit("hoist.yaml", lambda text: text.replace("      wind: {any_of.0.0.below: 8}\n", ""))
    assert load(made.folder).devices["hoist-1"].assumed_items == (("wind", "any_of.0.0.below"),)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("{windy: {any_of.0.0.below: 8}}", "family hoist has no checklist item 'windy'; did you mean 'wind'"),
        ("{wind: {below: 8}}", "checklist item wind: no parameter 'below'; there are: name, any_of"),
        ("{wind: {any_of.0.0.below: strong}}", "checklist item wind: any_of.0.0.below: "),
    ],
)
def test_a_slip_in_the_checklist_has_its_place(tmp_path: Path, written: str, why: str) -> None:
    made = make_square(tmp_path / "square")
    text = made.folder.joinpath("hoist.yaml").read_text()
    begin = text.index("    readiness:")
    made.edit("hoist.yaml", lambda _: f"{text[:begin]}    readiness: {written}\n")
    with pytest.raises(ConfigError) as wrong:
        load(made.folder)
    [problem] = wrong.value.problems
    assert why in problem
    line = text[:begin].count("\n") + 1
    assert f"hoist.yaml:{line}:" in problem
