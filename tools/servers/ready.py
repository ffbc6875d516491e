"""Before the tests: have the real servers at hand, building each once where that is possible."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

BUILD = Path(__file__).with_name("build.sh")
SERVERS = {"influxd": "InfluxDB", "alertmanager": "Alertmanager", "pysparkplug": "Sparkplug edge node"}

WANTED = {"promtool": "promtool"}
"""Checks what we serve, and is no peer of ours: where it cannot be built two tests are skipped, saying so."""


def main() -> int:
    """Say which servers the tests will run against."""
    for server, name in WANTED.items():
        ready(server, name, required=False)
    return max(ready(server, name) for server, name in SERVERS.items())


def ready(server: str, name: str, *, required: bool = True) -> int:
    """Find or build one; return 1 where it is required and cannot be had."""
    if found := os.environ.get(server.upper()) or shutil.which(server):
        print(f"{name} for the tests: {found}")
        return 0
    built = subprocess.run(["bash", str(BUILD), server], check=False, stdout=subprocess.PIPE, text=True)
    if built.returncode == 0:
        print(f"{name} for the tests: {Path(built.stdout.strip()).name}, built here")
        return 0
    if required and os.environ.get("FACILITYD_REQUIRE_SERVERS"):
        print(f"{name} is required here (FACILITYD_REQUIRE_SERVERS) and could not be built")
        return 1
    print(f"{name} could not be built here: the tests that need it will be skipped, saying so")
    return 0


if __name__ == "__main__":
    sys.exit(main())
