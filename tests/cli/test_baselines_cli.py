"""baselines compared and carried over, services, and what commission shows of its readings."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from support.site import SQUARE, SiteFolder, make_square

from facilityd.app.baseline_file import NAME, read, write
from facilityd.app.commission import FitPeriod, FitResult, fit_rules
from facilityd.cli.baselines import baselines
from facilityd.cli.commission import commission
from facilityd.cli.fit_report import bars, plot, progress
from facilityd.cli.service import service
from facilityd.config.load import load
from facilityd.detect.residual_fit import watched
from facilityd.errors import ConfigError, UsageError
from facilityd.model.baseline import HealthyReading
from facilityd.model.marks import Marking
from facilityd.model.sample import NS
from facilityd.scenario.real_runtime import _write
from facilityd.scenario.subset import subset
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.journal import Journal
from facilityd.store.learning import BaselineWrite
from facilityd.store.reader import JournalReader

START = 1_780_315_200 * NS  # 2026-06-01 20:00 on the square
BY_HOUR = ("power-low-by-hour", "power-high-by-hour")
"""Learned from a week and more, which is another story."""
PUMP, RULE = "fountain-1", "flow-low"


def _shipped(device: str = "") -> list[Any]:
    return [b for b in read(SQUARE / NAME) if device in ("", b.device)]


@pytest.fixture
def made(tmp_path: Path) -> SiteFolder:
    """The square with a journal that holds two versions of one baseline."""
    made = make_square(tmp_path / "square")
    made.journal.parent.mkdir(parents=True, exist_ok=True)
    first = _shipped("avenue-east")[0]
    second = replace(first, version=2, data={**first.data, "sigma": first.data["sigma"] * 2}, person="Li Na")
    with Journal.open(made.journal, max_bytes=2**26, max_age=10**18) as journal:
        journal.commit([BaselineWrite([first])])
        journal.commit([BaselineWrite([second])])
    return made


def _ask(made: SiteFolder, *words: str) -> Result:
    return CliRunner().invoke(baselines, [str(made.folder), *words])


def test_two_versions_are_compared_number_by_number(made: SiteFolder) -> None:
    rule = _shipped("avenue-east")[0].rule
    [line] = json.loads(_ask(made, "avenue-east", "--diff", rule, "--json").stdout)
    assert (line["name"], line["change"]) == ("sigma", "+100.0%")
    shown = _ask(made, "avenue-east", "--diff", rule, "--versions", "2", "1").output
    assert "version 2" in shown
    assert "-50.0%" in shown
    assert "the same" in _ask(made, "avenue-east", "--diff", rule, "--versions", "1", "1").output


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--diff", "power-high"], "--diff needs a device"),
        (["avenue-east", "--diff", "power-hi"], "no baseline of 'power-hi'"),
        (["avenue-east", "--diff", "power-high", "--versions", "1", "7"], "has no version 7"),
        (["avenue-eats"], "no device 'avenue-eats'"),
    ],
)
def test_a_slip_in_a_comparison_is_named(made: SiteFolder, words: list[str], why: str) -> None:
    done = _ask(made, *words)
    assert isinstance(done.exception, UsageError)
    assert why in str(done.exception)


def test_a_file_that_does_not_fit_the_site_is_refused_entry_by_entry(
    made: SiteFolder, tmp_path: Path
) -> None:
    good, *_ = _shipped("avenue-east")
    odd = [good, replace(good, device="moon"), replace(good, rule="dark"), replace(good, data={"sigma": 1.0})]
    write(tmp_path / "odd.json", odd)
    done = _ask(made, "--import", str(tmp_path / "odd.json"))
    assert isinstance(done.exception, ConfigError)
    said = "\n".join(done.exception.problems)
    assert "entry 2: moon has no learned rule" in said
    assert "entry 3: avenue-east has no learned rule 'dark'" in said
    assert "entry 4" in said
    assert "lacks coefficients, ranges" in said
    assert "entry 1" not in said


def _meanwhile(runtime: VirtualRuntime, work: Callable[[], Result]) -> Result:
    """Run a command in a thread while the simulated daemon lives: little, the command needs the processor too."""
    done: list[Result] = []
    thread = threading.Thread(target=lambda: done.append(work()))
    thread.start()
    while thread.is_alive():
        thread.join(0.05)
        runtime.until(runtime.now + 2 * NS)
    return done[0]


def test_what_is_imported_is_judged_by_and_a_service_ends_it(tmp_path: Path) -> None:
    made = make_square(tmp_path / "square", hurry=False)
    site = replace(subset(load(made.folder), ("avenue-east",)), source=str(tmp_path / "nothing-beside-it"))
    write(tmp_path / "some.json", _shipped("avenue-east"))
    with VirtualRuntime(site, made.journal.parent, start=START) as runtime:
        runtime.until(START + 300 * NS)
        done = _meanwhile(
            runtime, lambda: _ask(made, "--import", str(tmp_path / "some.json"), "--by", "Wang Wei")
        )
        assert "2 baselines taken over, signed by Wang Wei" in done.output, done.exception
        runtime.until(runtime.now + 3600 * NS)
        with JournalReader.open(made.journal) as reader:
            assert {(b.device, b.person) for b in reader.baselines()} == {("avenue-east", "Wang Wei")}
            assert "unknown-unlearned" not in _slugs(reader)
        words = [str(made.folder), "avenue-east", "--all", "--by", "Li Na", "--reason", "new lamps"]
        done = _meanwhile(runtime, lambda: CliRunner().invoke(service, words))
        assert "serviced by Li Na; " in done.output, done.exception
        runtime.until(runtime.now + 3600 * NS)
        with JournalReader.open(made.journal) as reader:
            assert reader.baselines() == []
            assert len(reader.baselines(retired=True)) == 2
            assert "unknown-unlearned" in _slugs(reader)
            [mark] = reader.marks()
            assert (mark.kind, mark.person) == (Marking.SERVICE, "Li Na")
            assert mark.note.startswith("new lamps (")
        runtime.restart()
        runtime.until(runtime.now + 3600 * NS)
        with JournalReader.open(made.journal) as reader:
            assert reader.baselines() == []


def _slugs(reader: JournalReader) -> set[str]:
    found = (s.finding for s in reader.verdicts())
    return {f.evidence.slug for f in found if f.device == "avenue-east" and f.rule not in BY_HOUR}


def test_a_day_is_learned_and_signed_with_the_daemon_running(tmp_path: Path) -> None:
    made = make_square(tmp_path / "square", hurry=False)
    whole = load(made.folder)
    site = replace(subset(whole, ("avenue-east",)), source=str(tmp_path / "nothing-beside-it"))
    with VirtualRuntime(site, made.journal.parent, start=START) as runtime:
        runtime.until(START + 26 * 3600 * NS)
        words = [str(made.folder), "avenue-east", "--since", "2026-06-01", "--until", "2026-06-04"]
        done = _meanwhile(runtime, lambda: CliRunner().invoke(commission, [*words, "--yes", "--by", "Li Na"]))
        assert "2 rules learned, signed by Li Na" in done.output, done.exception
        assert "[████████████████████] 100%  lit:" in done.output
        runtime.until(runtime.now + 600 * NS)
        with JournalReader.open(made.journal) as reader:
            assert {(b.rule, b.version, b.person) for b in reader.baselines()} == {
                ("power-high", 1, "Li Na"),
                ("power-low", 1, "Li Na"),
            }
            assert "unknown-unlearned" not in _slugs(reader)


@pytest.mark.parametrize(
    ("trouble", "slug"), [("clock", "unfit-alarm"), ("silent", "unfit-bad"), ("none", "unfit-spread")]
)
def test_unhealthy_history_teaches_nothing_and_says_why(simulated_site, trouble: str, slug: str) -> None:
    site = simulated_site("square", only=["avenue-east"], start="2026-06-01T20:00")
    begin = round(site.now.timestamp() * NS)
    site.advance("20min")
    if trouble == "clock":
        site._runtime.jump_clock(120.0)
    elif trouble == "silent":
        site.hazard("avenue-east-meter", "silent")
        site.advance("30min")
        site.hazard("avenue-east-meter", "none")
    site.advance("70min")
    with JournalReader.open(site.journal) as reader:
        end = round(site.now.timestamp() * NS) + 3600 * NS
        lessons = fit_rules(site.site, "avenue-east", [FitPeriod(reader, begin, end)])
    refused = {fit_result.refused for fit_result in lessons if fit_result.rule not in BY_HOUR}
    if trouble == "silent":
        assert refused <= {"unfit-bad", "unfit-alarm"}, "its silence was an alarm too"
    else:
        assert refused == {slug}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["avenue-east"], "say which rules begin anew"),
        (["avenue-east", "--all", "--rule", "power-low"], "say which rules begin anew"),
        (["avenue-east", "--rule", "power-lo"], "has no rule 'power-lo'"),
        (["avenue-wets", "--all"], "no device 'avenue-wets'"),
    ],
)
def test_a_service_must_say_what_begins_anew(made: SiteFolder, words: list[str], why: str) -> None:
    done = CliRunner().invoke(service, [str(made.folder), *words, "--by", "Li", "--reason", "x"])
    assert isinstance(done.exception, UsageError)
    assert why in str(done.exception)


def test_a_lesson_shows_how_much_was_seen_and_what_it_looks_like() -> None:
    device = load(SQUARE).devices["avenue-east"]
    rows = [HealthyReading(n * 60 * NS, "lit", (1000.0 + n % 7, 100.0)) for n in range(31)]
    fit_result = FitResult("avenue-east", "power-low", 31, seen=rows)
    [line] = progress(device, fit_result)
    assert (line["seen_s"], line["needed_s"], line["share"]) == (1800.0, 3600.0, 0.5)
    assert "需要 1 小时" in line["shown"].zh
    assert line["shown"].en.count("█") == line["shown"].en.count("·") == 10
    power, level = plot(device, fit_result, "en")
    assert power.endswith("Active power 1000 … 1006 W")
    assert level.endswith("Dimming level 100 … 100 %")
    assert sum(mark in "▁▂▃▄▅▆▇█" for mark in power) == 7


@given(st.lists(st.none() | st.floats(-1e6, 1e6), max_size=60))
def test_bars_are_as_many_as_values_and_blank_where_there_is_none(values: list[float | None]) -> None:
    drawn = bars(values)
    assert [mark == " " for mark in drawn] == [value is None for value in values]


def test_a_slow_pace_at_rest_counts_as_seen_and_an_outage_does_not() -> None:
    fast = [n * NS for n in range(600)]
    slow = [600 * NS + n * 300 * NS for n in range(12)]
    assert watched([*fast, *slow]) == pytest.approx((599 + 1 + 11 * 300) * NS, rel=0.01)
    later = [slow[-1] + 86400 * NS + n * 300 * NS for n in range(3)]
    assert watched([*fast, *slow, *later]) < 2 * 3600 * NS


def test_the_real_stage_takes_the_baselines_along(tmp_path: Path) -> None:
    _write(SQUARE, tmp_path / "site", {}, tmp_path / "journal.db")
    assert read(tmp_path / "site" / NAME) == _shipped()
