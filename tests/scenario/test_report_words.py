"""A report does not contradict itself: what is suppressed is said to be, with its cause, and nothing else is."""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner

from facilityd.cli.scenarios import run_command
from facilityd.scenario.checks import suppressed
from facilityd.scenario.run import Options, perform
from facilityd.scenario.run_log import AlarmOccurrence

STORY = Path("simulators/scenarios/faults/f04-strainer.yaml")


def test_a_pass_of_no_other_alarm_says_how_many_were_suppressed_and_because_of_what(tmp_path: Path) -> None:
    result = perform(STORY, Options(html=str(tmp_path)))
    assert result.ok
    (none,) = [one for one in result.check_results if one.sentence == "no other alarm"]
    found = re.fullmatch(
        r"none was told; (\d+) suppressed: (.+) because of strainer-blocked on fountain-1", none.happened
    )
    assert found, none.happened
    count, rules = int(found[1]), found[2].split(", ")
    assert count == len(rules) > 1
    assert (result.told, result.suppressed) == (1, none.happened.removeprefix("none was told; "))
    page = (tmp_path / result.page).read_text(encoding="utf-8")
    assert f"told to nobody ({count})" in page
    assert "Alarms told (1)" in page
    hidden = page.split("told to nobody")[1]
    told = page.split("Alarms told (1)")[1].split("<h2>")[0]
    assert told.count("<tr>") == 2
    assert hidden.count("起因 because of") == 1
    assert hidden.split("<h2>")[0].count("<tr>") == count + 1
    assert none.happened in page.replace("&#x27;", "'")


def test_the_terminal_says_it_too_and_nothing_where_there_is_nothing() -> None:
    done = CliRunner().invoke(run_command, [str(STORY)])
    assert "alarms: 1 told, " in done.output
    assert " because of strainer-blocked on fountain-1" in done.output
    assert suppressed([AlarmOccurrence("a", "b", 0, None, told=1)]) == ""


def test_an_alarm_that_was_told_before_its_cause_was_known_was_told() -> None:
    """What somebody heard of is no silence, whatever was found out later."""
    later = AlarmOccurrence("a", "b", 0, None, cause="c", told=0, suppressed_by=["c"])
    assert suppressed([later]) == ""
    twice = [AlarmOccurrence("a", name, 0, None, cause="c", suppressed_by=["c"]) for name in ("x", "y", "x")]
    assert suppressed(twice) == "3 suppressed: x, y because of c on a"


def test_times_of_day_are_those_of_the_site_in_both_languages(tmp_path: Path) -> None:
    """The panel stops answering at 10:10 in Peking; UTC, 02:10, is nobody's clock there."""
    story = Path("simulators/scenarios/hazards/contact-refuses.yaml")
    result = perform(story, Options(html=str(tmp_path)))
    page = (tmp_path / result.page).read_text(encoding="utf-8")
    assert set(re.findall(r"since (\d\d):", page)) == {"10"}
    assert set(re.findall(r"从 (\d\d):", page)) == {"10"}
