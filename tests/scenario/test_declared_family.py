"""The rules of a family beside a site are tried by a scenario, with what the family says of its signals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from support.water_meter import write_water_site

from devices.family import Family
from facilityd.cli.main import facilityd
from simulators.physics.base import Model
from simulators.physics.declared import declared
from simulators.physics.world import World

NS = 1_000_000_000
FAMILY = """\
family: water
name: {zh: 水表, en: Water meter}
signals:
  volume: {unit: m³, decimals: 1, name: {zh: 累计水量, en: Volume}}
  flow: {unit: m³/h, range: [0, 60], decimals: 1, name: {zh: 流量, en: Flow}}
  shut: {type: bool, name: {zh: 阀门关闭, en: Valve shut}}
simulate:
  flow: {rest: 2, swing: 1.5, peak: 8, faults: {burst: {name: {zh: 爆管, en: A burst}, add: 25, ramp: 1min},
         stuck: {name: {zh: 卡住, en: Stuck}, stuck: true}}}
  volume: {rest: 1200, counts: flow}
  shut: {rest: 0}
rules:
  burst:
    detect: {kind: limit, signal: flow, above: 20, hysteresis: 2, on_delay: 2min}
    name: {zh: 补水流量过大, en: Make-up flow too high}
    cause: {zh: 水管破裂, en: A burst pipe}
    consequence: {zh: 漏水, en: Water is lost}
    action: [{zh: 关闭补水阀, en: Close the make-up valve}]
    confirm: {zh: 查看水表, en: Look at the meter}
    respond: 30min
    at_stake: asset
"""
STORY = """\
scenario: burst
name: {zh: 爆管, en: A burst}
site: yard
start: 2026-06-10T09:58
duration: 20min
timeline: [{at: 5min, on: make-up, fault: FAULT}]
expect:
  - EXPECTED
  - no other alarm
"""


def _play(folder: Path, fault: str, expected: str) -> tuple[int, str]:
    write_water_site(folder / "yard", FAMILY, "10s")
    story = STORY.replace("FAULT", fault).replace("EXPECTED", expected)
    (folder / "burst.yaml").write_text(story, encoding="utf-8")
    done = CliRunner().invoke(facilityd, ["simulate", "run", str(folder / "burst.yaml"), "--lang", "en"])
    return done.exit_code, done.output + str(done.exception or "")


def test_a_declared_fault_raises_the_familys_alarm(tmp_path: Path) -> None:
    code, said = _play(tmp_path, "burst", "alarm burst on make-up within 5min")
    assert code == 0, said


def test_a_story_in_which_it_is_not_raised_does_not_pass(tmp_path: Path) -> None:
    code, said = _play(tmp_path, "stuck", "alarm burst on make-up within 5min")
    assert code == 1, said


def test_a_fault_that_the_family_does_not_name_is_refused_with_those_it_does(tmp_path: Path) -> None:
    code, said = _play(tmp_path, "leak", "no other alarm")
    assert code == 2, "as for a shipped family: the file is wrong, not the site"
    assert "burst" in said
    assert "stuck" in said


def _family(**simulate: Any) -> Family:
    told = yaml.safe_load(FAMILY)
    return Family.model_validate(told | ({"simulate": simulate} if simulate else {}))


def _model() -> tuple[Model, World]:
    world = World(39.9, 116.4, "Asia/Shanghai", 1_781_000_000 * NS)
    kind = declared(_family())
    assert kind is not None
    model = kind("make-up", 1)
    model.now = world.now
    return model, world


def _after(model: Model, world: World, seconds: float) -> dict[str, Any]:
    world.advance(seconds)
    model.advance(world)
    return dict(model.read())


def test_a_day_follows_its_curve_and_the_total_what_flowed() -> None:
    model, world = _model()
    day = [_after(model, world, 3600.0) for _ in range(24)]
    flows = [seen["flow"] for seen in day]
    assert min(flows) == pytest.approx(0.5, abs=0.1)
    assert max(flows) == pytest.approx(3.5, abs=0.1)
    assert day[-1]["volume"] - 1200 == pytest.approx(48.0, rel=0.01), "two an hour over a day"
    assert day[0]["shut"] is False


def test_a_fault_grows_over_its_ramp() -> None:
    model, world = _model()
    calm = _after(model, world, 60.0)["flow"]
    model.inject("burst", onset=world.now)
    half = _after(model, world, 30.0)["flow"]
    assert half - calm == pytest.approx(12.5, abs=0.5)
    assert _after(model, world, 300.0)["flow"] - calm == pytest.approx(25.0, abs=0.5)


def test_a_stuck_meter_stays_where_it_was() -> None:
    model, world = _model()
    before = _after(model, world, 3600.0)["flow"]
    model.fault("stuck")
    assert _after(model, world, 6 * 3600.0)["flow"] == before
    model.fault("stuck", 0.0)
    assert _after(model, world, 60.0)["flow"] != before


@pytest.mark.parametrize(
    ("simulate", "said"),
    [
        ({"flwo": {}}, "names flwo"),
        ({"volume": {"counts": "flow"}}, "volume counts flow"),
        ({"flow": {"faults": {"a": {"name": {"zh": "甲", "en": "a"}}}},
          "shut": {"faults": {"a": {"name": {"zh": "甲", "en": "a"}}}}}, "'a' stands twice"),
        ({"flow": {}, "volume": {"counts": "flow", "faults": {"a": {"name": {"zh": "甲", "en": "a"}, "add": 1}}}},
         "can only be stuck"),
        ({"flow": {"peak": 24}}, "less than 24"),
    ],
)  # fmt: skip
def test_a_slip_is_told(simulate: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        _family(**simulate)


def test_a_family_that_says_nothing_has_no_model() -> None:
    told = yaml.safe_load(FAMILY)
    del told["simulate"]
    assert declared(Family.model_validate(told)) is None
