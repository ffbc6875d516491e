"""What comes of a sensor that lies: every analogue signal of the square by nine hazards, as docs/sensors.md.

Each cell is a short story in virtual time. Plain files of cells are kept in a folder, so that a run which was
ended goes on; ``--only fountain`` plays one family, ``--cells fountain-1.flow:gain`` some cells.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from facilityd.config.load import load as load_site
from facilityd.config.site import Site
from facilityd.model.rule import Invalid, Unreadable
from facilityd.model.sample import SignalType
from facilityd.scenario.load import load, square
from facilityd.scenario.play import play, runtime_of
from facilityd.scenario.run_log import AlarmOccurrence, RunLog

PAGE = Path(__file__).parents[1] / "docs" / "sensors.md"
HAZARDS = ("stuck", "offset", "drift", "gain", "noise", "spikes", "range-end", "wrong-unit", "swapped")
OF_READINGS, OF_SENSORS = (Unreadable, Invalid), ("F18", "H13", "H21")
"""Kinds and faults that are of a sensor."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Where a family's sensors are tried: a device, an hour in which it works, and how long."""

    device: str
    start: str
    duration: str
    onset: str
    acts: tuple[str, ...] = ()


TRIALS = {
    "fountain": Trial("fountain-1", "2026-06-10T09:58", "50min", "8min"),
    "hoist": Trial(
        "hoist-1", "2026-10-01T10:00", "24min", "4min", ("{at: 15min, on: hoist-1, demand: down}",)
    ),
    "flagpole": Trial(
        "pole-1", "2026-10-01T08:00", "60min", "2min",
        ("{at: 5min, on: pole-1, demand: up}", "{at: 20min, on: pole-1, demand: up}"),
    ),
    "lighting": Trial("gate-base", "2026-06-10T19:30", "330min", "90min"),
    "circuit": Trial("gate-wall", "2026-06-10T19:30", "330min", "90min"),
    "lantern": Trial("lantern-1", "2026-06-10T19:30", "330min", "90min"),
    "weather": Trial("weather", "2026-06-10T09:00", "3h", "30min"),
}  # fmt: skip
"""By family, lighting by what a circuit has; devices that nothing else feeds, and the weather with each."""


@cache
def site() -> Site:
    """Return the demonstration square."""
    return load_site(square())


def signals(trial: Trial) -> list[str]:
    """Return the analogue signals of a trial's device that a unit brings."""
    device = site().devices[trial.device]
    known = device.family.signals
    return sorted(s for s in device.bound if known[s].type is SignalType.FLOAT)


def partner(trial: Trial, signal: str) -> str:
    """Return the signal that another is exchanged with: the next of its unit of measure, else the next."""
    known, names = site().devices[trial.device].family.signals, signals(trial)
    same = [one for one in names if known[one].unit == known[signal].unit and one != signal]
    others = same or [one for one in names if one != signal]
    return next((one for one in others if one > signal), others[0])


def sizes(values: list[float]) -> dict[str, float]:
    """Return how big each lie is for a signal that read so while healthy: no size is chosen by hand."""
    low, high = min(values), max(values)
    span = max(high - low, 0.2 * max(abs(low), abs(high)), 1e-6)
    return {"offset": 0.8 * span, "drift": 2 * span, "gain": 0.7, "noise": 0.5 * span, "spikes": 2 * span,
            "range-end": high + 2 * max(span, abs(high))}  # fmt: skip


def story(trial: Trial, signal: str, hazard: str, size: float | None) -> str:
    """Return a cell's scenario; without a hazard the healthy one."""
    kind = f"swapped:{partner(trial, signal)}" if hazard == "swapped" else hazard
    more = f", magnitude: {size:.6g}" if size is not None else ""
    acts = list(trial.acts)
    if hazard:
        acts.append(f"{{at: {trial.onset}, on: {trial.device}.{signal}, hazard: '{kind}'{more}}}")
    devices = ", ".join(dict.fromkeys((trial.device, "weather")))
    lines = "".join(f"  - {act}\n" for act in acts) or " []\n"
    return (
        f"scenario: cell\nname: {{zh: 传感器, en: sensor}}\nonly: [{devices}]\nseed: 7\n"
        f"start: {trial.start}\nduration: {trial.duration}\ntimeline:\n{lines}expect: [no alarm]\n"
    ).replace("timeline:\n []", "timeline: []")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a story left: its alarms, and what each analogue signal read."""

    alarms: list[AlarmOccurrence]
    reads: dict[str, list[float]]

    def told(self, device: str) -> list[str]:
        """Return the rules of a device that somebody was told of."""
        return list(dict.fromkeys(a.rule for a in self.alarms if a.told is not None and a.device == device))


def played(trial: Trial, signal: str = "", hazard: str = "", size: float | None = None) -> Outcome:
    """Play a cell; without a hazard its healthy story."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cell.yaml"
        path.write_text(story(trial, signal, hazard, size), encoding="utf-8")
        script = load(path, site())
        outcome = play(script, runtime_of(real=False), Path(folder), None, lambda _: None)
        with RunLog.open(script, outcome.journal) as log:
            series = {one: log.series(trial.device, one, log.start, log.end) for one in signals(trial)}
            reads = {one: [float(v) for _, v in s if isinstance(v, int | float)] for one, s in series.items()}
            return Outcome(log.alarms, reads)


