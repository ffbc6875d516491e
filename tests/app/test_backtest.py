"""A back-test plays the very rules: unchanged they find what was found then, changed they answer 'what if'."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.tables import families
from facilityd.app.backtest import Backtest, BacktestResult
from facilityd.app.replay import AlarmSpan
from facilityd.model.alarm import ChangeKind
from facilityd.model.marks import Marking, OperatorMark
from facilityd.model.rule_parameters import dump, override
from facilityd.model.sample import NS
from facilityd.scenario.load import LoadedScenario, load
from facilityd.scenario.run import Options, perform
from facilityd.store.journal import Journal
from facilityd.store.marks import MarkRevocation, MarkWrite
from facilityd.store.reader import JournalReader

STORIES = ("h07-jam", "f04-strainer", "l09-leaks", "pole-h04-brake")
SCENARIOS = Path("simulators/scenarios/faults")
SLACK = 2 * NS


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[LoadedScenario, Path]]:
    """Some shipped stories and the journals they leave."""
    kept = tmp_path_factory.mktemp("kept")
    for name in STORIES:
        assert perform(SCENARIOS / f"{name}.yaml", Options(keep=str(kept))).ok
    return {name: (load(SCENARIOS / f"{name}.yaml"), kept / name / "journal.db") for name in STORIES}


def _raised(reader: JournalReader, script: LoadedScenario) -> list[tuple[str, str]]:
    found = {(s.change.device, s.change.rule) for s in reader.changes() if s.change.kind is ChangeKind.RAISE}
    return sorted(pair for pair in found if pair[0] in script.site.devices)


def _test(script: LoadedScenario, reader: JournalReader, rule: str, since: int = 0, **more: Any) -> Backtest:
    end = script.start + script.scenario.duration
    return Backtest(script.site, reader, rule, since or script.start, end, **more)


@pytest.mark.parametrize("name", STORIES)
def test_an_unchanged_rule_finds_what_was_found_then(stories, name: str) -> None:
    script, journal = stories[name]
    with JournalReader.open(journal) as reader:
        pairs = _raised(reader, script)
        assert pairs
        for device, rule in pairs:
            result = _test(script, reader, rule).run(device)
            assert result.same == len(result.then) == len(result.now) > 0
            for then, now in zip(result.then, result.now, strict=True):
                assert abs(then.since - now.since) <= SLACK
                assert then.cause == now.cause


@settings(max_examples=15, deadline=None)
@given(share=st.floats(0.0, 0.99))
def test_cut_anywhere_it_still_finds_the_same(stories, share: float) -> None:
    script, journal = stories["f04-strainer"]
    since = script.start + round(share * script.scenario.duration)
    with JournalReader.open(journal) as reader:
        for device, rule in _raised(reader, script):
            result = _test(script, reader, rule, since).run(device)
            assert [s.cause for s in result.then] == [s.cause for s in result.now]
            assert result.same == len(result.now)


def test_another_limit_answers_what_if(stories) -> None:
    script, journal = stories["h07-jam"]
    with JournalReader.open(journal) as reader:
        blunt = _test(script, reader, "rope-overload", settings={"all.0.above": "5000"}).run("hoist-1")
        assert (len(blunt.then), len(blunt.now), blunt.same) == (1, 0, 0)
        assert blunt.only_then == blunt.then
        keen = _test(script, reader, "rope-overload", settings={"on_delay": "60s"}).run("hoist-1")
        assert keen.now[0].since - keen.then[0].since > 50 * NS


def test_an_hour_without_the_daemon_raises_nothing(simulated_site, tmp_path: Path) -> None:
    site = simulated_site("square", only=["fountain-1"], start="2026-06-10T10:01")
    site.advance("20min")
    site.restart(down=3600)
    site.advance("20min")
    now = round(site.now.timestamp() * NS)
    with JournalReader.open(site.journal) as reader:
        rules = site.site.devices["fountain-1"].family.rules
        for rule in ("silent", "runs-dry"):
            assert rule in rules
            result = Backtest(site.site, reader, rule, now - 7200 * NS, now).run("fountain-1")
            assert result.samples > 50
            assert (result.then, result.now) == ((), ())


def _mark(number: int, kind: Marking, since: int, until: int, fault: str = "") -> OperatorMark:
    return OperatorMark(number, 0, "hoist-1", kind, since * NS, until * NS, fault, "", "Li Na")


def test_alarms_are_held_against_the_marks() -> None:
    marks = (
        _mark(1, Marking.INCIDENT, 100, 200, "H7"),  # found, 20 s late
        _mark(2, Marking.INCIDENT, 300, 400, "H7"),  # missed
        _mark(3, Marking.INCIDENT, 500, 600, "H1"),  # another fault: neither found nor missed, nor false
        _mark(4, Marking.HEALTHY, 700, 4300),  # an hour
    )
    now = (
        AlarmSpan(120 * NS, 150 * NS, None),
        AlarmSpan(510 * NS, 520 * NS, None),
        AlarmSpan(710 * NS, None, None),
    )
    result = BacktestResult("hoist-1", "jam", 0, 5000 * NS, (), now, marks)
    score = result.score(now, "H7")
    assert (score.found, [m.id for m in score.missed], score.delays) == (1, [2], (20 * NS,))
    assert (score.false, score.in_healthy, score.healthy) == ((now[2],), 1, 3600 * NS)
    assert result.score([replace(now[2], cause="trip")], "H7").false == (), "a consequence is told to nobody"


def _rules() -> Iterator[Any]:
    for family in families(None).values():
        for name, rule in family.rules.items():
            yield pytest.param(rule.detect, id=f"{family.family}-{name}")


@pytest.mark.parametrize("detect", list(_rules()))
def test_a_rule_written_out_reads_the_same(detect: Any) -> None:
    assert override(detect, {}) == detect
    assert type(detect).model_validate(dump(detect)) == detect


@pytest.mark.parametrize(
    ("settings_", "why"),
    [
        ({"abov": "1"}, "no parameter 'abov'; there are: .*above"),
        ({"above": "much"}, "above: .*number"),
        ({"on_delay": "5"}, "on_delay: a duration is a number with"),
        ({"when.3.above": "1"}, "no parameter 'when.3.above'"),
        ({"kind": "rate"}, "no parameter 'kind'"),
    ],
)
def test_a_parameter_that_does_not_fit_is_named(settings_: dict[str, str], why: str) -> None:
    detect = families(None)["hoist"].rules["motor-hot"].detect
    with pytest.raises(ValueError, match=why):
        override(detect, settings_)


def test_marks_are_kept_when_taken_back(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "j.db", max_bytes=2**24, max_age=10**15) as journal:
        journal.commit([MarkWrite([_mark(0, Marking.INCIDENT, 1, 2), _mark(0, Marking.HEALTHY, 3, 4)])])
        with JournalReader.open(journal.path) as reader:
            first, second = reader.marks()
            journal.commit([MarkRevocation([replace(first, revoked=9)])])
            assert reader.marks() == [second]
            assert reader.marks(revoked=True) == [replace(first, revoked=9), second]
