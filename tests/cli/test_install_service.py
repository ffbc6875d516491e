"""facilityd install-service: what it writes is taken by systemd itself, and lets the daemon do what it must."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from wire_units import absent

from facilityd.cli.main import facilityd
from facilityd.cli.service_files import service_files

UNITS = ("facilityd.service", "facilityd-serve.service")
SITE = """\
site: {id: yard, name: {zh: 院子, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
links: {bus: {protocol: modbus-tcp, host: 192.0.2.1}}
units: {meter: {link: bus, profile: eastron_sdm630, device_id: 1, period: 1min}}
devices:
  lamps:
    family: lighting
    name: {zh: 灯, en: Lamps}
    signals: {power: meter.active_power_total}
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site of one meter, wherever these tests were checked out."""
    monkeypatch.setattr("facilityd.cli.install_service.HIDDEN", ())
    folder = tmp_path / "yard"
    folder.mkdir()
    (folder / "site.yaml").write_text(SITE, encoding="utf-8")
    return folder


def _install(site: Path, *options: str) -> Result:
    return CliRunner().invoke(facilityd, ["install-service", str(site), "--lang", "en", *options])


def _texts(**other: bool) -> dict[str, str]:
    given = {"serial": True, "page": True} | other
    folders = {"folder": Path("/etc/facilityd/my square"), "journal": Path("/var/lib/facilityd")}
    return dict(service_files(site="100%", program=Path("/bin/true"), **folders, **given))


def test_it_writes_below_the_root_and_says_what_comes_next(site: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    answer = _install(site, "--root", str(root))
    assert answer.exit_code == 0, answer.output
    written = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    assert written == set(_texts())
    unit = (root / "etc/systemd/system/facilityd.service").read_text(encoding="utf-8")
    assert f" run {site}\n" in unit
    assert f"ReadWritePaths={site / '.facilityd' / 'yard'}\n" in unit
    assert "PrivateDevices=yes" in unit, "a site without serial lines needs no device"
    assert "systemctl enable --now facilityd facilityd-serve" in answer.output
    assert _install(site, "--root", str(root)).exit_code == 0, "it can be run again"


def test_a_dry_run_shows_everything_and_writes_nothing(site: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    answer = _install(site, "--root", str(root), "--dry-run", "--no-page", "--json")
    told = json.loads(answer.output)
    assert not told["written"]
    assert not root.exists()
    assert not [path for path in told["files"] if "serve" in path]
    assert told["next"][-1] == "systemctl enable --now facilityd"


def test_what_cannot_be_written_is_told_with_its_place(site: Path, tmp_path: Path) -> None:
    (tmp_path / "etc").write_text("a file", encoding="utf-8")
    answer = _install(site, "--root", str(tmp_path))
    assert answer.exit_code == 1
    assert "systemd" in str(answer.exception)


def test_a_home_folder_is_refused_before_the_service_fails_on_it(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("facilityd.cli.install_service.HIDDEN", (site.parent,))
    answer = _install(site, "--root", str(tmp_path / "root"))
    assert answer.exit_code == 1
    assert "home folder" in str(answer.exception)
    assert not (tmp_path / "root").exists()


def test_words_of_people_stay_words_for_systemd() -> None:
    unit = _texts()["etc/systemd/system/facilityd.service"]
    assert "Description=facilityd watches 100%%\n" in unit
    assert 'ExecStart=/bin/true run "/etc/facilityd/my square"\n' in unit
    assert not re.search(r"{\w*}", unit)


def test_only_serial_sites_may_use_serial_devices() -> None:
    assert "DeviceAllow=char-ttyUSB rw" in _texts()["etc/systemd/system/facilityd.service"]
    alone = _texts(serial=False)["etc/systemd/system/facilityd.service"]
    assert "DeviceAllow" not in alone
    assert "dialout" not in alone


def _analyze(tmp_path: Path, *what: str) -> subprocess.CompletedProcess[str]:
    if not shutil.which("systemd-analyze"):
        absent("systemd-analyze is not installed (Debian package systemd)")
    for path, text in _texts().items():
        (tmp_path / Path(path).name).write_text(text, encoding="utf-8")
    return subprocess.run(
        ["systemd-analyze", *what], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_accepts_the_unit(tmp_path: Path, unit: str) -> None:
    ended = _analyze(tmp_path, "verify", "--man=no", f"./{unit}")
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_counts_an_exposure_below_two_and_a_half(tmp_path: Path, unit: str) -> None:
    ended = _analyze(tmp_path, "security", "--offline=true", "--no-pager", "--threshold=24", f"./{unit}")
    assert ended.returncode == 0, ended.stdout[-300:]
    assert "Overall exposure level" in ended.stdout


def test_the_clock_may_still_be_asked() -> None:
    """``doctor`` and ``clock_synchronised`` call adjtimex, which ProtectClock= would refuse."""
    unit = _texts()["etc/systemd/system/facilityd.service"]
    assert "SystemCallFilter=adjtimex" in unit
    assert "ProtectClock" not in unit


def test_names_of_adapters_are_rules_of_udev() -> None:
    rules = _texts()["etc/udev/rules.d/60-facilityd.rules"].splitlines()
    name = next(line for line in rules if "SYMLINK" in line)
    assert name.endswith('SYMLINK+="rs485/$env{ID_PATH_TAG}"')
    parts = [part.strip() for part in name.split(",")]
    assert all(re.fullmatch(r'[A-Z]+(\{\w+\})?(==|=|\+=)"[^"]*"', part) for part in parts), parts


def test_every_name_in_sysusers_and_tmpfiles_is_a_line_of_theirs() -> None:
    texts = _texts()
    for path in ("etc/sysusers.d/facilityd.conf", "etc/tmpfiles.d/facilityd.conf"):
        lines = [line for line in texts[path].splitlines() if line and not line.startswith("#")]
        assert lines
        assert {line[0] for line in lines} <= set("umd")
