"""The first hour: a bus with six unknown boxes becomes a watched site, with no file opened by hand."""

from __future__ import annotations

import json
import signal
from pathlib import Path

from support.daemon import Command, daemon, facilityd, facilityd_json, running, until

ABOUT = (
    "--name",
    "North square",
    "--latitude",
    "39.9",
    "--longitude",
    "116.4",
    "--timezone",
    "Asia/Shanghai",
)
BOXES = {
    1: "eastron_sdm630", 2: "chint_dtsu666", 3: "delta_ms300", 4: "delta_ms300", 5: "renke_rs_fxjt", 8: "grundfos_cim",
}  # fmt: skip
"""Six units of five makers, as they hang on one bus."""
NAMELESS = 5
LIKELY = (3, 4)
"""Their identity is one number within a range: the values fit, and the nameplate says whether it is so."""


async def test_from_an_unknown_bus_to_a_watched_site(tmp_path: Path) -> None:
    port, cupboard, square = tmp_path / "tty" / "bus", tmp_path / "cupboard", tmp_path / "square"
    told = [word for number, model in BOXES.items() for word in ("--unit", model, str(port), str(number))]
    await facilityd("init", cupboard, *ABOUT, *told)  # what stands in the cupboard, for the simulator
    playing = Command(["simulate", "serve", str(cupboard)], tmp_path / "simulator.log")
    async with running(playing):
        await until(port.exists)
        found = tmp_path / "scan.json"
        shown = await facilityd(
            "scan", "--serial", port, "--baud", "9600", "--parity", "N", "--ids", "1-10", "-o", found
        )
        assert "6 units answer" in shown
        units = {one["device_id"]: one for one in json.loads(found.read_text("utf-8"))["links"][0]["units"]}
        assert units.keys() == BOXES.keys()
        for number, model in BOXES.items():
            assert model in units[number]["fits"]
            assert units[number]["certain"] == (number not in {NAMELESS, *LIKELY})
            assert units[number]["likely"] == (number in LIKELY)
        written = json.loads(await facilityd("init", square, *ABOUT, "--from-scan", found, "--json"))
        assert len(written["units"]) == len(BOXES) - 1
        await facilityd_json("check", square)
        await facilityd("plan", square)
        for unit in written["units"]:
            await facilityd("probe", square, unit)
        watching = daemon(square, log=tmp_path / "daemon.log")
        async with running(watching):
            journal = square / ".facilityd" / "square" / "journal.db"
            await until(journal.exists)
            asked = await facilityd("scan", "--serial", port, "--ids", "1-6")
            assert "1 unit answers; in the site already: 5" in asked, "the daemon looks, on its own bus"
            await until(lambda: playing.alive and watching.alive)
            devices = await _good(square)
            assert len(devices) == len(BOXES) - 1, await facilityd("status", square)
            assert await watching.end(signal.SIGTERM) == 0


async def _good(square: Path) -> set[str]:
    """Return the devices of which every value is good, once each has some."""
    for _ in range(60):
        told = await facilityd_json("status", square)
        rows = [one for one in told if one["device"] != "facilityd" and not one["device"].startswith("link-")]
        good = {one["device"] for one in rows if one["quality"] == "good"}
        if good and len(good) == len(rows):
            return good
    return set()
