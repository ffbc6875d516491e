"""facilityd rules: how every rule of a device stands, and what a site would have to fit for the others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.site import SQUARE

from facilityd.cli.rules import rules
from facilityd.config.load import load
from facilityd.errors import UsageError
from facilityd.query.rules import RuleStatus, rule_rows


def test_how_rules_stand_in_a_story(simulated_site) -> None:
    square = simulated_site("square", only=["bridges", "lantern-1", "weather"], start="2026-06-10T21:00")
    square.advance("10min")
    square.fault("bridges", "L1")
    square.wait_for_alarm("L1", on="bridges", within="12min")
    now = round(square.now.timestamp()) * 10**9
    found = {line.name: line for line in rule_rows(square.site, ["bridges"], now)}
    failed = found["lamp-failed"]
    assert failed.standing is RuleStatus.WRONG
    assert failed.since is not None
    assert failed.text("en").startswith("The lamp has failed")
    assert found["dark"].standing is RuleStatus.RIGHT
    lacking = found["leakage"]
    assert (lacking.standing, lacking.missing) == (RuleStatus.UNFITTED, ("leakage",))
    assert (lacking.text("zh"), lacking.text("en")) == ("缺少：剩余电流", "needs: Residual current")
    assert found["end-of-life"].since is None
    later = {line.name: line for line in rule_rows(square.site, ["bridges"], now + 3600 * 10**9)}
    assert later["lamp-failed"].standing is RuleStatus.WRONG, "a stop hides nothing that is wrong"
    assert later["dark"].standing is RuleStatus.UNJUDGED, "what was right then says nothing of now"
    assert later["dark"].since is None


def test_before_the_first_run_nothing_was_judged() -> None:
    result = CliRunner().invoke(rules, [str(SQUARE), "gate-base", "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.output)
    assert {line["state"] for line in told} <= {"not judged yet", "not applicable", "needs commissioning"}
    by_name = {line["rule"]: line for line in told}
    assert by_name["end-of-life"]["kind"] == "trend"
    assert by_name["lantern-hot"]["missing"] == ["temperature"]


def test_every_rule_of_every_device_in_both_languages() -> None:
    site = load(SQUARE)
    rows = rule_rows(site, site.devices)
    assert len(rows) == sum(len(device.family.rules) for device in site.devices.values())
    for lang, word in (("zh", "不适用"), ("en", "not applicable")):
        result = CliRunner().invoke(rules, [str(SQUARE), "--lang", lang])
        assert result.exit_code == 0, result.output
        assert word in result.output


def test_a_misspelt_device_is_told_which_one_was_meant(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no device 'gate-bas'"):
        CliRunner().invoke(rules, [str(SQUARE), "gate-bas"], catch_exceptions=False)
    assert not list(tmp_path.iterdir())
