"""Write the demonstration square's baselines: play healthy days of each season, learn every learned rule.

Through the same code as ``facilityd commission``; the same file every time. Takes some minutes. What a day
looks like is learned where nothing better is fitted (``NIGHTS_OF``), from two weeks in winter: their nights
hold every hour at which a lamp may burn.
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
from facilityd.config.site import Site
from facilityd.model.baseline import Baseline
from facilityd.model.rule import DayProfile
from facilityd.model.sample import NS
from facilityd.scenario.subset import subset
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.reader import JournalReader

SQUARE = Path(__file__).parents[1] / "config" / "square"
DAYS = ("2025-01-20", "2025-04-20", "2025-07-20", "2025-10-20")
SEED, HOURS, SETTLED_S = 11, 24, 900
NIGHTS_OF, FORTNIGHT, FORTNIGHT_H = (
    ("lantern-1", "lantern-2", "lantern-3", "lantern-4"),
    "2025-12-01",
    14 * 24,
)
POLE_RUNS = (1, 2, 18, 19)
"""Hours after noon at which every row pole makes a run."""


def main() -> None:
    """Play, learn, write; rules that learned nothing are named."""
    site = replace(load(SQUARE), source="")
    poles = [device.id for device in site.devices.values() if device.family.family == "flagpole"]
    found, refused = nights(site), []
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
                if of_the_day(site, device, fit_result.rule):
                    continue
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


def nights(site: Site) -> list[Baseline]:
    """Return what lanterns take at each hour of the night."""
    start = round(_noon(FORTNIGHT, site.timezone) * NS)
    end = start + FORTNIGHT_H * 3600 * NS
    lanterns = replace(subset(site, NIGHTS_OF), source="")
    with tempfile.TemporaryDirectory() as folder:
        with VirtualRuntime(lanterns, Path(folder), start=start, seed=SEED) as runtime:
            runtime.until(end)
        with JournalReader.open(Path(folder) / "journal.db") as reader:
            period = FitPeriod(reader, start + SETTLED_S * NS, end)
            fits = [one for name in NIGHTS_OF for one in fit_rules(lanterns, name, [period])]
    return [
        Baseline(one.device, one.rule, 1, end, start, end, PERSON, one.data)
        for one in fits
        if one.data and of_the_day(site, one.device, one.rule)
    ]


def of_the_day(site: Site, device: str, rule: str) -> bool:
    """Return whether a rule learns what a day looks like."""
    return isinstance(site.devices[device].family.rules[rule].detect, DayProfile)


def _noon(day: str, zone: str) -> float:
    return datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=ZoneInfo(zone)).timestamp()


if __name__ == "__main__":
    main()
