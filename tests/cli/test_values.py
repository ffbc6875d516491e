"""Values that no option takes are refused in words, before anything begins."""

from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner
from support.site import SQUARE

from facilityd.cli.main import facilityd

REFUSED = (
    ("simulate", "serve", SQUARE, "--fault", "1s:fountain-2:leakage=1e"),
    ("simulate", "serve", SQUARE, "--fault", "1s:fountain-2:leakage=1e999"),
    ("simulate", "serve", SQUARE, "--seed", "-1"),
    ("simulate", "demo", "--seconds", "nan"),
    ("simulate", "demo", "--seconds", "-1"),
    ("simulate", "demo", "--seconds", "inf"),
    ("simulate", "replay", __file__, "--port", "99999"),
    ("simulate", "replay", __file__, "--port", "0"),
    ("simulate", "replay", __file__, "--speed", "nan"),
    ("record", SQUARE, "dali", "-o", "/dev/null", "--seconds", "nan"),
    ("tail", SQUARE, "--count", "-1"),
    ("unwaive", SQUARE, "0", "--by", "me"),
    ("unmark", SQUARE, "99999999999999999999"),
)


@pytest.mark.parametrize("words", REFUSED, ids=lambda words: " ".join(map(str, words[-3:])))
def test_it_is_refused_in_words(words: tuple[object, ...]) -> None:
    done = CliRunner().invoke(facilityd, [*map(str, words)])
    assert done.exit_code == 2, done.output
    assert "Invalid value" in done.stderr
    assert "bug" not in done.output


def test_a_closed_input_and_no_home_harm_nothing() -> None:
    command = f"{sys.executable} -m facilityd plan {SQUARE} <&-"
    done = subprocess.run(
        ["bash", "-c", command], env={"PATH": "/usr/bin:/bin"}, check=False, capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert b"hoist-bus" in done.stdout
