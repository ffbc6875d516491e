"""Random pairs of independent faults, on a device or on it and its neighbour: is each of them told by name?

    python tools/fault_pairs.py [--pairs N] [--seed S] [--only fountain] [-j N] [--keep FILE]

Each story is played in virtual time on the devices concerned only. First each fault alone, in the hour in
which its family works: what is not found there says nothing of pairs. Then pairs of those, in either order,
up to five minutes apart. A fault counts as told where a rule of its catalogue number (or, where it has none,
one that told it alone) was told within its time to respond; a name as wrong where it was told neither of one
fault alone nor of the other.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from facilityd.config.load import load as load_site
from facilityd.config.site import Site
from facilityd.model.rule import Rule
from facilityd.model.sample import NS
from facilityd.scenario.load import load, square
from facilityd.scenario.play import play, runtime_of
from facilityd.scenario.run_log import RunLog
from simulators.physics import MODELS

LAG_S = 300
"""Two faults begin so far apart (s) at most."""
LEAST = 600 * NS
"""However urgent a fault, so long (ns) is waited for its name: a run or a show must come first."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a family's faults are seen: neighbours, an hour in which they work, and what they do."""

    devices: tuple[str, ...]
    start: str
    duration: str
    onset_s: int
    acts: tuple[str, ...] = ()


SETTINGS = {
    "fountain": Setting(("fountain-1", "fountain-2"), "2026-06-10T09:58", "90min", 300),
    "hoist": Setting(("hoist-1",), "2026-10-01T06:00", "40min", 60),
    "flagpole": Setting(
        ("pole-1", "pole-2"), "2026-10-01T08:00", "45min", 120,
        tuple(f"{{at: {m}min, on: pole-{n}, demand: up}}" for m in (9, 20, 32) for n in (1, 2)),
    ),
    "lighting": Setting(("gate-base", "gate-wall"), "2026-06-10T19:00", "4h", 600),
}  # fmt: skip


@cache
def site() -> Site:
    """Return the demonstration square."""
    return load_site(square())


@dataclass(frozen=True, slots=True, order=True)
class FaultBegun:
    """A fault on a device, from an instant in s of the story."""

    device: str
    fault: str
    at_s: int = 0


def faults(family: str) -> list[FaultBegun]:
    """Return every fault that the devices of a family's setting can have."""
    known = site().devices
    return [
        FaultBegun(d, name)
        for d in SETTINGS[family].devices
        for name in MODELS[known[d].family.family].FAULTS
    ]


def story(family: str, begun: Sequence[FaultBegun]) -> str:
    """Return the scenario in which some faults begin."""
    setting = SETTINGS[family]
    acts = [*setting.acts, *(f"{{at: {one.at_s}s, on: {one.device}, fault: {one.fault}}}" for one in begun)]
    lines = "".join(f"  - {act}\n" for act in acts)
    devices = ", ".join((*setting.devices, "weather"))
    return (
        f"scenario: pair\nname: {{zh: 两个故障, en: two faults}}\nonly: [{devices}]\nseed: 7\n"
        f"start: {setting.start}\nduration: {setting.duration}\ntimeline:{' []' if not acts else ''}\n{lines}"
        "expect: [no alarm]\n"
    )


def played(task: tuple[str, tuple[FaultBegun, ...]]) -> list[tuple[str, str, float]]:
    """Return (device, rule, s from the start) of what people were told while some faults were there."""
    family, begun = task
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pair.yaml"
        path.write_text(story(family, begun), encoding="utf-8")
        script = load(path, site())
        outcome = play(script, runtime_of(real=False), Path(folder), None, lambda _: None)
        with RunLog.open(script, outcome.journal) as log:
            return [(a.device, a.rule, (a.told - log.start) / NS) for a in log.alarms if a.told is not None]


Alarms = Sequence[tuple[str, str, float]]


def rules_of(one: FaultBegun, alone: Alarms) -> dict[str, Rule]:
    """Return the rules by which a fault is named: those of its number, else all that told it alone."""
    family = site().devices[one.device].family
    number = MODELS[family.family].FAULTS[one.fault].catalogue
    mine = {rule for device, rule, _ in alone if device == one.device}
    numbered = {name for name, rule in family.rules.items() if number and rule.fault == number}
    return {name: family.rules[name] for name in (numbered & mine or mine)}


def missed(one: FaultBegun, alone: Alarms, told: Alarms) -> str:
    """Return why a fault counts as untold in a pair; nothing where it was told in time."""
    rules = rules_of(one, alone)
    usual = min(at for device, rule, at in alone if device == one.device and rule in rules)
    own = site().devices[one.device].family.rules
    number = {own[rule].fault for rule in rules} - {""}
    found = [at for device, rule, at in told
             if device == one.device and (rule in rules or own[rule].fault in number)]  # fmt: skip
    if not found:
        return "not told"
    late = min(found) - max(usual, one.at_s)
    patience = max(LEAST, *(rule.respond for rule in rules.values())) / NS
    return f"told {late:.0f} s late" if late > patience else ""


