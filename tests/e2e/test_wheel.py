"""What people install is the wheel: in an empty folder it checks, plays a story, and offers its fixture."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built wheel, unpacked; its dependencies are those of this environment."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    copy = ["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(source)]
    subprocess.run(copy, check=True, capture_output=True)
    words = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--disable-pip-version-check",
        "-w",
        str(folder),
        str(source),
    ]
    subprocess.run(words, check=True, capture_output=True, timeout=110)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def _run(installed: Path, cwd: Path, *words: str) -> str:
    env = {**os.environ, "PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-P", "-m", *words],
        cwd=cwd,
        env=env,
        check=False,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_is_what_is_tested(installed: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", "import facilityd, simulators; print(facilityd.__file__, simulators.__file__)"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(installed)}, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout.count(str(installed)) == 2


def test_a_story_of_the_demonstration_site_plays(installed: Path, tmp_path: Path) -> None:
    assert "1 of 1 passed" in _run(installed, tmp_path, "facilityd", "simulate", "run", "f04-strainer")


def test_the_demonstration_site_and_the_schemas_are_in_it(installed: Path, tmp_path: Path) -> None:
    said = _run(installed, tmp_path, "facilityd", "check", str(installed / "simulators" / "demo_site"))
    assert "nothing is wrong" in said
    for name in ("site", "profile", "family", "scenario"):
        assert json.loads((installed / "facilityd/schemas" / f"{name}.json").read_text(encoding="utf-8"))[
            "$defs"
        ]


def test_the_demo_runs(installed: Path, tmp_path: Path) -> None:
    said = _run(installed, tmp_path, "facilityd", "simulate", "demo", "--plain", "--seconds", "3")
    assert "the demo has ended" in said


def test_the_fixture_works_in_somebody_elses_project(installed: Path, tmp_path: Path) -> None:
    text = (ROOT / "docs/testing/example/test_fountain.py").read_text(encoding="utf-8")
    (tmp_path / "test_fountain.py").write_text(text, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    assert "1 passed" in _run(installed, tmp_path, "pytest", "-q")
