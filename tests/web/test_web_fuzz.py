"""The API against its own description: schemathesis asks what fits it and what does not, and finds nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.web import add_token, add_user, web_server

from facilityd.model.sample import NS
from facilityd.testing.site import begin

EXAMPLES = os.environ.get("FACILITYD_FUZZ", "")
CONFIG = Path(__file__).with_name("schemathesis.toml")


@pytest.mark.fuzz
@pytest.mark.timeout(7200 if EXAMPLES else 120)
def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    """A daemon in virtual time; a few examples of each route here, a hundredth of the others' at night."""
    examples = str(max(2, int(EXAMPLES) // 100)) if EXAMPLES else "2"
    phases = "coverage,fuzzing,stateful" if EXAMPLES else "fuzzing"
    with begin("square", tmp_path, ("bridges", "weather"), "2026-06-10T20:20", 1, real=False) as running:
        running.advance("2min")
        running.fault("bridges", "L1")
        running.advance("15min")
        add_user(running.site, "eva", "engineer")
        token = add_token(running.site, "eva", "read", "command", "metrics")
        with web_server(running.site, clock=lambda: round(running.now.timestamp()) * NS) as peer:
            paths = peer.api("/openapi.json", Authorization=f"Bearer {token}")["paths"]
            done = subprocess.run(
                [
                    Path(sys.executable).with_name("st"), f"--config-file={CONFIG}", "run",
                    f"http://127.0.0.1:{peer.port}/api/v1/openapi.json", "--header", f"Authorization: Bearer {token}",
                    "--exclude-path", "/api/v1/events", "--max-examples", examples, f"--phases={phases}",
                    "--no-color", "--suppress-health-check=all", "--continue-on-failure",
                ],
                capture_output=True, text=True, check=False, cwd=tmp_path,
            )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    routes = sum(len(methods) for methods in paths.values())
    assert f"Tested: {routes - 1}" in " ".join(done.stdout.split()), "every route but the stream"
