"""backtest, alarm, mark and marks as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.site import make_square

from facilityd.cli.alarms import alarms
from facilityd.cli.backtest import backtest
from facilityd.cli.mark import mark, marks
from facilityd.errors import UsageError
from facilityd.model.marks import Marking, OperatorMark
from facilityd.model.sample import NS
from facilityd.scenario.load import load
from facilityd.scenario.run import Options, perform
from facilityd.store.journal import Journal
from facilityd.store.marks import MarkWrite

STORY = Path("simulators/scenarios/faults/h07-jam.yaml")
SPAN = ["--since", "2026-10-01T05:50+08:00", "--until", "2026-10-01T06:30+08:00"]


@pytest.fixture(scope="module")
def square(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The square with the journal of a morning on which the rope jammed, the incident marked."""
    folder = tmp_path_factory.mktemp("square")
    assert perform(STORY, Options(keep=str(folder))).ok
    made = make_square(folder / "site")
    journal, start = folder / "h07-jam" / "journal.db", load(STORY).start
    begun = start + 660 * NS
    incident = OperatorMark(
        0, begun, "hoist-1", Marking.INCIDENT, begun, begun + 300 * NS, "H7", "ice", "Li Na"
    )
    with Journal.open(journal, max_bytes=2**28, max_age=10**18) as stored:
        stored.commit([MarkWrite([incident])])
    made.journal.parent.mkdir(parents=True, exist_ok=True)
    journal.rename(made.journal)
    return made.folder


def _json(*words: str) -> list[dict]:
    done = CliRunner().invoke(backtest, [*words, *SPAN, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_it_counts_what_is_found_and_how_late(square: Path) -> None:
    [told] = _json(str(square), "--rule", "rope-overload")
    assert (told["device"], told["same"]) == ("hoist-1", 1)
    for when in ("then", "now"):
        assert (told[when]["found"], told[when]["missed"], told[when]["false"]) == (1, [], 0)
        assert 0 <= told[when]["delays_s"][0] < 60


def test_a_blunt_limit_misses_the_marked_incident(square: Path) -> None:
    [told] = _json(str(square), "--rule", "rope-overload", "--set", "all.0.above=5000")
    assert (told["now"]["found"], told["now"]["missed"], told["then"]["found"]) == (0, [1], 1)


def test_it_reads_in_both_languages_and_draws_a_page(square: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    done = CliRunner().invoke(
        backtest, [str(square), "--rule", "rope-overload", *SPAN, "--lang", "zh", "--html", str(page)]
    )
    assert done.exit_code == 0
    assert "当时" in done.output
    assert "钢丝绳张力" in done.output
    text = page.read_text(encoding="utf-8")
    assert text.count("<svg") >= 2
    assert "标记故障" in text
    assert 'class="signal"' in text
    done = CliRunner().invoke(backtest, [str(square), "--rule", "rope-overload", *SPAN])
    assert "incidents found" in done.output


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--rule", "rope-overlaod"], "no rule 'rope-overlaod'"),
        (["--rule", "rope-overload", "-d", "hoist-2"], "no device 'hoist-2'"),
        (["--rule", "rope-overload", "-d", "fountain-1"], "no rule 'rope-overload' on these devices"),
        (["--rule", "rope-overload", "--set", "on_delay"], "write it as --set"),
        (["--rule", "rope-overload", "--set", "on_dely=3s"], "there are: during, settle, when, on_delay"),
        (["--rule", "rope-overload", "--set", "on_delay=3"], "a duration is a number with"),
        (["--rule", "rope-overload", "--until", "2026-01-01"], "--since is not before --until"),
    ],
)
def test_a_slip_is_named(square: Path, words: list[str], why: str) -> None:
    done = CliRunner().invoke(backtest, [str(square), "--since", "2026-06-01", *words])
    assert isinstance(done.exception, UsageError)
    assert why in str(done.exception)


def test_one_alarm_whole_with_its_plot(square: Path) -> None:
    done = CliRunner().invoke(alarms, [str(square), "hoist-1", "rope-overload"])
    assert done.exit_code == 0
    for part in ("Rope tension is", "Stop at once", "act within", "raise", "over for now", "█", "^ 06:11"):
        assert part in done.output
    done = CliRunner().invoke(alarms, [str(square), "hoist-1", "rope-overload", "--lang", "zh"])
    assert "现场核实" in done.output
    told = json.loads(CliRunner().invoke(alarms, [str(square), "hoist-1", "rope-overload", "--json"]).stdout)
    assert [change["kind"] for change in told["changes"]][-2:] == ["raise", "subside"]
    calm = CliRunner().invoke(alarms, [str(square), "hoist-1", "drive-trip"])
    assert "was never raised" in calm.output


def test_marks_are_listed(square: Path) -> None:
    [one] = json.loads(CliRunner().invoke(marks, [str(square), "--json"]).stdout)
    assert (one["device"], one["kind"], one["fault"], one["by"], one["note"]) == (
        "hoist-1",
        "incident",
        "H7",
        "Li Na",
        "ice",
    )
    assert "故障" in CliRunner().invoke(marks, [str(square), "hoist-1", "--lang", "zh"]).output
    assert json.loads(CliRunner().invoke(marks, [str(square), "fountain-1", "--json"]).stdout) == []


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["hoist-9", "incident", "--since", "1h"], "no device 'hoist-9'"),
        (["hoist-1", "incident", "--since", "1h", "--fault", "L1"], "bears fault number 'L1'"),
        (["hoist-1", "healthy", "--since", "1h", "--until", "2h"], "--since is not before --until"),
        (["hoist-1", "healthy", "--since", "1h", "--until", "2099-01-01"], "lies in the future"),
    ],
)
def test_a_mark_that_makes_no_sense_is_named(square: Path, words: list[str], why: str) -> None:
    done = CliRunner().invoke(mark, [str(square), *words])
    assert isinstance(done.exception, UsageError)
    assert why in str(done.exception)