def wrong_names(pair: Sequence[FaultBegun], singles: Mapping[str, Alarms], told: Alarms) -> list[str]:
    """Return what was told in a pair and of neither fault alone, by another number than theirs."""
    known = {_named(device, rule) for one in pair for device, rule, _ in singles[name_of(one)]}
    numbers = {
        (one.device, rule.fault)
        for one in pair
        for rule in rules_of(one, singles[name_of(one)]).values()
        if rule.fault
    }
    new = {(d, r) for d, r, _ in told if _named(d, r) not in known and _named(d, r) not in numbers}
    return sorted(f"{rule} on {device}" for device, rule in new)


def _named(device: str, rule: str) -> tuple[str, str]:
    """Return a device and the number of its fault, or the rule where that has none."""
    own = site().devices.get(device)
    return device, (own.family.rules[rule].fault if own else "") or rule


def name_of(one: FaultBegun) -> str:
    """Return a fault as it is kept."""
    return f"{one.device} {one.fault}"


def draw(family: str, seen: Sequence[FaultBegun], chance: random.Random) -> tuple[FaultBegun, FaultBegun]:
    """Return two different faults, the second up to five minutes after the first, or the other way round."""
    one, other = chance.sample(sorted(seen), 2)
    onset = SETTINGS[family].onset_s
    return FaultBegun(one.device, one.fault, onset), FaultBegun(
        other.device, other.fault, onset + chance.randint(0, LAG_S)
    )


@dataclass(slots=True)
class PairTally:
    """What pairs came to."""

    pairs: int = 0
    untold: int = 0
    wrong: int = 0

    def take(self, pair: Sequence[FaultBegun], singles: Mapping[str, Alarms], told: Alarms) -> str:
        """Count a pair; return a line where not all was told, or something wrong."""
        said = [f"{name_of(one)} {why}" for one in pair if (why := missed(one, singles[name_of(one)], told))]
        names = wrong_names(pair, singles, told)
        self.pairs, self.untold = self.pairs + 1, self.untold + bool(said)
        self.wrong += bool(names)
        if not (said or names):
            return ""
        both = " + ".join(f"{name_of(one)} at {one.at_s} s" for one in pair)
        heard = ", ".join(f"{rule} on {device}" for device, rule, _ in told)
        return f"* {both}: {'; '.join(said)}; wrong: {', '.join(names) or 'none'}; told: {heard}"


def singles(family: str, kept: dict[str, Alarms], keep: Path, pool: ProcessPoolExecutor) -> list[FaultBegun]:
    """Play each fault of a family alone that was not yet; return those that are found."""
    alone = [FaultBegun(one.device, one.fault, SETTINGS[family].onset_s) for one in faults(family)]
    new = [one for one in alone if name_of(one) not in kept]
    for one, told in zip(new, pool.map(played, [(family, (one,)) for one in new]), strict=True):
        kept[name_of(one)] = told
        keep.write_text(json.dumps(kept), encoding="utf-8")
    return [one for one in alone if rules_of(one, kept[name_of(one)])]


def main() -> None:
    """Play singles and pairs, and list what was not told, or wrongly."""
    parser = argparse.ArgumentParser(description="Random pairs of independent faults.")
    parser.add_argument("--pairs", type=int, default=40, help="in all, an equal share of each family")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=list(SETTINGS))
    parser.add_argument("-j", type=int, default=2)
    parser.add_argument("--keep", type=Path, default=Path(".cache") / "fault-pairs.json")
    asked = parser.parse_args()
    kept: dict[str, Alarms] = json.loads(asked.keep.read_text()) if asked.keep.exists() else {}
    chance, tally = random.Random(asked.seed), PairTally()
    with ProcessPoolExecutor(asked.j) as pool:
        for family in asked.only:
            seen = singles(family, kept, asked.keep, pool)
            drawn = [draw(family, seen, chance) for _ in range(asked.pairs // len(asked.only))]
            for pair, told in zip(drawn, pool.map(played, [(family, pair) for pair in drawn]), strict=True):
                line = tally.take(pair, kept, told)
                sys.stdout.write(f"{line}\n" if line else "")
                sys.stdout.flush()
    sys.stdout.write(
        f"{tally.pairs} pairs (seed {asked.seed}): both told in {tally.pairs - tally.untold}, "
        f"no wrong name in {tally.pairs - tally.wrong}\n"
    )


if __name__ == "__main__":
    main()
