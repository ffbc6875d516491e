"""Output that nobody takes, a terminal without Chinese, a signal: one line at most, and a status."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

FACILITYD = [sys.executable, "-m", "facilityd"]
SITE = "config/square"


def _shell(line: str, **env: str) -> subprocess.CompletedProcess[str]:
    words = line.replace("facilityd", f"{sys.executable} -m facilityd", 1)
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", words], check=False, capture_output=True, text=True, timeout=60,
        env={**os.environ, **env},
    )  # fmt: skip


def test_a_reader_that_has_seen_enough_is_no_mistake() -> None:
    done = _shell(f"facilityd plan {SITE} | head -1")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_behind_the_output_is_one_line() -> None:
    done = _shell(f"facilityd plan {SITE} > /dev/full")
    assert done.returncode == 1
    assert done.stderr == "facilityd: the output cannot be written: No space left on device\n"


def test_a_terminal_without_chinese_shows_the_rest() -> None:
    done = _shell(
        f"facilityd rules {SITE} hoist-1 --lang zh", LC_ALL="C", PYTHONUTF8="0", PYTHONIOENCODING="ascii"
    )
    assert done.returncode == 0, done.stderr
    assert "?" in done.stdout
    assert "brake-worn" in done.stdout


def test_a_status_that_a_command_asks_for_reaches_the_shell(tmp_path: Path) -> None:
    """A SystemExit means to main() that the reader has gone, which is status 0: commands raise click's Exit."""
    (tmp_path / "site.yaml").write_text("site: {id: square}\n")
    done = _shell(f"facilityd doctor {tmp_path} --lang en")
    assert done.returncode == 1, done.stdout + done.stderr
    for path in Path("facilityd/cli").glob("*.py"):
        raises = "raise SystemExit" in path.read_text(encoding="utf-8")
        assert not raises, f"{path}: raise click.exceptions.Exit"


LATE = """
from pydantic_core import SchemaValidator, core_schema
from importlib import import_module
main = import_module("facilityd.cli.main")

class Pressed:
    def __repr__(self): raise KeyboardInterrupt

main._call = lambda: SchemaValidator(core_schema.literal_schema([Pressed()]))

main.main()
"""


def test_ctrl_c_while_a_table_is_checked_for_the_first_time_is_quiet() -> None:
    done = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "")


def test_ctrl_c_at_any_moment_of_the_start_is_quiet() -> None:
    for wait in (0.05, 0.15, 0.3, 0.6):
        process = subprocess.Popen(
            [*FACILITYD, "plan", SITE], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        try:
            process.wait(wait)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
        assert "this is a bug" not in said


FORGOTTEN = """
import signal, time
from importlib import import_module
from facilityd.cli import main as start
main = import_module("facilityd.cli.main")

class Pressed:
    def __del__(self): signal.raise_signal(signal.SIGINT)

def work():
    Pressed()
    time.sleep(60)

main._call = work
start()
"""
LOADING = """
import os, signal, sys
from importlib.abc import MetaPathFinder

class Pressed(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "click": os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Pressed())
from facilityd.cli import main
main()
"""


@pytest.mark.parametrize(("code", "status"), [(FORGOTTEN, 130), (LOADING, -signal.SIGINT)])
def test_ctrl_c_is_quiet_where_python_would_print_it(code: str, status: int) -> None:
    """While modules are loaded, and while something is forgotten, where it would be lost besides."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (status, "")
