"""facilityd scan as a technician calls it, and what goes wrong in front of a cupboard."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.cupboard import cupboard
from support.servers import free_port

from facilityd.cli.main import facilityd
from facilityd.cli.scan_targets import settings
from facilityd.errors import UsageError
from facilityd.model.scan_result import ScanResult
from simulators.endpoint import READS
from simulators.modbus_tcp import TcpEndpoint

UNITS = {1: "eastron_sdm630", 2: "renke_rs_fsjt", 4: "delta_ms300"}


def _cupboard(*, gateway: bool = True) -> AbstractAsyncContextManager[TcpEndpoint]:
    return cupboard(UNITS, gateway=gateway)


async def _called(*words: str, ctrl_c_at: str = "") -> tuple[int, str, str]:
    """Run it as a process; return status, output and what was said on the way. ``ctrl_c_at``: end it there."""
    command = (sys.executable, "-m", "facilityd", "scan", *words)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command, stdout=pipe, stderr=pipe, env=os.environ | {"LANG": "C"}
    )
    assert process.stderr is not None
    said = b""
    if ctrl_c_at:
        while ctrl_c_at.encode() not in said:
            said += await process.stderr.readline()
        process.send_signal(signal.SIGINT)
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, out.decode(), (said + err).decode()


async def test_what_was_found_is_a_table_a_file_and_json(tmp_path: Path) -> None:
    async with _cupboard() as endpoint:
        status, shown, said = await _called(
            endpoint.address, "--ids", "1-5", "-o", str(tmp_path / "scan.json")
        )
        again, told, _ = await _called(endpoint.address, "--ids", "1-5", "--json", "--lang", "zh")
        assert set(endpoint.witness) <= READS
    assert (status, again) == (0, 0)
    assert "3 units answer" in shown
    assert "eastron_sdm630 (Eastron SDM630 three-phase meter)" in shown
    assert (
        "no model code: one of these, or another (look at its nameplate): dfrobot_sen0483, renke_rs_fsjt"
        in shown
    )
    assert f"{endpoint.address}: device id 4 answers" in said, "told as soon as it is known"
    assert f"facilityd init FOLDER --from-scan {tmp_path / 'scan.json'}" in " ".join(shown.split())
    result = ScanResult.model_validate_json((tmp_path / "scan.json").read_text("utf-8"))
    assert result == ScanResult.model_validate_json(told)
    assert result.complete
    assert [unit.device_id for unit in result.links[0].units] == list(UNITS)


async def test_ctrl_c_shows_what_was_found_so_far() -> None:
    async with _cupboard(gateway=False) as endpoint:  # others are silent: a second each
        status, shown, said = await _called(
            endpoint.address, "--ids", "1-247", ctrl_c_at="device id 4 answers"
        )
    assert status == 0
    assert "the scan ended early" in said
    assert "3 units answer" in shown
    assert "Traceback" not in said


async def test_its_time_is_bounded() -> None:
    async with _cupboard(gateway=False) as endpoint:
        status, told, said = await _called(endpoint.address, "--ids", "5-247", "--within", "2s", "--json")
    assert status == 1
    assert "the scan ended early" in said
    (link,) = ScanResult.model_validate_json(told).links
    assert link.asked < link.ids == 243


async def test_a_small_network_is_searched_and_closed_addresses_are_counted() -> None:
    async with _cupboard() as endpoint:
        words = "127.0.0.0/29", "--port", str(endpoint.port), "--ids", "1-4"
        status, shown, _ = await _called(*words)
    assert status == 0
    assert "3 units answer" in shown
    assert "Besides, addresses that took no connection: 5." in shown


async def test_nobody_there_says_what_to_look_at() -> None:
    async with _cupboard() as endpoint:
        status, shown, _ = await _called(endpoint.address, "--ids", "7-9")
    assert status == 1
    assert "none of the 3 device ids that were asked answers. Many devices allow one connection only" in shown


def _said(*words: str) -> str:
    done = CliRunner().invoke(facilityd, ["scan", *words, "--lang", "en"])
    assert done.exit_code in (1, 2), done.output
    return done.output + (str(done.exception) if isinstance(done.exception, UsageError) else "")


def test_a_file_that_cannot_be_written_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    said = _said("cupboard.invalid", "-o", str(tmp_path / "nowhere" / "scan.json"))
    assert "nowhere/scan.json: cannot be written: No such file or directory" in said
    assert "no machine has this name" not in said


def test_a_closed_port_and_an_unknown_host_are_told() -> None:
    port = free_port()
    assert f"127.0.0.1:{port}: cannot be opened (refused: nothing listens on this port)" in _said(
        f"127.0.0.1:{port}"
    )
    assert "no machine has this name" in _said("cupboard.invalid")


def test_a_serial_port_that_is_not_there_or_not_allowed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert f"there is no {tmp_path}/tty. Plug in the converter" in _said("--serial", f"{tmp_path}/tty")
    ours, theirs = os.openpty()
    try:
        monkeypatch.setattr(os, "access", lambda *_: False)  # root may open everything
        port = os.ttyname(theirs)
        said = _said("--serial", port)
    finally:
        os.close(ours)
        os.close(theirs)
    assert f"may not use {port}" in said
    assert "sudo usermod -aG" in said
    assert said.count("sudo usermod") == 1, "once, not for each speed"


def test_a_serial_port_that_does_not_take_the_settings_says_so() -> None:
    ours, theirs = os.openpty()
    try:
        said = _said("--serial", os.ttyname(theirs), "--ids", "1", "--baud", "9600", "--parity", "E")
    finally:
        os.close(ours)
        os.close(theirs)
    assert "the port does not take 9600 8E1" in said
    assert "dialout" not in said, "it may be opened, and it is there"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "say what to scan"),
        (["10.0.0.0/8"], "10.0.0.0/8 is too large; at most 256 addresses"),
        (["10.0.0.0/99"], "'10.0.0.0/99' is no host, host:port or network"),
        (["1.2.3.4:x"], "'1.2.3.4:x' is no host"),
        (["1.2.3.4", "--ids", "0-300"], "'0-300' are no device ids"),
        (["1.2.3.4", "--ids", "9-3"], "'9-3' are no device ids"),
        (["--serial", "/dev/ttyUSB0", "--baud", "9601"], "'9601' is no baud rate; auto or 1200, 2400"),
    ],
)
def test_a_wrong_word_is_told(words: list[str], told: str) -> None:
    assert told in _said(*words)


def test_speeds_are_tried_the_likeliest_first() -> None:
    assert settings((), "auto")[:2] == [(9600, "N"), (19200, "E")]
    assert settings((9600, 4800), "auto") == [(9600, "N"), (9600, "E"), (4800, "N"), (4800, "E")]
    assert settings((9600,), "O") == [(9600, "O")]
    assert len(settings((), "N")) == len({speed for speed, _ in settings((), "N")})


def test_a_file_of_another_kind_is_not_read_as_a_scan() -> None:
    with pytest.raises(ValueError, match="scan"):
        ScanResult.model_validate_json(json.dumps({"scan": 2}))


def _yard(folder: Path, endpoint: str) -> Path:
    host, _, port = endpoint.rpartition(":")
    about = "site: {id: yard, name: {zh: 院子, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}"
    link = f"links: {{gateway: {{protocol: modbus-tcp, host: {host}, port: {port}}}}}"
    (folder / "site.yaml").write_text(f"{about}\n{link}\n", encoding="utf-8")
    return folder


async def test_a_link_of_a_site_that_nobody_watches_is_asked_at_its_address(tmp_path: Path) -> None:
    async with _cupboard() as endpoint:
        yard = _yard(tmp_path, endpoint.address)
        status, shown, said = await _called("gateway", "--site", str(yard), "--ids", "1-5")
    assert status == 0
    assert "3 units answer" in shown
    assert "the daemon" not in said


def test_a_name_that_is_no_link_of_the_site_is_taken_as_a_host_and_said_so(tmp_path: Path) -> None:
    yard = _yard(tmp_path, "127.0.0.1:1")
    said = _said("gatewya", "--site", str(yard))
    assert f"{yard} has no link gatewya (there are: gateway): it is taken as a host" in said
    assert "no machine has this name" in said
