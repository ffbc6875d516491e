"""On a new machine every server is built from its pinned module: nothing that a cache holds already hides a mistake."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SERVERS = Path("tools/servers").resolve()
GO = """#!/usr/bin/env bash
# Stands for the compiler: says where it is asked to build what, and leaves a file where the binary would be.
[ "$1" = build ] || exit 0
package=${!#}
while [ $# -gt 0 ]; do [ "$1" = -o ] && binary=$2; shift; done
grep -q . go.mod || exit 1
echo "$PWD $package" >>"$ASKED"
touch "$binary"
"""


@pytest.mark.parametrize("server", sorted(path.parent.name for path in SERVERS.glob("*/go.mod")))
def test_with_an_empty_cache_all_that_go_builds_is_pinned_by_the_servers_own_module(
    server: str, tmp_path: Path
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("go", "gcc", "cargo", "rustc"):
        (tools / tool).write_text(GO)
        (tools / tool).chmod(0o755)
    asked = tmp_path / "asked"
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "ASKED": str(asked)}

    built = subprocess.run(
        ["bash", str(SERVERS / "build.sh"), server, str(tmp_path / "cache")],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert built.returncode == 0, built.stderr
    module = (SERVERS / server / "go.mod").read_text()
    for place, package in (line.split() for line in asked.read_text().splitlines()):
        assert place == str(SERVERS / server)
        assert any(word in module for word in ("/".join(package.split("/")[:n]) for n in (3, 4))), package
