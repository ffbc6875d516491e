"""New hardware is one new YAML file: a Renke RS-FSJT wind sensor beside a site, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.daemon import Command, daemon, facilityd, facilityd_json, journal_of, running, until

PROFILE = """\
profile: yard_wind_10
protocol: modbus
maker: Renke (Shandong)
model: RS-FSJT-N01 wind speed sensor
manual: RS-FS-N01 user's guide, as attached to bertmelis/esp32ModbusRTU
evidence: C
max_block: 1
max_gap: 0
serial: 4800 8N1
points:
  wind: {address: 0x0000, doc: "0000H", type: u16, scale: 0.1, unit: m/s, range: [0, 60]}
identity:
  - {point: wind, between: [0, 60], why: the sensor measures up to 60 m/s}
golden:
  - {point: wind, words: [0x007D], value: 12.5}
"""
SITE = """\
site: {id: park, name: {zh: 公园, en: Park}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
store: {path: %(folder)s/journal.db}
links:
  mast: {protocol: modbus-rtu, serial_port: %(folder)s/tty/mast, baudrate: 4800, parity: N}
units:
  anemometer: {link: mast, profile: yard_wind_10, device_id: 1, period: 500ms}
devices:
  wind-mast: {family: weather, name: {zh: 风杆, en: Wind mast}, signals: {wind: anemometer.wind}}
"""


@pytest.fixture
def park(tmp_path) -> Path:
    folder = tmp_path / "park"
    (folder / "profiles").mkdir(parents=True)
    (folder / "site.yaml").write_text(SITE % {"folder": tmp_path}, encoding="utf-8")
    return folder


async def test_without_its_file_the_model_is_unknown_with_it_all_works(park, tmp_path):
    refused = json.loads(await facilityd("check", park, "--json", code=1))
    assert [problem["what"] for problem in refused["problems"]] == ["profile 'yard_wind_10' is not known"]
    (park / "profiles" / "yard_wind_10.yaml").write_text(PROFILE, encoding="utf-8")
    checked = await facilityd_json("check", park)
    counted = {"site": "park", "links": 1, "units": 1, "devices": 1, "signals": 1}
    [warning] = checked.pop("warnings")
    assert warning["what"].endswith("no recipients: nobody is told of any alarm")
    assert checked == {"ok": True, "assumed": 0, "templates": []} | counted
    [link] = await facilityd_json("plan", park)
    [unit] = link["units"]
    [read] = unit["reads"]
    assert (read["function_code"], read["at"], read["count"], read["brings"]) == (3, 0, 1, ["wind"])
    assert 0 < link["load"] < 0.2
    simulator = Command(["simulate", "serve", str(park)], tmp_path / "simulator.log")
    async with running(simulator):
        await until(lambda: "serving" in simulator.text())
        probed = await facilityd_json("probe", park, "anemometer")
        assert probed["diagnosis"] == "ok", probed
        watching = daemon(park, log=tmp_path / "daemon.log")
        async with running(watching):
            with await journal_of(tmp_path / "journal.db", watching) as reader:
                await until(lambda: len(list(reader.history("wind-mast", "wind", 0, 2**62))) >= 3)
            shown = await facilityd_json("history", park, "wind-mast", "wind", "--since", "1min")
            await watching.stop()
        await simulator.stop()
    assert "function codes seen: codes 3 x " in simulator.text()
    assert "commands 0" in simulator.text()
    assert {row["quality"] for row in shown["rows"]} == {"good"}
    winds = [row["value"] for row in shown["rows"]]
    assert len(winds) >= 3
    assert all(0 < wind < 40 and abs(wind * 10 - round(wind * 10)) < 1e-9 for wind in winds)
    assert shown["unit"] == "m/s"
