"""What a back-test costs: a virtual day of the demonstration square played again, rule by rule.

    python benchmarks/backtest.py [HOURS]

Each rule that is judged on the hoist and on a fountain is played over the day, as ``facilityd backtest`` does. Told:
values per second of one core, and how many times faster than the day itself it is.
"""

from __future__ import annotations

import logging
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from facilityd.app.backtest import Backtest
from facilityd.app.engine import fresh_engine
from facilityd.config.load import load
from facilityd.model.sample import NS
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.reader import JournalReader

ROOT = Path(__file__).resolve().parents[1]
DEVICES = ("hoist-1", "fountain-1")


def main(hours: float) -> None:
    """Play a day, then each rule over it."""
    logging.disable(logging.ERROR)
    site = load(ROOT / "config" / "square")
    start = round(datetime(2026, 6, 10, 12, tzinfo=ZoneInfo(site.timezone)).timestamp()) * NS
    end = start + round(hours * 3600 * NS)
    with tempfile.TemporaryDirectory() as folder, VirtualRuntime(site, Path(folder), start=start) as runtime:
        runtime.until(end)
        engine = fresh_engine(site)
        with JournalReader.open(runtime.journal) as reader:
            plays = [(device, rule) for device in DEVICES for rule in engine.applicable(device)]
            begun = time.process_time()
            results = [Backtest(site, reader, rule, start, end).run(device) for device, rule in plays]
            spent = time.process_time() - begun
    values = sum(result.values for result in results)
    print(f"{len(plays)} rules over {hours:g} h: {sum(len(r.now) for r in results)} alarms, then as now")
    print(f"{values:,} values, {values / spent:,.0f} per s of one core")
    print(f"{hours * 3600 * len(plays) / spent:,.0f} times faster than the day itself, per rule")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 24.0)
