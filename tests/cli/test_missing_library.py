"""A library that only some commands need is missed by name, not by a traceback."""

import subprocess
import sys

SCRIPT = """
import sys
sys.modules["amqtt"] = None
from facilityd.cli.main import main
sys.argv = ["facilityd", "simulate", "serve", "config/square", "--broker"]
main()
"""


def test_the_extra_is_named():
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 1, ended.stderr
    assert ended.stderr.startswith("facilityd: this command needs the library amqtt")
    assert "facilityd[demo]" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
