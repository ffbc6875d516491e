"""Every protocol hazard by name in virtual time: it is felt, nothing wrong passes for good, and it goes."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from facilityd.config.load import load
from facilityd.config.site import Site
from facilityd.errors import UsageError
from facilityd.model.sample import NS, Sample
from facilityd.scenario.in_memory_site import known_hazards
from facilityd.scenario.subset import subset
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.reader import JournalReader
from simulators.hazards import HAZARDS, MAGNITUDES, sized
from simulators.mqtt_hazards import MQTT_HAZARDS

SQUARE = Path(__file__).resolve().parents[2] / "config" / "square"
START = round(datetime(2026, 6, 10, 20, 35, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()) * NS
HARMLESS = {"late", "byte-by-byte", "duplicates"}
"""What a sound adapter does not even notice."""


@pytest.fixture(scope="module")
def site() -> Site:
    return load(SQUARE, at_most=5 * NS)


def samples(runtime: VirtualRuntime, unit: str) -> list[Sample]:
    with JournalReader.open(runtime.journal) as reader:
        return [s for s in map(reader.sample, reader.samples_after(0, 10**6)) if s.stream.unit == unit]


def play(
    site: Site, folder: Path, device: str, unit: str, hazard: str
) -> tuple[list[Sample], list[Sample], list[Sample]]:
    """Return the unit's samples before, while and after the hazard strikes it."""
    with VirtualRuntime(subset(site, [device]), folder, start=START) as runtime:
        runtime.advance(120)
        before = len(samples(runtime, unit))
        runtime.hazard(unit, hazard)
        runtime.advance(240)
        while_ = len(samples(runtime, unit))
        runtime.hazard(unit, "none")
        runtime.advance(240)
        found = samples(runtime, unit)
    return found[:before], found[before:while_], found[while_:]


def engine(hazard: str, before: list[Sample], during: list[Sample], after: list[Sample], signal: str) -> None:
    index = before[0].stream.signals.index(signal)
    right = [float(s.values[index]) for s in before if s.values[index] is not None and index not in s.reasons]
    assert right
    wrong = [
        s.values[index]
        for s in during
        if index not in s.reasons and not 0.5 * min(right) <= float(s.values[index] or 0) <= 2 * max(right)
    ]
    assert wrong == [], "nothing wrong passes for good"
    reasons = {reason.value for s in during for reason in s.reasons.values()}
    silent = len(during) <= 3
    assert (bool(reasons) or silent) is (hazard not in HARMLESS), (hazard, reasons, len(during))
    assert after
    assert index not in after[-1].reasons, (hazard, after[-1].reasons)


@pytest.mark.parametrize("hazard", [name for name in HAZARDS if name != "bad-crc"])
def test_on_modbus_tcp(site: Site, tmp_path: Path, hazard: str) -> None:
    engine(hazard, *play(site, tmp_path, "fountain-2", "fountain-2-pump", hazard), "electronics_temperature")


@pytest.mark.parametrize(
    "hazard", ["bad-crc", "noise", "shifted", "late", "truncated", "flaky", "garbage", "silent"]
)
def test_on_a_serial_line(site: Site, tmp_path: Path, hazard: str) -> None:
    engine(hazard, *play(site, tmp_path, "weather", "weather-station", hazard), "temperature")


@pytest.mark.parametrize("hazard", MQTT_HAZARDS)
def test_on_mqtt(site: Site, tmp_path: Path, hazard: str) -> None:
    engine(hazard, *play(site, tmp_path, "lantern-2", "lantern-2-plug", hazard), "power")


def test_every_name_is_known_and_has_its_magnitude() -> None:
    assert known_hazards() >= {*HAZARDS, *MQTT_HAZARDS, "none", "broker-restart"}
    assert set(MAGNITUDES) <= set(HAZARDS)
    for name in MAGNITUDES:
        assert sized(name, 2.0) is not None
    with pytest.raises(UsageError, match="has no magnitude"):
        sized("silent", 2.0)
