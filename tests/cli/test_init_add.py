"""facilityd init once more: what is added stands in a file of its own; and templates are sites that pass check."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from facilityd.cli.init_files import init_words
from facilityd.cli.main import facilityd
from facilityd.config.load import load
from facilityd.errors import ConfigError, UsageError
from facilityd.model.scan_result import ScannedLink, ScannedUnit, ScanResult

ABOUT = ("--name", "北广场", "--latitude", "39.9", "--longitude", "116.4", "--timezone", "Asia/Shanghai")
METER = ("--unit", "eastron_sdm630")


def _called(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(facilityd, ["init", str(folder), *words])


def _made(folder: Path, *words: str) -> dict[str, object]:
    done = _called(folder, *words, "--json")
    assert done.exit_code == 0, done.exception or done.output
    made: dict[str, object] = json.loads(done.output)
    return made


def _refused(folder: Path, *words: str) -> str:
    done = _called(folder, *words, "--lang", "en")
    assert isinstance(done.exception, UsageError), done.output
    return str(done.exception)


def _files(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*.yaml")}


@pytest.fixture
def yard(tmp_path: Path) -> Path:
    folder = tmp_path / "yard"
    _made(folder, *ABOUT, *METER, "10.0.0.9", "1", *METER, "/dev/ttyUSB0", "3")
    return folder


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("template", list(init_words().templates))
def test_a_template_is_wired_as_the_square_and_has_no_limits_of_its_machines(
    template: str, language: str, tmp_path: Path
) -> None:
    folder = tmp_path / "new"
    _made(folder, *ABOUT, "--template", template, "--lang", language)
    site, square = load(folder), load(Path("config/square"), secrets=False)
    wanted = init_words().templates[template]
    assert set(site.devices) == (set(square.devices) if wanted == ("*",) else set(wanted))
    for name, device in site.devices.items():
        assert device.name == square.devices[name].name
    for name, unit in site.units.items():
        like = square.units[name]
        assert (unit.link, unit.device_id, unit.profile.profile) == (
            like.link,
            like.device_id,
            like.profile.profile,
        )
    read = {
        (one.stream.device, one.stream.signals[one.slot])
        for unit in site.units.values()
        for one in unit.bindings
    }
    assert read == {
        (one.stream.device, one.stream.signals[one.slot])
        for unit in square.units.values()
        for one in unit.bindings
        if one.stream.device in site.devices
    }
    assert {unit.link for unit in site.units.values()} == set(site.links)
    assert not any("\n    rules:" in text for text in _files(folder).values())
    said = "样例" if language == "zh" else "An example"
    assert all(
        said in text for name, text in _files(folder).items() if name in ("hoist.yaml", "fountain.yaml")
    )


def test_units_go_into_a_template_at_once(tmp_path: Path) -> None:
    made = _made(tmp_path / "new", *ABOUT, "--template", "hoist", *METER, "10.0.0.9", "1")
    assert "added.yaml" in made["files"]  # type: ignore[operator]
    assert "eastron-sdm630-1" in load(tmp_path / "new").units


def test_what_is_added_leaves_every_file_as_it_is_and_uses_links_that_are_there(yard: Path) -> None:
    before = _files(yard)
    made = _made(yard, *METER, "10.0.0.9:502", "2", *METER, "10.0.0.10", "1")
    assert made["files"] == ["added.yaml"]
    assert made["units"] == ["eastron-sdm630-3", "eastron-sdm630-4"]
    assert f"facilityd reload {yard}" in made["next"]  # type: ignore[operator]
    after = _files(yard)
    assert {name: after[name] for name in before} == before
    site = load(yard)
    assert site.units["eastron-sdm630-3"].link == site.units["eastron-sdm630-1"].link
    assert set(site.links) == {"controller-1", "bus-1", "controller-2"}
    assert _made(yard, *METER, "/dev/ttyUSB0", "4")["files"] == ["added-2.yaml"]
    assert load(yard).units["eastron-sdm630-5"].link == "bus-1"


def test_a_second_scan_adds_only_what_is_new(yard: Path, tmp_path: Path) -> None:
    found = ScanResult(links=(ScannedLink(protocol="modbus-tcp", host="10.0.0.9", units=(
        ScannedUnit(device_id=1, fits=("eastron_sdm630",), certain=True),
        ScannedUnit(device_id=7, fits=("chint_dtsu666",), certain=True),
    )),))  # fmt: skip
    scan = tmp_path / "scan.json"
    scan.write_text(found.model_dump_json(), encoding="utf-8")
    made = _made(yard, "--from-scan", str(scan))
    assert (made["units"], made["skipped"]) == (["chint-dtsu666-1"], 1)
    assert "has all of these units already" in _refused(yard, "--from-scan", str(scan))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "there is nothing to add"),
        (("--name", "x", *METER, "10.0.0.9", "9"), "its files say --name"),
        (("--template", "hoist"), "its files say --template"),
        ((*METER, "10.0.0.9", "1"), "has all of these units already"),
        (
            (*METER, "10.0.0.9", "8", *METER, "10.0.0.9", "8"),
            "device id 8 on link 'controller-1' is already unit",
        ),
    ],
)
def test_what_cannot_be_added_is_told_and_leaves_no_trace(
    yard: Path, words: tuple[str, ...], told: str
) -> None:
    before = _files(yard)
    assert told in _refused(yard, *words)
    assert _files(yard) == before
    assert not list(yard.parent.glob(".init-*"))


def test_a_site_with_mistakes_is_mended_before_anything_is_added(yard: Path) -> None:
    (yard / "site.yaml").write_text("site: {id: 7}\n", encoding="utf-8")
    assert isinstance(_called(yard, *METER, "10.0.0.9", "9").exception, ConfigError)
    assert not (yard / "added.yaml").exists()
