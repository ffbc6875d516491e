"""Where the real servers are that tools/servers/build.sh builds; what cannot be had skips loudly, or fails."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from facilityd.scenario.real_runtime import free_ports

CACHE = Path(__file__).resolve().parents[2] / ".cache" / "servers"


def built(name: str, version: str) -> Path:
    """Return a server's path: its variable (INFLUXD …), PATH, or what build.sh left; else skip, or fail."""
    variable = name.upper()
    named = os.environ.get(variable) or shutil.which(name) or CACHE / f"{name}-{version}"
    if Path(named).exists():
        return Path(named)
    reason = f"no {name}: set {variable}, or run tools/servers/build.sh {name}"
    if os.environ.get("FACILITYD_REQUIRE_SERVERS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    """Return a port that nobody listens on now."""
    return free_ports(1)[0]
