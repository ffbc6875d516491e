"""Plays a quarter of the demonstration site with faults and a crew, for reports to be read.

    python tools/played_quarter.py FOLDER [--begins 2026-07-01] [--days 92] [--seed 1] [--rolled]
    facilityd report FOLDER/site --quarter 2026-Q3 --html -o quarter.html

Faults begin at random hours, about two in three days. Li has the days, Wang the nights: whoever is on duty
acknowledges what came, takes the repair of what is graver, ends the fault some hours later and says that it
is done. Now and then an alarm is overheard, a repair is in vain, an alarm is shelved, a fountain is cleaned.
A quarter takes some 20 minutes of CPU.
"""

from __future__ import annotations

import argparse
import logging
import random
import shutil
import time
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from facilityd.config.load import load
from facilityd.model.alarm import AlarmCondition, AlarmState
from facilityd.model.command import ShelveAlarm, StartMaintenance, TakeTask
from facilityd.model.rule import Priority
from facilityd.model.sample import NS
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.reader import JournalReader

ROOT = Path(__file__).resolve().parents[1]
PEOPLE = ROOT / "simulators" / "sites" / "crew" / "watch.yaml"
MIN, HOUR, DAY = 60 * NS, 3600 * NS, 86_400 * NS
STRIDE = 5 * MIN
FAULTS = (
    ("fountain-2", "leakage", 0.035), ("fountain-1", "F3", None), ("fountain-3", "F2", None),
    ("fountain-2", "F4", 0.22), ("fountain-4", "F8", 110.0), ("fountain-1", "F10", None),
    ("fountain-5", "F13", None), ("fountain-1", "F21", 12.0), ("fountain-1", "ph-off", -1.6),
    ("gate-base", "L12", 35.0), ("bridges", "L1", None), ("museum-west", "L1", None),
    ("lantern-2", "L5", None), ("hall-east", "L6", None), ("gate-base", "L3", None),
    ("gate-base", "gear-silent", None), ("avenue-east", "L10", None),
    ("hoist-1", "H4", None), ("hoist-1", "H13", None), ("hoist-1", "H16", None),
    ("hoist-1", "H18", None), ("pole-1", "H2", None), ("pole-6", "H11", None),
)  # fmt: skip
"""Device, fault and magnitude (none: the usual one); of every family and every priority."""
TAKEN = {Priority.LOW: 0.2, Priority.MEDIUM: 0.5, Priority.HIGH: 0.8, Priority.CRITICAL: 0.9}
"""The share of alarms whose repair somebody takes as a task, by priority."""


class RepairCrew:
    """Who answers alarms, each at a time of its own."""

    def __init__(self, runtime: VirtualRuntime, chance: random.Random, zone: ZoneInfo) -> None:
        self._runtime, self._chance, self._zone = runtime, chance, zone
        self._seen: set[tuple[str, str, int]] = set()
        self._plans: list[tuple[int, str, AlarmState]] = []

    def look(self, alarms: list[AlarmState]) -> None:
        """Make plans for what is new, and carry out those whose time has come."""
        for alarm in alarms:
            known = (alarm.device, alarm.rule, alarm.occurrence)
            if alarm.condition is AlarmCondition.TRUE and not alarm.acked and known not in self._seen:
                self._seen.add(known)
                self._plan(alarm)
        now = self._runtime.now
        due, self._plans = (
            [one for one in self._plans if one[0] <= now],
            [one for one in self._plans if one[0] > now],
        )
        for _, what, alarm in sorted(due, key=lambda one: one[0]):
            self._do(what, alarm)

    def _plan(self, alarm: AlarmState) -> None:
        chance, now = self._chance, self._runtime.now
        if chance.random() < 0.05:  # overheard until it is over or somebody is called
            return
        heard = now + round(chance.lognormvariate(1.8, 0.9) * MIN)
        if chance.random() < 0.04:
            self._plans.append((heard, "shelve", alarm))
            return
        if chance.random() >= TAKEN.get(self._priority(alarm), 0.2):
            self._plans.append((heard, "acknowledge", alarm))
            if chance.random() < 0.6:
                self._plans.append((heard + round(chance.uniform(0.5, 20) * HOUR), "repair", alarm))
            return
        begun = heard + round(chance.lognormvariate(3.0, 0.8) * MIN)
        ended = begun + round(chance.lognormvariate(0.9, 0.7) * HOUR)
        self._plans += [(heard, "acknowledge", alarm), (begun, "take", alarm)]
        if chance.random() < 0.08:  # said to be done, and in vain
            self._plans.append((ended, "done", alarm))
            ended += 5 * HOUR
        self._plans += [(ended, "repair", alarm), (ended + 15 * MIN, "done", alarm)]

    def _priority(self, alarm: AlarmState) -> Priority:
        device = self._runtime.site.devices.get(alarm.device)
        rule = device.family.rules.get(alarm.rule) if device else None
        return rule.priority if rule else Priority.MEDIUM

    def _do(self, what: str, alarm: AlarmState) -> None:
        runtime, device, rule = self._runtime, alarm.device, alarm.rule
        by = "li" if 8 <= datetime.fromtimestamp(runtime.now / NS, self._zone).hour < 20 else "wang"
        if what == "repair" and device in runtime.square.models:
            runtime.square.model(device).restore()
        elif what == "acknowledge":
            runtime.acknowledge(device, rule, by)
        elif what == "take":
            runtime.ask(TakeTask, device=device, rule=rule, person=by, comment="去现场查看")
        elif what == "shelve":
            until = runtime.now + 4 * HOUR
            runtime.ask(ShelveAlarm, device=device, rule=rule, person=by, until=until, comment="等备件")
        elif what == "done":
            runtime.finish(device, rule, by)


