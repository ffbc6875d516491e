"""Units found behind a wildcard topic while the daemon runs, with a real broker."""

from __future__ import annotations

import asyncio
import grp
import json
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from support.mosquitto import Mosquitto
from support.mqtt_harness import publish

from devices.mqtt import DiscoveredName
from facilityd.app import discovery
from facilityd.app.daemon import watch
from facilityd.app.environment import Environment
from facilityd.config.found import file_of, read_found
from facilityd.config.load import load
from facilityd.config.site import Site
from facilityd.config.templates import widened
from facilityd.model.clock import Clock
from facilityd.model.sample import NS
from facilityd.scenario.host_faults import HostFaults
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.reader import JournalReader

# Nothing is taken in near a ceremony, and the real sun sets while somebody runs this.
SITE = """\
site: {id: yard, name: {zh: 院子, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai, ceremony: 1s}
store: {path: journal.db}
links: {broker: {protocol: mqtt, host: 127.0.0.1, port: PORT}}
units:
  plug: {link: broker, profile: zigbee2mqtt_plug, period: 60s, topic: zigbee2mqtt/+, names: [lamp-1]SETTINGS}
devices:
  plug: {family: lighting, name: {zh: 灯, en: Lamp}, signals: {power: plug.power}}
"""


@asynccontextmanager
async def watching(folder: Path, broker: Mosquitto, settings: str = "") -> AsyncIterator[Site]:
    text = SITE.replace("PORT", str(broker.port)).replace("SETTINGS", settings)
    (folder / "site.yaml").write_text(text, encoding="utf-8")
    site, stop = load(folder), asyncio.Event()
    task = asyncio.create_task(watch(site, stop, Environment(signals=False, long_lived=False)))
    try:
        yield site
        assert not task.done()
    finally:
        stop.set()
        await task


def values(site: Site) -> dict[str, list[float]]:
    """Return the good power values in the journal, by unit."""
    if not Path(site.store.path).exists():
        return {}
    out: dict[str, list[float]] = {}
    with JournalReader.open(Path(site.store.path)) as reader:
        for row in reader.samples_after(0, 10_000):
            sample = reader.sample(row)
            if sample.stream.family == "lighting" and sample.values[0] is not None and not sample.reasons:
                out.setdefault(sample.stream.unit, []).append(float(sample.values[0]))
    return out


async def says(broker: Mosquitto, name: str, power: float, **more: Any) -> None:
    await publish(broker, json.dumps({"state": "ON", "power": power}), topic=f"zigbee2mqtt/{name}", **more)


async def repeatedly(broker: Mosquitto, site: Site, names: list[str], done: Any) -> None:
    async with asyncio.timeout(30):
        while not done():
            for name in names:
                await says(broker, name, 5.0)
            await asyncio.sleep(0.3)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(discovery, "SETTLE_S", 0.3)
    caplog.set_level(logging.INFO, "facilityd.app.discovery")


async def test_what_speaks_becomes_a_unit_and_stays_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with Mosquitto(tmp_path) as broker:
        await says(broker, "gone", 1.0, retain=True)
        async with watching(tmp_path, broker) as site:
            await repeatedly(broker, site, ["lamp-1", "porch"], lambda: "plug-porch" in values(site))
            assert "plug-lamp-1" in values(site)
        assert read_found(file_of(site))[0].units == {"plug": ("porch",)}
        assert read_found(file_of(site))[0].heard["plug"].keys() == {"gone"}
        again = load(tmp_path)
        assert again.devices.keys() == {"plug-lamp-1", "plug-porch"}
    assert "1 new behind its topic, taken in: 'porch' as plug-porch" in caplog.text
    assert caplog.text.count("'gone'; to watch them, add names: ['gone'] to it; to hear no more") == 1


async def test_without_discovery_the_rest_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with Mosquitto(tmp_path) as broker, watching(tmp_path, broker, ", discover: 0") as site:
        heard: Any = lambda: "'porch'" in caplog.text and "plug-lamp-1" in values(site)  # noqa: E731
        await repeatedly(broker, site, ["porch", "lamp-1"], heard)
        before = len(values(site)["plug-lamp-1"])
        more: Any = lambda: len(values(site)["plug-lamp-1"]) > before + 3  # noqa: E731
        await repeatedly(broker, site, ["porch", "lamp-1"], more)
    assert values(site).keys() == {"plug-lamp-1"}
    assert load(tmp_path).devices.keys() == {"plug-lamp-1"}
    assert caplog.text.count("heard and not watched") == 1


