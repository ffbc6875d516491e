"""Ask whether a locked library has a known weakness: `make audit`.

The advisories are PyPI's own, asked by pip-audit. No list of them can be had without the network: the one
that was published as a package (safety-db) ended in 2021. What could not be asked is said, never counted as
sound; FACILITYD_REQUIRE_AUDIT=1 makes that a failure.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PIP_AUDIT = "pip-audit==2.10.1"
PATIENCE_S = 300


def main() -> int:
    """Return 1 where a weakness is known, or where the audit is required and could not be made."""
    try:
        libraries = _audited()
    except (OSError, ValueError, KeyError, subprocess.TimeoutExpired) as error:
        return _not_audited(f"pip-audit gave no answer: {type(error).__name__}")
    weak = [library for library in libraries if library.get("vulns")]
    unknown = [library for library in libraries if "skip_reason" in library]
    for library in weak:
        for known in library["vulns"]:
            fixed = ", ".join(known["fix_versions"]) or "no version yet"
            print(f"{library['name']} {library['version']}: {known['id']}, fixed in {fixed}")
    print(f"{len(libraries) - len(unknown)} libraries audited, {len(weak)} with a known weakness")
    if weak:
        return 1
    return _not_audited(f"{len(unknown)} libraries are not known to PyPI's API here") if unknown else 0


def _audited() -> list[dict[str, Any]]:
    lock = ROOT / "requirements" / "run.lock"
    uv = Path(sys.executable).with_name("uv")
    asked = [
        uv,
        "tool",
        "run",
        "-q",
        PIP_AUDIT,
        "--disable-pip",
        "--require-hashes",
        "-f",
        "json",
        "-r",
        lock,
    ]
    done = subprocess.run(asked, check=False, capture_output=True, text=True, timeout=PATIENCE_S)
    libraries: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    return libraries


def _not_audited(reason: str) -> int:
    print(f"NOT AUDITED: {reason}")
    return int(os.environ.get("FACILITYD_REQUIRE_AUDIT") == "1")


if __name__ == "__main__":
    sys.exit(main())