def begin_faults(chance: random.Random, start: int, days: int) -> list[tuple[int, int]]:
    """Return when (ns UTC) which of the faults begins, in order."""
    often = (
        (start + round((day + chance.random()) * DAY), chance.randrange(len(FAULTS))) for day in range(days)
    )
    return sorted(one for one in often if chance.random() < 2 / 3)


def play(folder: Path, begins: date, days: int, seed: int, *, rolled: bool) -> None:
    """Play the quarter; its journal and its site stay in ``folder``."""
    own = folder / "site"
    shutil.copytree(ROOT / "config" / "square", own)
    (own / "recipients.yaml").write_text(PEOPLE.read_text(encoding="utf-8"), encoding="utf-8")
    site = load(own, secrets=False)
    zone, chance = ZoneInfo(site.timezone), random.Random(seed)
    start = round(datetime(begins.year, begins.month, begins.day, tzinfo=zone).timestamp()) * NS
    place = own / ".facilityd" / site.id
    place.mkdir(parents=True)
    with VirtualRuntime(site, place, start=start, seed=seed, rolls_up=rolled) as runtime:
        begun = dict[str, int]()
        crew, pending = RepairCrew(runtime, chance, zone), begin_faults(chance, start, days)
        for now in range(start + STRIDE, start + days * DAY, STRIDE):
            runtime.until(now)
            while pending and pending[0][0] <= now:
                device, fault, magnitude = FAULTS[pending.pop(0)[1]]
                runtime.fault(device, fault, magnitude)
                begun[device] = now
            if (now - start) % DAY == 10 * HOUR:  # what nobody heard of is found on the morning's round
                for device in [one for one, at in begun.items() if now - at > 36 * HOUR]:
                    runtime.square.model(device).restore()
                    del begun[device]
            if (now - start) % (14 * DAY) == 10 * HOUR:  # every second week a fountain is cleaned
                reason, until = "清洗池底", now + 3 * HOUR
                runtime.ask(StartMaintenance, device="fountain-3", person="li", until=until, reason=reason)
            with JournalReader.open(runtime.journal) as reader:
                crew.look(reader.alarms())
            if (now - start) % DAY == 0:
                print(f"day {(now - start) // DAY} of {days}, {time.process_time():.0f} s of CPU", flush=True)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("folder", type=Path)
    asked.add_argument("--begins", type=date.fromisoformat, default=date(2026, 7, 1))
    asked.add_argument("--days", type=int, default=92)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--rolled", action="store_true", help="roll up and seal the past: twice the time")
    options = asked.parse_args()
    logging.disable(logging.ERROR)
    options.folder.mkdir(parents=True)
    play(options.folder, options.begins, options.days, options.seed, rolled=options.rolled)


if __name__ == "__main__":
    main()
