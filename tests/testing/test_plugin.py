"""A user's own project: nothing in it but a test, and facilityd installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "testing" / "example" / "test_fountain.py"
FAILING = """
def test_nothing_happens(simulated_site):
    site = simulated_site("square", only=["fountain-1"])
    site.wait_for_alarm("F1", on="fountain-1", within="1min")
"""


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]
    return subprocess.run(words, capture_output=True, text=True, cwd=folder, check=False)


def test_ten_lines_in_an_empty_project_find_a_clogged_strainer(tmp_path: Path) -> None:
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) <= 10
    shutil.copy(EXAMPLE, tmp_path)
    done = run(tmp_path)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_what_does_not_happen_is_explained(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(FAILING)
    done = run(tmp_path)
    assert done.returncode == 1
    assert "no alarm F1 on fountain-1; its last verdict was false" in done.stdout
    assert "Residual current is " in done.stdout


def test_the_example_stands_in_the_documentation() -> None:
    said = (EXAMPLE.parents[1] / "README.md").read_text(encoding="utf-8")
    assert EXAMPLE.read_text(encoding="utf-8") in said


def test_a_site_over_real_sockets(simulated_site) -> None:
    site = simulated_site(Path(__file__).parent / "basin", real=True, start="2026-06-10T10:05")
    site.wait_until(lambda: site.value("fountain-1", "power") is not None, within="20s")
    site.fault("fountain-1", "trip")
    alarm = site.wait_for_alarm("F13", on="fountain-1", within="20s")
    assert alarm.evidence is not None
    site.restart()
    site.wait_until(lambda: site.value("fountain-1", "tripped") is True, within="20s")
    assert len([a for a in site.alarms() if a.rule == "drive-trip"]) == 1
