"""Before the tests: have the real InfluxDB at hand, building it once where that is possible."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

BUILD = Path(__file__).with_name("build.sh")


def main() -> int:
    """Say which InfluxDB the tests will run against."""
    if found := os.environ.get("INFLUXD") or shutil.which("influxd"):
        print(f"InfluxDB for the tests: {found}")
        return 0
    built = subprocess.run(["bash", str(BUILD), "influxd"], check=False, stdout=subprocess.PIPE, text=True)
    if built.returncode == 0:
        print(f"InfluxDB for the tests: {Path(built.stdout.strip()).name}, built from its Go module")
        return 0
    if os.environ.get("FACILITYD_REQUIRE_SERVERS"):
        print("InfluxDB is required here (FACILITYD_REQUIRE_SERVERS) and could not be built")
        return 1
    print("InfluxDB could not be built here: the tests that need it will be skipped, saying so")
    return 0


if __name__ == "__main__":
    sys.exit(main())
