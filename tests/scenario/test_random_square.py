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
