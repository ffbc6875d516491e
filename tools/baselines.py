"""Write the demonstration square's baselines: play healthy days of each season, learn every learned rule.

Through the same code as ``facilityd commission``; the same file every time. Takes a minute or two.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from facilityd.app.baseline_file import NAME, PERSON, write
from facilityd.app.commission import FitPeriod, fit_rules
from facilityd.config.load import load
from facilityd.model.baseline import Baseline
from facilityd.model.sample import NS
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.reader import JournalReader

SQUARE = Path(__file__).parents[1] / "config" / "square"
DAYS = ("2025-01-20", "2025-04-20", "2025-07-20", "2025-10-20")
SEED, HOURS, SETTLED_S = 11, 24, 900
POLE_RUNS = (1, 2, 18, 19)
"""Hours after noon at which every row pole makes a run."""


def main() -> None:
    """Play, learn, write; rules that learned nothing are named."""
    site = replace(load(SQUARE), source="")
    poles = [device.id for device in site.devices.values() if device.family.family == "flagpole"]
    found, refused = [], []
    with ExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in DAYS]
        starts = [round(_noon(day, site.timezone) * NS) for day in DAYS]
        for folder, start in zip(folders, starts, strict=True):
            with VirtualRuntime(site, folder, start=start, seed=SEED) as runtime:
                for hour in POLE_RUNS:
                    runtime.until(start + hour * 3600 * NS)
                    for device in poles:
                        runtime.demand(device)
                runtime.until(start + HOURS * 3600 * NS)
        ends = [start + HOURS * 3600 * NS for start in starts]
        readers = [stack.enter_context(JournalReader.open(folder / "journal.db")) for folder in folders]
        spans = zip(readers, starts, ends, strict=True)
        periods = [FitPeriod(reader, start + SETTLED_S * NS, end) for reader, start, end in spans]
        for device in site.devices:
            for fit_result in fit_rules(site, device, periods):
                if fit_result.refused:
                    refused.append(
                        f"{device} {fit_result.rule}: {fit_result.refused} {dict(fit_result.numbers)}"
                    )
                    continue
                found.append(
                    Baseline(
                        device, fit_result.rule, 1, ends[-1], starts[0], ends[-1], PERSON, fit_result.data
                    )
                )
    write(SQUARE / NAME, sorted(found, key=lambda b: (b.device, b.rule)))
    sys.stdout.write(f"{len(found)} baselines; not learned: {len(refused)}\n" + "\n".join(refused) + "\n")


def _noon(day: str, zone: str) -> float:
    return datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=ZoneInfo(zone)).timestamp()


if __name__ == "__main__":
    main()
