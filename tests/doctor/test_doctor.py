"""facilityd doctor as a whole: a table of checks in both languages, each within its time, a broken one alone."""

from __future__ import annotations

import json
import os
import pty
import re
import string
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.query_sites import MeterSite

from devices.unit import ModbusLink
from facilityd.app.builtin import DAEMON
from facilityd.cli.main import facilityd
from facilityd.doctor import examine as doctor
from facilityd.doctor import machine, ports, process
from facilityd.doctor.examine import examine
from facilityd.doctor.polling import polling
from facilityd.doctor.verdict import ProbeResult, Verdict, check_words
from facilityd.model.sample import NS
from facilityd.model.text import LANGUAGES
from facilityd.query.site import SiteQuery
from facilityd.store.heartbeat_file import HeartbeatFile, HeartbeatRecord
from facilityd.testing.site import begin


def by_check(results: tuple[ProbeResult, ...]) -> dict[str, ProbeResult]:
    return {f"{one.check} {one.subject}".strip(): one for one in results}


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_finding_says_the_same_in_both_languages() -> None:
    for code, words in check_words().findings.items():
        for text in filter(None, (words.text, words.remedy)):
            assert _fields(text.zh) == _fields(text.en), code
            assert re.search("[\u4e00-\u9fff]", text.zh) or _fields(text.zh) or code == "channel-blind", code
    assert {one.value for one in Verdict} == check_words().outcome.keys()


def test_every_finding_of_the_table_is_one_that_a_check_makes() -> None:
    folder = Path(doctor.__file__).parent
    code = "".join(one.read_text(encoding="utf-8") for one in folder.glob("*.py"))
    assert [name for name in check_words().findings if f'"{name}"' not in code] == []
    assert [name for name in check_words().checks if f'"{name}"' not in code] == []


def test_a_site_is_looked_at_from_all_sides(yard: MeterSite) -> None:
    yard.store(0, 10)
    report = examine([Path(yard.site.source)])
    found = by_check(report.results)
    assert report.worst is Verdict.FAIL, "nothing listens where its meters should be"
    assert {
        "configuration",
        "program",
        "language",
        "limits",
        "clock",
        "disk",
        "permissions",
        "journal",
        "daemon",
    } <= {one.check for one in report.results}
    assert found["configuration"].verdict is Verdict.OK
    assert {one for one in found if one.startswith(("endpoint", "broker", "serial-port"))} >= {
        f"{'broker' if hasattr(link, 'qos') else 'serial-port' if link.serial_port else 'endpoint'} {name}"
        for name, link in yard.site.links.items()
    }


@pytest.mark.parametrize(
    ("lang", "words"), [("en", ["FAIL", "→", "checks are well"]), ("zh", ["故障", "→", "项正常"])]
)
def test_the_command_says_what_is_wrong_and_what_to_do(yard: MeterSite, lang: str, words: list[str]) -> None:
    done = CliRunner().invoke(facilityd, ["doctor", yard.site.source, "--lang", lang])
    assert done.exit_code == 1
    assert [word for word in words if word not in done.output] == []
    answer = json.loads(CliRunner().invoke(facilityd, ["doctor", yard.site.source, "--json"]).output)
    assert (answer["site"], answer["outcome"]) == (yard.site.id, "fail")
    assert {"check", "subject", "outcome", "code", "name", "text", "remedy"} == answer["results"][0].keys()


def test_without_a_site_only_the_machine_is_looked_at() -> None:
    done = CliRunner().invoke(facilityd, ["doctor", "--json"])
    answer = json.loads(done.output)
    assert {one["check"] for one in answer["results"]} == {"program", "language", "limits", "clock"}
    assert answer["site"] is None
    assert done.exit_code == (answer["outcome"] == "fail")


def test_files_with_mistakes_are_told_and_the_machine_is_looked_at_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text("sit: {}\n", encoding="utf-8")
    found = by_check(examine([tmp_path]).results)
    assert found["configuration"].code == "config-wrong"
    assert found["program"].verdict is Verdict.OK


