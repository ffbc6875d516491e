"""The published table of lying sensors: what it says is what comes about, and its sizes come from the signal."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

TOOL = runpy.run_path("tools/sensor_table.py")
MARKS = {mark: what for what, mark in TOOL["MARKS"].items()}


def published(device: str, signal: str, hazard: str) -> str:
    """Return what the page says of a cell."""
    page = Path("docs/sensors.md").read_text(encoding="utf-8")
    part = page[page.index(f"## {device}\n") :]
    row = re.search(rf"^\| {signal} \|(.*)\|$", part, re.MULTILINE)
    assert row, f"{signal} is not on the page"
    return MARKS[row[1].split("|")[TOOL["HAZARDS"].index(hazard)].strip()]


@pytest.mark.parametrize(
    ("trial", "signal", "hazard"),
    [("fountain", "flow", "gain"), ("fountain", "chamber_temperature", "offset"), ("lighting", "level", "gain"),
     ("circuit", "power", "stuck"), ("lantern", "temperature", "stuck")],
)  # fmt: skip
def test_a_cell_is_as_published(trial: str, signal: str, hazard: str) -> None:
    _, what, _ = TOOL["cell"]((trial, signal, hazard))
    assert what == published(TOOL["TRIALS"][trial].device, signal, hazard)


@pytest.mark.parametrize(
    ("trial", "signal"), [("lighting", "level"), ("circuit", "power"), ("lantern", "temperature")]
)
def test_a_lighting_sensor_that_lies_is_called_one(trial: str, signal: str) -> None:
    hazard = "gain" if signal == "level" else "stuck"
    assert published(TOOL["TRIALS"][trial].device, signal, hazard) == "named"


def test_every_size_comes_from_what_the_signal_read_while_healthy() -> None:
    small, large = TOOL["sizes"]([1.0, 1.5]), TOOL["sizes"]([100.0, 150.0])
    assert {name: 100 * size for name, size in small.items() if name != "gain"} == pytest.approx(
        {name: size for name, size in large.items() if name != "gain"}
    )
    assert TOOL["sizes"]([5.0, 5.0])["offset"] > 0, "what stood still is off by a share of itself"


def test_a_fault_of_the_machine_beside_the_sensors_is_told_falsely() -> None:
    trial = TOOL["TRIALS"]["fountain"]
    assert TOOL["verdict"](trial, []) == ("harmless", [])
    assert TOOL["verdict"](trial, ["flow-sensor"]) == ("named", ["flow-sensor"])
    assert TOOL["verdict"](trial, ["flow-sensor", "impeller-worn"]) == ("false", ["impeller-worn"])
    assert TOOL["verdict"](trial, ["leakage"]) == ("either", ["leakage"]), "it names both"
    assert TOOL["verdict"](trial, ["leakage", "impeller-worn"]) == ("false", ["impeller-worn"])


def test_the_page_counts_and_lists_what_is_told_falsely() -> None:
    page = TOOL["page"](
        {"fountain-1 flow stuck": ("named", ["flow-sensor"]), "fountain-1 ph gain": ("false", ["ph-low"])}
    )
    assert (
        "2 cells: 1 named as the sensor, 0 without effect on any rule, 0 told as the machine's or the sensor's, 1 told"
        in page
    )
    assert "| flow | named |" in page
    assert "* ph, gain: ph-low" in page


def test_each_signal_is_exchanged_with_one_of_its_own_measure() -> None:
    trial = TOOL["TRIALS"]["fountain"]
    assert TOOL["partner"](trial, "voltage_l1") == "voltage_l2"
    assert TOOL["partner"](trial, "voltage_l3") == "voltage_l1"
    assert TOOL["partner"](trial, "flow") != "flow"