def verdict(trial: Trial, told: list[str]) -> tuple[str, list[str]]:
    """Return what came of a lie, and by which rules: named, harmless, sensor or machine, or told falsely."""
    rules = site().devices[trial.device].family.rules
    named = [rule for rule in told if rules[rule].doubts or rules[rule].fault in OF_SENSORS
             or isinstance(rules[rule].detect, OF_READINGS)]  # fmt: skip
    either = [rule for rule in told if rule not in named and rules[rule].may_be_sensor]
    false = [rule for rule in told if rule not in (*named, *either)]
    if false:
        return "false", false
    if either:
        return "either", either
    return ("named", named) if named else ("harmless", [])


def cells(family: str, only: list[str]) -> Iterator[tuple[str, str, str]]:
    """Iterate over (family, signal, hazard)."""
    for signal in signals(TRIALS[family]):
        for hazard in HAZARDS:
            if not only or any(one in f"{TRIALS[family].device}.{signal}:{hazard}" for one in only):
                yield family, signal, hazard


@cache
def healthy(family: str) -> Outcome:
    """Return what a family's trial says without any lie."""
    return played(TRIALS[family])


def cell(which: tuple[str, str, str]) -> tuple[str, str, list[str]]:
    """Play one cell; return its name and what came of it."""
    family, signal, hazard = which
    trial, usual = TRIALS[family], healthy(family)
    read = usual.reads[signal]
    told = played(trial, signal, hazard, sizes(read).get(hazard) if read else None).told(trial.device)
    what, rules = verdict(trial, [rule for rule in told if rule not in usual.told(trial.device)])
    return f"{trial.device} {signal} {hazard}", what, rules


MARKS = {"named": "named", "harmless": "·", "either": "either", "false": "**told**"}


def page(known: dict[str, tuple[str, list[str]]]) -> str:
    """Return the page: for each device a table of signals by hazards, and what is told falsely, by rule."""
    lines = [*INTRODUCTION.splitlines(), ""]
    for trial in TRIALS.values():
        mine = {
            tuple(name.split()[1:]): one for name, one in known.items() if name.startswith(f"{trial.device} ")
        }
        if not mine:
            continue
        came = [what for what, _ in mine.values()]
        counts = ", ".join(f"{came.count(what)} {word}" for what, word in WORDS.items())
        lines += [f"## {trial.device}", "", f"{len(mine)} cells: {counts}.", ""]
        lines += ["| signal | " + " | ".join(HAZARDS) + " |", "|---|" + "---|" * len(HAZARDS)]
        for signal in dict.fromkeys(signal for signal, _ in mine):
            found = (mine.get((signal, hazard)) for hazard in HAZARDS)
            lines.append(f"| {signal} | " + " | ".join(MARKS[one[0]] if one else "" for one in found) + " |")
        false = {which: rules for which, (what, rules) in mine.items() if what in ("false", "either")}
        lines += ["", *(f"* {signal}, {hazard}: {', '.join(r)}" for (signal, hazard), r in false.items())]
        lines += [""] if false else []
    return "\n".join(lines).rstrip() + "\n"


WORDS = {
    "named": "named as the sensor",
    "harmless": "without effect on any rule",
    "either": "told as the machine's or the sensor's",
    "false": "told as the machine's",
}
INTRODUCTION = """\
# Sensors that lie

Every analogue signal of a device of each family (of lighting: a circuit with meter, DALI and collector, one
with a meter alone, a lantern), by nine hazards: what people are told. Made by
`make sensors` ([tools/sensor_table.py](../tools/sensor_table.py)): each cell is a story in virtual time, the
sizes come from the signal's own healthy span (an offset of 80 % of it, a drift of twice of it in an hour, a
gain of 0.7, noise of half of it, …). *named*: a rule about the sensor, or that it cannot be read. *·*: no
alarm at all. *either*: the evidence does not tell the two apart (a leak looks as a monitor that is off by a
step), so the alarm names both, the machine first, and what tells them apart. **told**: a fault of the
machine, which is not there; the rules are listed below.
[Why so](decisions/0065-lying-sensors.md)."""


def main() -> None:
    """Play the cells asked for and write the page of all that are known."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", nargs="*", default=list(TRIALS))
    parser.add_argument("--cells", nargs="*", default=[])
    parser.add_argument("-j", type=int, default=2)
    parser.add_argument("--keep", type=Path, default=Path(".cache") / "sensor-table.json")
    asked = parser.parse_args()
    known = json.loads(asked.keep.read_text()) if asked.keep.exists() else {}
    todo = [one for family in asked.only for one in cells(family, asked.cells)]
    with ProcessPoolExecutor(asked.j) as pool:
        for name, what, rules in pool.map(cell, todo):
            known[name] = [what, rules]
            asked.keep.write_text(json.dumps(known, indent=0, sort_keys=True))
            sys.stdout.write(f"{name}: {what} {' '.join(rules)}\n")
            sys.stdout.flush()
    PAGE.write_text(page(known), encoding="utf-8")


if __name__ == "__main__":
    main()
