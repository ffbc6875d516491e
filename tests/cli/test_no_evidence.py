"""Nothing is called well for want of evidence, whichever command is asked."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from facilityd.app.builtin import DAEMON, all_devices
from facilityd.cli.main import facilityd
from facilityd.config.load import load
from facilityd.config.site import Site
from facilityd.errors import UsageError
from facilityd.model.finding import Evidence, Finding
from facilityd.model.readiness import CheckedItem, ItemOutcome
from facilityd.model.sample import Sample
from facilityd.query.readiness import verdict_of
from facilityd.scenario.load import load as load_story
from facilityd.scenario.run import Options, perform
from facilityd.store.batch import FindingRecord
from facilityd.store.findings import FindingWrite
from facilityd.store.journal import Journal
from facilityd.store.meta import MetaWrite
from facilityd.store.samples import SampleWrite

YARD = """\
site: {id: yard, name: {zh: 院子, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
store: {path: journal.db}
links: {net: {protocol: modbus-tcp, host: 127.0.0.1, port: 1}}
units: {contacts: {link: net, profile: moxa_iologik_e1212, device_id: 1, period: 30s}}
devices:
  fire: {family: contact, name: {zh: 火灾报警, en: Fire panel}, signals: {active: contacts.input_0}}
"""
STORY = """\
scenario: quiet
name: {zh: 无事, en: Nothing}
site: square
only: [weather, fountain-1, hoist-1]
start: 2026-06-10T10:00
duration: 3min
expect: ["EXPECTED"]
"""


@pytest.fixture
def yard(tmp_path: Path) -> Site:
    (tmp_path / "site.yaml").write_text(YARD, encoding="utf-8")
    return load(tmp_path)


def _journal(site: Site) -> Journal:
    return Journal.open(Path(site.store.path), max_bytes=2**26, max_age=10**18, site="yard")


def _say(journal: Journal, site: Site, verdict: bool | None, slug: str, rule: str = "silent") -> None:
    """Let the daemon have said a word of itself, and a rule one of the fire contact, just now."""
    now = time.time_ns()
    stream = all_devices(site)[DAEMON].streams[0]
    finding = Finding("fire", rule, verdict, now, now, Evidence(slug, names={"units": ("contacts",)}))
    sample = Sample(stream, now, now, (0,) * len(stream.signals))
    journal.commit([SampleWrite([sample]), FindingWrite([FindingRecord(finding)])])


def _run(*words: str) -> Any:
    return CliRunner().invoke(facilityd, list(words))


def test_no_alarms_says_so_where_nothing_was_judged_or_cannot_be(yard: Site) -> None:
    with _journal(yard) as journal:
        assert "no alarms: no rule has been judged yet" in _run("alarms", yard.source).output
        _say(journal, yard, None, "unknown-link")
        assert "没有报警：尚未判断任何规则" in _run("alarms", yard.source, "--lang", "zh").output
        _say(journal, yard, False, "silence-over", "down")
        # The journal has no such rule here; another that is right makes the rest a matter of count.
        _say(journal, yard, False, "clear-is", "active")
        told = _run("alarms", yard.source, "--json")
    assert json.loads(told.stdout) == []
    assert told.exit_code == 0


def test_rules_of_a_daemon_that_stopped_are_not_right(yard: Site) -> None:
    with _journal(yard) as journal:
        _say(journal, yard, False, "silence-over")
        running = json.loads(_run("rules", yard.source, "fire", "--json").stdout)
        journal.commit([MetaWrite({"findings-before": "1"})])
        restarted = json.loads(_run("rules", yard.source, "fire", "--json").stdout)
    stopped = _run("rules", yard.source, "fire", "--json")
    states = [
        next(line["state"] for line in told if line["rule"] == "silent")
        for told in (running, restarted, json.loads(stopped.stdout))
    ]
    assert states == ["healthy", "not judged yet", "not judged yet"]
    assert "NOT RUNNING" in stopped.stderr
    assert "监测程序未运行" in _run("rules", yard.source, "fire", "--lang", "zh").stdout.splitlines()[0]


def test_no_baseline_is_said_and_none_is_neither_exported_nor_taken_over(yard: Site, tmp_path: Path) -> None:
    with _journal(yard):
        assert "no baselines: no rule that is learned can be judged" in _run("baselines", yard.source).output
        exported = _run("baselines", yard.source, "--export", str(tmp_path / "b.json"))
        (tmp_path / "none.json").write_text("[]", encoding="utf-8")
        imported = _run("baselines", yard.source, "--import", str(tmp_path / "none.json"))
    assert isinstance(exported.exception, UsageError)
    assert isinstance(imported.exception, UsageError)
    assert not (tmp_path / "b.json").exists()


def test_a_back_test_without_data_says_that_it_says_nothing(yard: Site) -> None:
    with _journal(yard):
        told = _run("backtest", yard.source, "--rule", "silent", "--since", "1d")
    assert told.exit_code == 0
    assert "nothing of fire is stored in this span" in told.output


def test_a_checklist_of_which_nothing_is_fitted_is_not_ready() -> None:
    def verdict(*found: ItemOutcome) -> str:
        return verdict_of([CheckedItem("x", one, {}) for one in found])

    assert verdict(ItemOutcome.ABSENT, ItemOutcome.ABSENT) == "unknown"
    assert verdict() == "unknown"
    assert verdict(ItemOutcome.ABSENT, ItemOutcome.PASS) == "pass"
    assert verdict(ItemOutcome.PASS, ItemOutcome.UNKNOWN) == "unknown"


def test_a_folder_without_stories_does_not_pass(tmp_path: Path) -> None:
    told = _run("simulate", "run", str(tmp_path))
    assert isinstance(told.exception, UsageError)
    assert "no scenario" in str(told.exception)


@pytest.mark.parametrize(
    ("expected", "ok", "words"),
    [
        ("no alarm", True, "none was told"),
        ("no alarm on fountain-1", True, "none was told"),
        ("no alarm rise-time on hoist-1", False, "no run has been timed yet"),
        ("history of wind on weather has no gap", True, "there is no gap"),
    ],
)
def test_a_story_is_not_told_well_of_what_was_never_judged(
    tmp_path: Path, expected: str, ok: bool, words: str
) -> None:
    path = tmp_path / "quiet.yaml"
    path.write_text(STORY.replace("EXPECTED", expected), encoding="utf-8")
    load_story(path)
    result = perform(path, Options())
    assert not result.error, result.error
    (check_result,) = result.check_results
    assert (check_result.ok, words in check_result.happened) == (ok, True), check_result.happened
