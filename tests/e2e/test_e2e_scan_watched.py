"""`scan` on a line that a running daemon owns: the daemon looks, between its polls, and only reads."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

from support.cupboard import cupboard
from support.daemon import Command, daemon, facilityd, facilityd_json, journal_of, running, until
from wire_units import unit_of

from devices.tables import profiles
from facilityd.model.sample import NS
from facilityd.store.reader import JournalReader
from simulators.endpoint import READS, Endpoint
from simulators.hazards import hazard
from simulators.modbus_rtu import SerialEndpoint
from simulators.register_map import RegisterMap

WATCHED = {1: "eastron_sdm630", 2: "chint_dtsu666"}
BESIDE = {3: "delta_ms300", 4: "acrel_adw300", 6: "renke_rs_fsjt"}
NAMELESS = 6
LIKELY = (3, 4)
PERIOD = 2 * NS
QUICK = "--timeout", "400ms"
SITE = """
site: {{id: yard, name: {{zh: 院子, en: Yard}}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}}
store: {{path: run/journal.db}}
links:
  bus: {link}
  broker: {{protocol: mqtt, host: 127.0.0.1, port: 1}}
units:
  meter-1: {{link: bus, profile: eastron_sdm630, device_id: 1, period: 2s}}
  meter-2: {{link: bus, profile: chint_dtsu666, device_id: 2, period: 2s}}
devices:
  feeder-1: {{family: lighting, name: {{zh: 一, en: One}}, signals: {{power: meter-1.active_power_total}}}}
  feeder-2: {{family: lighting, name: {{zh: 二, en: Two}}, signals: {{power: meter-2.active_power_total}}}}