async def test_what_is_found_is_shared_with_the_operators(tmp_path: Path) -> None:
    """Their `status` loads the site, and with it what was found."""
    text = SITE.replace("PORT", "1").replace("SETTINGS", "")
    group = grp.getgrgid(os.getgid()).gr_name
    (tmp_path / "site.yaml").write_text(
        text.replace("journal.db}", f"journal.db, group: {group}}}"), encoding="utf-8"
    )
    site = load(tmp_path)
    one = discovery.Discovery(site, Clock(), lambda _: True)
    one.hear(DiscoveredName("plug", "porch", ""))
    await one.look(HostFaults().writer())  # type: ignore[arg-type]
    assert file_of(site).stat().st_mode & 0o777 == 0o640


async def test_nothing_is_taken_in_while_a_ceremony_is_near(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(SITE.replace("PORT", "1").replace("SETTINGS", ""), encoding="utf-8")
    near, host = [True], HostFaults()
    one = discovery.Discovery(load(tmp_path), Clock(), lambda _: near[0])
    one.hear(DiscoveredName("plug", "porch", ""))
    one.hear(DiscoveredName("plug", "Porch", ""))
    await one.look(host.writer())  # type: ignore[arg-type]
    assert one.wider is None
    assert load(tmp_path).templates["plug"].unit_names == ("porch",)
    assert read_found(file_of(load(tmp_path)))[0].heard == {"plug": {"Porch": "its id is taken already"}}
    near[0] = False
    one.hear(DiscoveredName("plug", "other", "no reason"))
    await one.look(host.writer())  # type: ignore[arg-type]
    assert one.wider is not None
    assert "plug-porch" in one.wider.devices


YARD = """\
site: {id: yard, name: {zh: 院子, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai, ceremony: 1s}
links:
  broker: {protocol: mqtt, host: 127.0.0.1}
  net: {protocol: modbus-tcp, host: 127.0.0.1}
units:
  plug: {link: broker, profile: zigbee2mqtt_plug, period: 20s, topic: zigbee2mqtt/+, names: [lamp-1]}
  contacts: {link: net, profile: moxa_iologik_e1212, device_id: 1, period: 1s}
devices:
  plug: {family: lighting, name: {zh: 灯, en: Lamp}, signals: {power: plug.power}}
  fire: {family: contact, name: {zh: 火灾报警, en: Fire panel}, signals: {active: contacts.input_0}}
"""
NOON = 1_775_102_400 * NS
"""2026-04-02 12:00 on site."""


def _alarms(site: Site) -> set[tuple[str, str]]:
    with JournalReader.open(Path(site.store.path)) as reader:
        return {(alarm.device, alarm.rule) for alarm in reader.alarms() if alarm.occurrence}


def test_a_found_unit_that_falls_silent_is_an_alarm_and_its_finding_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In virtual time: the field has a plug that the site does not list, and a fire contact beside it."""
    monkeypatch.undo()
    folder = tmp_path / "yard"
    folder.mkdir()
    (folder / "site.yaml").write_text(YARD, encoding="utf-8")
    narrow = load(folder)
    runtime = VirtualRuntime(widened(narrow, {"plug": ["porch"]}), tmp_path, start=NOON)
    runtime.change_files(narrow)  # the field has what the daemon does not know
    with runtime:
        runtime.until(NOON + 600 * NS)
        assert values(runtime.site).keys() == {"plug-lamp-1", "plug-porch"}
        assert _alarms(runtime.site) == set(), "taking it in is nobody's silence"
        runtime.hazard("plug-porch", "offline")
        runtime.until(NOON + 900 * NS)
        assert _alarms(runtime.site) == {("plug-porch", "silent")}
        with JournalReader.open(runtime.journal) as reader:
            ats = [
                row.at
                for row in reader.samples_after(0, 10_000)
                if reader.sample(row).stream.unit == "contacts"
            ]
    assert max(b - a for a, b in pairwise(ats)) < 3 * NS
    assert len(ats) > 890
