"""A library that only some commands need is missed by name, not by a traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import sys
library, *words = sys.argv[1:]
sys.modules[library] = None
from facilityd.cli.main import main
sys.argv = ["facilityd", *words]
main()
"""


@pytest.mark.parametrize(
    ("library", "extra", "words"),
    [
        ("amqtt", "demo", ["simulate", "serve", "config/square", "--broker"]),
        ("pyarrow", "parquet", ["export", "config/square", "-o", "{folder}/week.parquet"]),
        ("pyarrow", "parquet", ["export", "config/square", "-o", "{folder}/week.arrow"]),
        ("resvg_py", "png", ["history", "config/square", "hoist-1", "torque", "--png", "{folder}/x.png"]),
    ],
)
def test_the_extra_is_named(tmp_path: Path, library: str, extra: str, words: list[str]) -> None:
    words = [word.format(folder=tmp_path) for word in words]
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT, library, *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    assert ended.stderr.startswith(f"facilityd: this command needs the library {library}")
    assert f"facilityd[{extra}]" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())