"""


class WatchedYard:
    """A site whose daemon runs, and the line that it watches."""

    def __init__(self, folder: Path, link: str) -> None:
        self.folder = folder
        self.journal = folder / "run" / "journal.db"
        self.journal.parent.mkdir(parents=True)
        (folder / "site.yaml").write_text(SITE.format(link=link), encoding="utf-8")
        self.daemon = daemon(folder, log=folder.parent / "daemon.log")

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[WatchedYard]:
        async with running(self.daemon):
            await until(lambda: "watching 2 devices" in self.daemon.text())
            (await journal_of(self.journal, self.daemon)).close()
            await until(lambda: all(len(at) > 2 for at in self.polls().values()))
            yield self

    def polls(self) -> dict[str, list[int]]:
        """Return when each unit was read well, ns."""
        found: dict[str, list[int]] = {"meter-1": [], "meter-2": []}
        with JournalReader.open(self.journal) as reader:
            for row in reader.samples_after(0, 100_000):
                if (unit := reader.stream(row.stream).unit) in found and not reader.sample(row).reasons:
                    found[unit].append(row.at)
        return found

    def keeps_its_periods(self) -> bool:
        """Return whether no poll was missed: each reading good, and the next within two periods."""
        return all(b - a < 2 * PERIOD for at in self.polls().values() for a, b in pairwise(at))


@asynccontextmanager
async def bus(folder: Path) -> AsyncIterator[tuple[WatchedYard, SerialEndpoint]]:
    known = profiles()
    units = {number: unit_of(known[name], device_id=number) for number, name in {**WATCHED, **BESIDE}.items()}
    endpoint = SerialEndpoint({n: RegisterMap(one) for n, one in units.items()}, folder / "tty" / "bus")
    endpoint.open()
    try:
        link = f'{{protocol: modbus-rtu, serial_port: {endpoint.address}, baudrate: 9600, parity: "N"}}'
        async with WatchedYard(folder / "yard", link).watched() as yard:
            yield yard, endpoint
    finally:
        endpoint.close()


def only_read(endpoint: Endpoint) -> bool:
    return bool(endpoint.witness) and set(endpoint.witness) <= READS


async def test_who_hangs_beside_is_found_and_nobody_who_is_watched_misses_a_period(tmp_path: Path) -> None:
    async with bus(tmp_path) as (yard, endpoint):
        shown = await facilityd("scan", "bus", "--site", yard.folder, "--ids", "1-7", *QUICK)
        by_port = await facilityd_json("scan", "--serial", endpoint.address, "--ids", "2-3", *QUICK)
        assert yard.keeps_its_periods()
        assert only_read(endpoint)
        audit = await facilityd_json("audit", yard.folder)
        (first, second) = (one["payload"]["found"] for one in audit)
        await yard.daemon.stop()
    assert "3 units answer; in the site already: 2" in shown
    assert "meter-1 (eastron_sdm630): in the site already" in shown
    assert "  delta-ms300-1: {link: bus, profile: delta_ms300, device_id: 3, period: 30s}" in shown
    assert "# Device id 6 on bus answers, but has no model code" in shown
    (link,) = first["links"]
    assert (link["asked"], link["ids"], first["complete"]) == (5, 5, True)
    units = {one["device_id"]: one for one in link["units"]}
    assert units.keys() == WATCHED.keys() | BESIDE.keys()
    for number, model in {**WATCHED, **BESIDE}.items():
        assert model in units[number]["fits"]
        assert units[number]["certain"] == (number not in {NAMELESS, *LIKELY})
        assert units[number]["likely"] == (number in LIKELY)
        assert bool(units[number]["watched"]) == (number in WATCHED)
    assert by_port == second, "a port that a daemon has open is asked of that daemon"
    assert [one["device_id"] for one in second["links"][0]["units"]] == [1, 2, 3]


async def test_behind_a_gateway_the_daemon_looks_too(tmp_path: Path) -> None:
    async with cupboard({**WATCHED, **BESIDE}) as endpoint:
        host, _, port = endpoint.address.rpartition(":")
        link = f"{{protocol: modbus-tcp, host: {host}, port: {port}}}"
        async with WatchedYard(tmp_path / "yard", link).watched() as yard:
            words = "scan", endpoint.address, "--site", yard.folder, "--ids", "1-8", "--timeout", "300ms"
            found = await facilityd_json(*words)
            assert yard.keeps_its_periods()
            assert only_read(endpoint)
    (line,) = found["links"]
    assert line["name"] == "bus"
    assert [one["device_id"] for one in line["units"]] == [1, 2, 3, 4, 6]


async def test_a_device_that_does_not_look_at_the_id_is_the_one_that_is_watched(tmp_path: Path) -> None:
    async with cupboard({2: WATCHED[2], **dict.fromkeys((1, *range(3, 33)), WATCHED[1])}) as endpoint:
        host, _, port = endpoint.address.rpartition(":")
        link = f"{{protocol: modbus-tcp, host: {host}, port: {port}}}"
        async with WatchedYard(tmp_path / "yard", link).watched() as yard:
            shown = await facilityd("scan", "bus", "--site", yard.folder, "--timeout", "300ms", code=1)
            assert "any (3)    meter-1 (eastron_sdm630): in the site already" in shown
            assert "0 units answer" in shown
            assert "units:" not in shown


async def test_a_unit_that_answers_badly_ends_it(tmp_path: Path) -> None:
    async with bus(tmp_path) as (yard, endpoint):
        endpoint.inject(4, hazard("bad-crc"))
        shown = await facilityd(
            "scan", "bus", "--site", yard.folder, "--ids", "3-200", *QUICK, "--lang", "zh"
        )
        assert "站号 4 的应答不是有效的报文" in shown
        assert "delta_ms300" in shown, "what was found before is shown"
        assert yard.keeps_its_periods()
        assert only_read(endpoint)


async def test_what_the_daemon_cannot_do_is_refused_in_plain_words(tmp_path: Path) -> None:
    async with bus(tmp_path) as (yard, _):
        at = "--site", yard.folder
        kind = await facilityd("scan", "broker", *at, code=1)
        assert "broker is no Modbus link; a broker is listened to with facilityd scan --broker" in kind
        speed = await facilityd("scan", "bus", *at, "--baud", "auto", code=1)
        assert "the daemon has bus" in speed
        assert "can only look at these settings" in speed
        assert "监测程序正在使用 bus" in await facilityd(
            "scan", "bus", *at, "--parity", "E", "--lang", "zh", code=1
        )
        room = await facilityd("scan", "bus", *at, "--ids", "20-21", "--timeout", "3s", code=1)
        assert "between them at most, and a question takes 6030ms: give a shorter --timeout" in room


async def _calls(yard: WatchedYard, log: Path, *more: str) -> Command:
    """Return a scan under way: the daemon is looking."""
    words = "scan", "bus", "--site", str(yard.folder), "--ids", "10-247", *QUICK, *more
    scanning = Command(words, log, {"PYTHONUNBUFFERED": "1"})
    await scanning.start()
    await until(lambda: "looking for units at" in yard.daemon.text())
    return scanning


async def test_a_second_one_waits_its_turn_and_ctrl_c_keeps_what_was_found(tmp_path: Path) -> None:
    async with bus(tmp_path) as (yard, _):
        scanning = await _calls(yard, tmp_path / "scan.log", "--json")
        second = await facilityd("scan", "bus", "--site", yard.folder, "--ids", "9", code=1)
        assert "is scanning bus: one scan at a time, wait until it has ended" in second
        assert await scanning.end(signal.SIGINT) == 1, "nobody new was there"
        told = scanning.text()
        assert "the scan was cancelled" in told
        assert "Traceback" not in told
        assert yard.keeps_its_periods()
        again = await facilityd_json("scan", "bus", "--site", yard.folder, "--ids", "3", *QUICK)
        assert again["complete"]


async def test_a_daemon_that_is_killed_or_stopped_midway_is_told_at_once(tmp_path: Path) -> None:
    async with bus(tmp_path) as (yard, _):
        scanning = await _calls(yard, tmp_path / "killed.log")
        await yard.daemon.kill()
        assert await asyncio.wait_for(scanning.process.wait(), 20) == 1
        assert "the daemon ended while it scanned bus, and left no result; start it" in scanning.text()
        assert "Traceback" not in scanning.text()
        yard.daemon.log.write_text("", encoding="utf-8")
        async with yard.watched():
            assert "looking for units" not in yard.daemon.text(), "nobody waits for it any more"
            scanning = await _calls(yard, tmp_path / "stopped.log")
            await yard.daemon.stop()
            assert await asyncio.wait_for(scanning.process.wait(), 20) == 1
            assert "the daemon was stopped meanwhile" in scanning.text()
        idle = await facilityd_json("scan", "bus", "--site", yard.folder, "--ids", "3-4", *QUICK)
        assert [one["device_id"] for one in idle["links"][0]["units"]] == [3, 4], (
            "a stopped daemon's line is free"
        )
