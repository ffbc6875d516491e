"""Write docs/hardware.md: every profile there is, from the profiles themselves."""

from __future__ import annotations

import sys
from pathlib import Path

from devices.profile import ModbusProfile
from devices.tables import profiles

FILE = Path(__file__).resolve().parent.parent / "docs" / "hardware.md"
HEAD = """# Hardware that facilityd knows

Made by `tools/hardware_table.py` from `devices/profiles/`; a test keeps it current. Evidence: A the maker's
own manual, B a maintained driver or a guide that names it, C another source. No map was run against hardware
of ours: use `facilityd probe` at commissioning.

| profile | maker and model | over | points | identity | evidence | source |
|---|---|---|---|---|---|---|
"""


def text() -> str:
    """Return the page."""
    rows = []
    for name, profile in sorted(profiles().items()):
        proof = ", ".join(expect.point for expect in profile.identity) or "topics"
        over = "Modbus" if isinstance(profile, ModbusProfile) else "MQTT"
        rows.append(
            f"| [{name}](../devices/profiles/{name}.yaml) | {profile.maker} {profile.model} | {over} "
            f"| {len(profile.expanded)} | {proof} | {profile.evidence} | {profile.manual} |"
        )
    return HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(FILE.read_text(encoding="utf-8") != text())
    FILE.write_text(text(), encoding="utf-8")
