"""What no tool checks: generated pages are current, no clock in the core, files and functions stay small."""

from __future__ import annotations

import ast
import json
import re
import runpy
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

PACKAGES = ("facilityd", "devices", "simulators")
SOURCES = [path for package in PACKAGES for path in sorted(Path(package).rglob("*.py"))]
PRONOUNCED = re.compile(r"\b(time\.time|time\.monotonic|datetime\.now|time_ns|monotonic_ns|perf_counter)\b")


def test_schemas_are_current() -> None:
    done = subprocess.run(
        [sys.executable, "tools/schemas.py", "--check"], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_the_hardware_page_is_current() -> None:
    page = runpy.run_path("tools/hardware_table.py")["text"]()
    assert Path("docs/hardware.md").read_text(encoding="utf-8") == page


def test_the_page_of_findings_is_current_and_its_examples_are_of_rules_that_exist() -> None:
    tool = runpy.run_path("tools/findings.py")
    page = Path("docs/findings.md").read_text(encoding="utf-8")
    assert page == tool["text"](), "run tools/findings.py (with --gather after new stories)"
    rules = {f"{name}/{rule}" for name, family in tool["families"](None).items() for rule in family.rules}
    examples = json.loads(Path("tools/findings_examples.json").read_text(encoding="utf-8"))
    assert set(examples) == rules, "every rule has a story in which the crew reads it"
    assert all(example["evidence"]["slug"] for example in examples.values())


@pytest.mark.parametrize("package", ["detect", "alarm", "pipeline"])
def test_the_core_reads_no_clock(package: str) -> None:
    for path in Path("facilityd", package).rglob("*.py"):
        assert not PRONOUNCED.search(path.read_text(encoding="utf-8")), path


def test_no_file_is_over_300_lines() -> None:
    everything = {
        *SOURCES,
        *(path for top in ("tests", "tools", "benchmarks") for path in Path(top).rglob("*.py")),
    }
    long = {
        str(path): n for path in everything if (n := len(path.read_text(encoding="utf-8").splitlines())) > 300
    }
    assert long == {}


def _functions() -> Iterator[tuple[str, int]]:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{path}:{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def test_functions_are_small() -> None:
    lengths = dict(_functions())
    assert statistics.median(lengths.values()) <= 8
    assert {name: n for name, n in lengths.items() if n > 60} == {}
    assert sorted(lengths.values())[int(0.9 * len(lengths))] < 30


def test_the_daemon_never_loads_a_simulator() -> None:
    code = (
        "import sys, facilityd.app.daemon, facilityd.cli.run, facilityd.cli.status;"
        "sys.exit(any(name.split('.')[0] == 'simulators' for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_daemon_loads_numpy_only_to_fit() -> None:
    """It costs 0.2 s and 20 MB, and judging does without."""
    code = (
        "import sys, facilityd.app.daemon, facilityd.cli.run, facilityd.cli.status, facilityd.detect.fit;"
        "sys.exit('numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_readme_names_every_command() -> None:
    from facilityd.cli.main import COMMANDS

    text = Path("README.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"`{name}" not in text] == []


def test_lock_files_name_no_host() -> None:
    for lock in Path("requirements").glob("*.lock"):
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text, lock
        assert "--hash=sha256:" in text


def test_every_container_is_confined():
    files = [yaml.safe_load(one.read_text(encoding="utf-8")) for one in Path().glob("compose*.yaml")]
    assert len(files) == 2
    for name, service in (pair for compose in files for pair in compose["services"].items()):
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert int(service["user"].partition(":")[0]) > 0, name
        assert "apt-get" not in str(service.get("command")), name
