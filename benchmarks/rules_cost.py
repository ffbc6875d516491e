"""What the whole rule set of the demonstration site costs: python benchmarks/rules_cost.py [HOURS].

A virtual day of the whole square is recorded once, through the real path; its samples are then judged again by
a new judge with every rule that applies, and nothing else: CPU per value. Learned rules judge by what the same day
teaches; those that it teaches too little are counted as unlearned and cost next to nothing. The journal, the adapters and the
alarms are measured in `virtual_month.py`. The limit is 20 µs per value.
"""

from __future__ import annotations

import gc
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from facilityd.app.builtin import all_devices
from facilityd.app.calendar import SiteCalendar
from facilityd.app.ceremony import Ceremonies
from facilityd.config.load import load
from facilityd.config.site import Device, Site
from facilityd.detect.context import RuleContext
from facilityd.detect.engine import RuleEngine
from facilityd.detect.fit import FITS
from facilityd.detect.learned import FitRefused
from facilityd.model.baseline import Baseline
from facilityd.model.sample import NS, Sample
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.reader import JournalReader

ROOT = Path(__file__).resolve().parents[1]
LIMIT, ROUNDS, BATCH = 20.0, 3, 50


def record(site: Site, folder: Path, hours: float) -> list[Sample]:
    """Return the samples of a virtual day from noon, so that dusk, night, dawn and the ceremony are in it."""
    start = round(datetime(2026, 10, 1, 12, tzinfo=ZoneInfo(site.timezone)).timestamp()) * NS
    with VirtualRuntime(site, folder, start=start) as runtime:
        runtime.advance(hours * 3600)
    samples: list[Sample] = []
    last = 0
    with JournalReader.open(folder / "journal.db") as reader:
        while rows := reader.samples_after(last, 20_000):
            last = rows[-1].id
            samples += [reader.sample(row) for row in rows]
    return samples


def judge_of(site: Site, baselines: Sequence[Baseline] = ()) -> RuleEngine:
    """Return a new judge of the site, with every rule that applies there."""
    devices = all_devices(site)
    calendar = SiteCalendar(Ceremonies.of(site), site.timezone, site.duty.holidays)
    families = {device.family.family: device.family for device in devices.values()}
    streams = [stream for device in devices.values() for stream in device.streams]
    groups = {device.id: device.group for device in devices.values()}
    return RuleEngine(families, streams, calendar.near, RuleContext(calendar, groups, baselines))


def learn(site: Site, samples: list[Sample]) -> tuple[list[Baseline], int]:
    """Return what the day teaches, and how many rules it teaches too little."""
    engine, devices = judge_of(site), watched(site)
    learners = [(d, name, one) for d in devices for name, one in engine.learned(d).items()]
    for _, _, detector in learners:
        detector.record()
    replay(engine, samples)
    found = []
    for device, name, detector in learners:
        rule = devices[device].family.rules[name].detect
        try:
            data = FITS[rule.kind](rule, detector.rows or [])
        except (KeyError, FitRefused):
            continue
        found.append(Baseline(device, name, 1, samples[-1].at, samples[0].at, samples[-1].at, "", data))
    return found, len(learners) - len(found)


def watched(site: Site) -> dict[str, Device]:
    """Return the devices that say anything."""
    return {name: device for name, device in all_devices(site).items() if device.streams}


def replay(engine: RuleEngine, samples: list[Sample]) -> tuple[float, Counter[bool | None]]:
    """Return s of CPU and the findings by verdict: batches as from the journal, ticks as time passes."""
    told: Counter[bool | None] = Counter()
    gc.collect()
    begun, second = time.process_time(), 0
    for first in range(0, len(samples), BATCH):
        batch = samples[first : first + BATCH]
        found = engine.evaluate(batch)
        if batch[-1].steady // NS != second:
            second = batch[-1].steady // NS
            found += engine.tick(batch[-1].steady, batch[-1].at)
        told.update(finding.verdict for finding in found)
    return time.process_time() - begun, told


def main(hours: float) -> None:
    site = load(ROOT / "config" / "square")
    with tempfile.TemporaryDirectory() as folder:
        samples = record(site, Path(folder), hours)
    values = sum(len(sample.values) for sample in samples)
    baselines, unlearned = learn(site, samples)
    rules = sum(len(judge_of(site).applicable(device)) for device in watched(site))
    rounds = [replay(judge_of(site, baselines), samples) for _ in range(ROUNDS)]
    cost = min(spent for spent, _ in rounds) / values * 1e6
    print(f"{rules} rules ({len(baselines)} learned, {unlearned} unlearned)")
    print(f"{len(samples)} samples, {values} values of {hours:g} virtual hours")
    told = rounds[0][1]
    print(f"findings: {told[True]} wrong, {told[False]} right, {told[None]} unknown")
    print(f"{cost:.2f} µs of one core per value, {cost / LIMIT:.2f} of the limit of {LIMIT:g}")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 24.0)