def test_a_password_that_is_not_at_hand_is_told_and_the_rest_is_looked_at(
    yard: MeterSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("YARD_TOKEN")
    found = by_check(examine([Path(yard.site.source)]).results)
    assert found["configuration"].code == "config-secrets"
    assert "YARD_TOKEN" in found["configuration"].text("en")
    assert found["influxdb influx"].code == "unreachable"
    assert found["channel crew-1-webhook"].code == "unreachable"


def test_a_check_that_breaks_or_hangs_is_alone_in_that(
    yard: MeterSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    freed = threading.Event()

    def broken(*_: object) -> Iterator[ProbeResult]:
        raise RuntimeError("password=secret")

    def hanging(*_: object) -> Iterator[ProbeResult]:
        freed.wait(60)
        return iter(())

    monkeypatch.setattr(doctor.files, "disk", broken)
    monkeypatch.setattr(doctor.files, "journal", hanging)
    found = by_check(examine([Path(yard.site.source)], limit=1.0).results)
    freed.set()
    assert (found["disk"].code, found["disk"].verdict) == ("check-broken", Verdict.UNKNOWN)
    assert "secret" not in found["disk"].text("en")
    assert found["journal"].code == "took-too-long"
    assert found["permissions"].verdict is Verdict.OK


# --- the daemon ---------------------------------------------------------------------------------


def _beat(yard: MeterSite, ago: float, pid: int) -> None:
    beat = HeartbeatRecord.now("running")
    told = replace(beat, steady=beat.steady - round(ago * NS), at=yard.now - round(ago * NS), pid=pid)
    HeartbeatFile(yard.journal.path).write(told)


def test_the_daemon_is_told_as_process_user_and_state(
    yard: MeterSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_is_ours", lambda _: True)
    yard.store(-100, 10)
    cases: list[tuple[float, Callable[[], None], list[str]]] = [
        (0, lambda: None, ["daemon-ok"]),
        (20, lambda: None, ["daemon-hangs"]),
        (20, yard.journal.close, ["daemon-not"]),
    ]
    for ago, before, expected in cases:
        _beat(yard, ago, os.getpid())
        before()
        with yard.ask() as query:
            assert [one.code for one in process.daemon(yard.site, query.liveness())] == expected
    assert [one.code for one in process.daemon(yard.site, None)] == ["daemon-not"]


# --- serial ports -------------------------------------------------------------------------------


def test_a_simulated_line_is_no_second_master() -> None:
    """The demo's lines: whoever plays the units has the other end of them."""
    ours, theirs = pty.openpty()
    link = ModbusLink("bus", "modbus-rtu", serial_port=os.ttyname(theirs))
    words = [sys.executable, "-c", "input()", "simulate", "serve", "square"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, pass_fds=[theirs]) as player:
        try:
            os.close(theirs)
            assert [one.code for one in ports.serial_port(link, 0)] == ["port-simulated"]
        finally:
            player.communicate(b"\n")
            os.close(ours)


def test_a_port_that_somebody_has_open_is_told_with_who(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    link = ModbusLink("bus", "modbus-rtu", serial_port=os.ttyname(theirs))
    child = os.fork()
    if not child:
        threading.Event().wait(60)  # holds both ends until it is killed
        os._exit(0)
    try:
        results = list(ports.serial_port(link, 0))
        assert [(one.verdict, one.code) for one in results] == [(Verdict.FAIL, "port-in-use")]
        assert f"(process {child})" in results[0].text("en")
        assert [one.code for one in ports.serial_port(link, child)] == ["port-daemon"]
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
        for one in (ours, theirs):
            os.close(one)
    gone = ModbusLink("bus", "modbus-rtu", serial_port=str(tmp_path / "ttyUSB0"))
    assert [one.code for one in ports.serial_port(gone, 0)] == ["port-missing"]


def test_a_numbered_port_is_told_by_the_name_that_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_id, port = tmp_path / "by-id", tmp_path / "ttyUSB0"
    by_id.mkdir()
    port.touch()
    (by_id / "usb-FTDI_A1").symlink_to(port)
    monkeypatch.setattr(ports, "BY_ID", by_id)
    link = ModbusLink("bus", "modbus-rtu", serial_port=str(port))
    said, well = ports.serial_port(link, 0)
    assert (said.code, well.code) == ("port-number", "port-ok")
    assert str(by_id / "usb-FTDI_A1") in said.remedy("en")


# --- the machine --------------------------------------------------------------------------------


def test_libraries_of_another_version_and_missing_ones_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = ["apsw<4,>=99", "click<9,>=8.3", "nosuch[extra]>=1", 'pytest>=8; extra == "testing"']
    monkeypatch.setattr(machine.metadata, "requires", lambda _: wanted)
    assert [(one.code, dict(one.fields)["name"]) for one in machine.program()] == [
        ("library-old", "apsw"), ("library-missing", "nosuch"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kept", "code"), [((True, 0.02), "clock-ok"), ((False, 16.0), "clock-loose"), (None, "clock-unknown")]
)
def test_a_clock_is_kept_in_step_or_not_or_nobody_knows(
    monkeypatch: pytest.MonkeyPatch, kept: tuple[bool, float] | None, code: str
) -> None:
    monkeypatch.setattr(machine, "clock_state", lambda: kept)
    assert [one.code for one in machine.clock("Asia/Shanghai")] == [code]


def test_a_clock_from_before_the_program_and_a_zone_that_is_not_there_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(machine.time, "time", lambda: 0.0)
    assert [one.code for one in machine.clock("Asia/Nowhere")] == ["zone-missing", "clock-wrong"]


def test_the_kernels_clock_can_be_asked_by_anybody() -> None:
    state = machine.clock_state()
    assert state is None or state[1] >= 0


def test_too_few_files_for_many_links_are_told() -> None:
    assert [one.code for one in machine.limits(10_000_000)] == ["limits-low"]
    assert [one.code for one in machine.limits(1)] == ["limits-ok"]


@pytest.mark.parametrize(
    ("figures", "codes"),
    [
        ({"load": 12.0, "lateness_p99": 3.0}, ["polling-ok"]), ({"load": 97.0, "lateness_p99": 3.0}, ["link-busy"]),
        ({"load": 40.0, "lateness_p99": 1500.0}, ["polls-late"]), ({"load": 12.0}, []), ({}, []),
    ],
)  # fmt: skip
def test_how_a_link_is_polled_is_said_by_the_daemons_own_figures(
    figures: dict[str, float], codes: list[str]
) -> None:
    found = list(polling("bus", figures))
    assert [one.code for one in found] == codes
    assert all("%" in one.text(language) for one in found for language in LANGUAGES)


def test_the_figures_are_those_of_the_journal_while_the_daemon_watches(tmp_path: Path) -> None:
    with begin("square", tmp_path, ("fountain-1",), "2026-06-10T10:01", 1, real=False) as running:
        running.advance("3min")
        with SiteQuery(running.site, lambda: round(running.now.timestamp()) * NS) as query:
            links = query.devices(("link-fountain-gateway",))
            daemon = query.devices((DAEMON,))
    told = {one.signal: one for row in (*links, *daemon) for one in row.signals}
    for name in ("load", "lateness_p50", "lateness_p99"):
        assert told[name].quality == "good", name
    assert told["lateness_p99"].value == 1.0, "in virtual time nothing is late, and that was counted"
