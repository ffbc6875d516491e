"""The shelf: a site's own files beside the shipped ones, and every mistake told with its place."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from devices.tables import SHELF, families, load_family, load_profile, profiles
from facilityd.errors import ConfigError

ENCODER = (SHELF / "profiles" / "briter_brt.yaml").read_text(encoding="utf-8")
POLE = (SHELF / "families" / "flagpole.yaml").read_text(encoding="utf-8")


def _put(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_under_a_wrong_name_is_told(tmp_path: Path) -> None:
    wrong = _put(tmp_path, "other.yaml", ENCODER)
    with pytest.raises(
        ConfigError, match=r"other.yaml:1:10: profile 'briter_brt' stands in file 'other.yaml'"
    ):
        load_profile(wrong)
    with pytest.raises(ConfigError, match=r"family 'flagpole' stands in file 'poles.yaml'"):
        load_family(_put(tmp_path, "poles.yaml", POLE))


def test_a_site_adds_its_own_and_replaces_shipped_ones(tmp_path: Path) -> None:
    _put(tmp_path / "profiles", "encoder_two.yaml", ENCODER.replace("briter_brt", "encoder_two"))
    _put(tmp_path / "profiles", "briter_brt.yaml", ENCODER.replace("max_block: 4", "max_block: 2"))
    _put(tmp_path / "families", "mast.yaml", POLE.replace("family: flagpole", "family: mast", 1))
    own = profiles(tmp_path)
    assert set(own) == {*profiles(), "encoder_two"}
    assert own["briter_brt"].max_block == 2
    assert profiles()["briter_brt"].max_block == 4
    assert set(families(tmp_path)) == {*families(), "mast"}


def test_a_site_without_files_of_its_own_has_the_shipped_ones(tmp_path: Path) -> None:
    assert profiles(tmp_path) == profiles()
    assert families(tmp_path) == families()


def test_shipped_files_are_read_once() -> None:
    assert profiles()["briter_brt"] is profiles()["briter_brt"]
    assert families()["hoist"] is families()["hoist"]


def test_nobody_changes_what_others_get() -> None:
    with pytest.raises(TypeError):
        profiles()["briter_brt"] = profiles()["delta_ms300"]  # type: ignore[index]


def test_a_shipped_table_is_read_when_it_is_asked_for() -> None:
    """In a process of its own: a command that needs two tables opens two files."""
    code = (
        "import sys, devices.tables as tables\n"
        "opened = []\n"
        "sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == 'open' else None)\n"
        "shelf = tables.profiles()\n"
        "assert 'briter_brt' in shelf and len(shelf) > 10 and 'nothing' not in shelf\n"
        "shelf['briter_brt'], tables.families()['hoist'], shelf['briter_brt']\n"
        "print(sorted(one.rsplit('/', 1)[1] for one in opened if one.endswith('.yaml') and '/devices/' in one))\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "['briter_brt.yaml', 'hoist.yaml', 'sensor_rule.yaml']"


def test_every_mistake_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    spoiled = ENCODER.replace("evidence: A", "evidence: D").replace("max_gap: 0", "max_gab: 0")
    _put(tmp_path / "profiles", "briter_brt.yaml", spoiled)
    _put(tmp_path / "profiles", "third.yaml", ENCODER)
    with pytest.raises(ConfigError) as told:
        profiles(tmp_path)
    text = "\n".join(told.value.problems)
    assert len(told.value.problems) == 3
    for part in ("briter_brt.yaml:6:11: 'D' is not allowed", "briter_brt.yaml:9:1: unknown key 'max_gab'",
                 "did you mean 'max_gap'", "third.yaml:1:10: profile 'briter_brt'"):  # fmt: skip
        assert part in text


def test_a_file_that_is_not_there_is_an_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent.yaml:1:1: cannot be read"):
        load_profile(tmp_path / "absent.yaml")
