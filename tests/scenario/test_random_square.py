"""Squares of foreign machines: what they consist of, and what their page says."""

from __future__ import annotations

import re
import runpy
from typing import Any

import pytest


@pytest.fixture(scope="module")
def tool() -> dict[str, Any]:
    return runpy.run_path("tools/random_square.py")


@pytest.fixture(scope="module")
def written() -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend("tools")
        return runpy.run_path("tools/random_square_page.py")


def test_nothing_of_a_foreign_square_is_confirmed_and_nothing_was_learned(
    tool: dict[str, Any], tmp_path: Any
) -> None:
    site = tool["foreign_site"](str(tmp_path))
    assert {device.family.family for device in site.devices.values()} == {
        "weather", "fountain", "hoist", "flagpole", "lighting",
    }  # fmt: skip
    assumed = {device.id: {rule for rule, _ in device.assumed} for device in site.devices.values()}
    assert {"strainer-clogged", "level-low", "leakage-rises"} <= assumed["fountain-1"]
    assert {"beyond-top", "rise-time", "rope-loose"} <= assumed["hoist-1"]
    assert "jam" in assumed["pole-1"]
    assert site.source == str(tmp_path), "no baselines lie there"


def test_every_fault_that_its_devices_can_have_is_played(tool: dict[str, Any], tmp_path: Any) -> None:
    stories = tool["every_story"](tool["foreign_site"](str(tmp_path)))
    numbers = {one.catalogue for one in stories}
    wanted = (
        {f"H{n}" for n in range(1, 25)} | {f"F{n}" for n in range(1, 23)} | {f"L{n}" for n in range(1, 19)}
    )
    assert wanted - numbers == {"L5", "L13", "L14", "L10"} - numbers
    assert all(0 <= one.hour < 24 for one in stories)
    assert {one.fault for one in stories if one.beside} == {
        "ignores-wind", "chamber-cold", "flag-foul", "wet-facade",
    }  # fmt: skip


def test_the_page_has_a_row_for_each_square_and_a_line_for_each_fault_that_was_not_named(
    written: dict[str, Any],
) -> None:
    names = written["run"].__globals__
    story = names["FaultStory"]("hoist-1", "jam", "H7", 18.4)
    lost = names["FoundFault"](story, None, ["hoist-1 rope-tight"])
    seen = names["FoundFault"](story, 12.0, ["hoist-1 rope-overload"])
    square = names["RandomSquare"](7, {"hoist-1": "drum-22m"}, refused=["x"], found=[lost, seen])
    text = written["page"]([square], 14, 10)
    assert re.search(r"\| 7 \| drum-22m \|.*\| 1 \| 0 \| 1 \| 2 \|", text)
    assert "* not named: hoist-1 jam (H7); told: hoist-1 rope-tight" in text
    assert "After 14 days" in text


def test_a_few_faults_are_drawn_by_the_seed_and_all_are_played_without_a_number(
    tool: dict[str, Any], tmp_path: Any
) -> None:
    stories = tool["every_story"](tool["foreign_site"](str(tmp_path)))
    few = tool["drawn_stories"](stories, 5, 3)
    assert few == tool["drawn_stories"](stories, 5, 3) != tool["drawn_stories"](stories, 5, 4)
    assert len(few) == 5
    assert [one for one in stories if one in few] == list(few), "in the catalogue's order"
    assert tool["drawn_stories"](stories, None, 3) == stories == tool["drawn_stories"](stories, 999, 3)


def test_after_a_fault_the_basin_is_full_and_no_alarm_of_it_stands(
    tool: dict[str, Any], tmp_path: Any
) -> None:
    """Without that the next fault begins in an empty basin, and under the alarms of the last one."""
    site = tool["foreign_site"](str(tmp_path))
    zone = tool["ZoneInfo"](site.timezone)
    start = round(tool["datetime"](2026, 6, 10, 8, tzinfo=zone).timestamp()) * tool["NS"]
    square = tool["RandomSquare"](1, {})
    with tool["VirtualRuntime"](site, tmp_path, start=start, seed=1) as runtime:
        engineer = tool["Engineer"](runtime, zone, square)
        engineer.play(tool["FaultStory"]("fountain-1", "dry-running", "F5", 9.9, longest=1.0))
        model = runtime.square.model("fountain-1")
        assert model.read()["level"] > 0.9 * model.machine.basin
        with tool["JournalReader"].open(runtime.journal) as reader:
            standing = [one for one in reader.alarms() if one.active and one.device == "fountain-1"]
        assert not [one for one in standing if one.raised_at >= start + 2 * tool["HOUR"]]
