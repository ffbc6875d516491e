"""Random pairs of independent faults, on a device or on it and its neighbour: is each of them told by name?

    python tools/fault_pairs.py [--pairs N] [--seed S] [--only fountain] [-j N] [--keep FILE]
    python tools/fault_pairs.py --check-masks [--only fountain]

Each story is played in virtual time on the devices concerned only. First each fault alone, in the hour in
which its family works: what is not found there says nothing of pairs. Then pairs of those, in either order,
up to five minutes apart. A fault counts as told where a rule of its catalogue number (or, where it has none,
one that told it alone) was told within its time to respond; a name as wrong where neither fault alone raises
it, not even as a consequence.

Where one fault takes away what the other is seen by (a tripped drive turns no pump that could run dry) they
are no independent pair: `fault_pairs.yaml` says which, and why. Such pairs are played and listed apart: the
masking fault must be told, and no wrong name. ``--check-masks`` plays all of them: none may be told in full.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import yaml

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

    devices: Sequence[str]
    start: str
    duration: str
    onset_s: int
    acts: Sequence[str] = ()


TABLE = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
SETTINGS = {family: Setting(**row) for family, row in TABLE["settings"].items()}


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
    names = MODELS[family].FAULTS
    return [FaultBegun(device, name) for device in SETTINGS[family].devices for name in names]


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


def played(task: tuple[str, tuple[FaultBegun, ...]]) -> list[tuple[str, str, float | None]]:
    """Return (device, rule, s from the start when told, or None) of what faults raised."""
    family, begun = task
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pair.yaml"
        path.write_text(story(family, begun), encoding="utf-8")
        script = load(path, site())
        outcome = play(script, runtime_of(real=False), Path(folder), None, lambda _: None)
        with RunLog.open(script, outcome.journal) as log:
            return [(a.device, a.rule, (a.told - log.start) / NS if a.told else None) for a in log.alarms]


Alarms = Sequence[tuple[str, str, float | None]]
Seen = Mapping[str, Sequence[FaultBegun]]
Mask = tuple[FaultBegun, FaultBegun, str]


@cache
def masks() -> Mapping[tuple[str, str, str], str]:
    """Return by (device, masking fault, hidden fault) what the first takes away."""
    return {
        (device, by, hidden): entry["because"]
        for family, entries in TABLE["masks"].items()
        for entry in entries
        for device in entry.get("on", SETTINGS[family].devices)
        for by in entry["by"]
        for hidden in entry["hidden"]
    }


def masked(pair: Sequence[FaultBegun], singles: Mapping[str, Alarms]) -> Mask | None:
    """Return (masking, hidden, reason) where a pair is not independent, else None.

    What began so late that the other was told before it, by when that is told alone, masks nothing.
    """
    for by, hidden in (pair, (pair[1], pair[0])):
        reason = masks().get((by.device, by.fault, hidden.fault), "")
        onset = SETTINGS[site().devices[by.device].family.family].onset_s
        early = by.at_s - hidden.at_s + onset
        if reason and by.device == hidden.device and early < usual(hidden, singles[name_of(hidden)]):
            return by, hidden, reason
    return None


def rules_of(one: FaultBegun, alone: Alarms) -> dict[str, Rule]:
    """Return the rules by which a fault is named: those of its number, else all that told it alone."""
    family = site().devices[one.device].family
    number = MODELS[family.family].FAULTS[one.fault].catalogue
    mine = {rule for device, rule, at in alone if device == one.device and at is not None}
    numbered = {name for name, rule in family.rules.items() if number and rule.fault == number}
    return {name: family.rules[name] for name in (numbered & mine or mine)}


def usual(one: FaultBegun, alone: Alarms) -> float:
    """Return when a fault is told by its name where it is alone, in s of the story."""
    rules = rules_of(one, alone)
    return min(at for device, rule, at in alone if at is not None and device == one.device and rule in rules)


def missed(one: FaultBegun, alone: Alarms, told: Alarms) -> str:
    """Return why a fault counts as untold in a pair; nothing where it was told in time."""
    rules = rules_of(one, alone)
    own = site().devices[one.device].family.rules
    number = {own[rule].fault for rule in rules} - {""}
    found = [at for device, rule, at in told if at is not None
             and device == one.device and (rule in rules or own[rule].fault in number)]  # fmt: skip
    if not found:
        return "not told"
    late = min(found) - max(usual(one, alone), one.at_s)
    patience = max(LEAST, *(rule.respond for rule in rules.values())) / NS
    return f"told {late:.0f} s late" if late > patience else ""


def wrong_names(pair: Sequence[FaultBegun], singles: Mapping[str, Alarms], told: Alarms) -> list[str]:
    """Return what was told in a pair and of neither fault alone, by another number than theirs."""
    known = {_named(device, rule) for one in pair for device, rule, _ in singles[name_of(one)]}
    known |= {
        (one.device, rule.fault) for one in pair for rule in rules_of(one, singles[name_of(one)]).values()
    }
    return sorted(
        {f"{rule} on {device}" for device, rule, at in told if at and _named(device, rule) not in known}
    )


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
    return replace(one, at_s=onset), replace(other, at_s=onset + chance.randint(0, LAG_S))


@dataclass(slots=True)
class PairTally:
    """What pairs came to."""

    pairs: int = 0
    untold: int = 0
    wrong: int = 0
    masked: int = 0
    masked_wrong: int = 0

    def take(self, pair: Sequence[FaultBegun], singles: Mapping[str, Alarms], told: Alarms) -> str:
        """Count a pair; return a line where one masks the other, not all was told, or something wrong."""
        said = {one: why for one in pair if (why := missed(one, singles[name_of(one)], told))}
        names = wrong_names(pair, singles, told)
        hides = masked(pair, singles)
        if hides:
            bad = bool(names) or hides[0] in said
            self.masked, self.masked_wrong = self.masked + 1, self.masked_wrong + bad
        else:
            self.pairs, self.untold = self.pairs + 1, self.untold + bool(said)
            self.wrong += bool(names)
        if not (said or names or hides):
            return ""
        both = " + ".join(f"{name_of(one)} at {one.at_s} s" for one in pair)
        heard = ", ".join(f"{rule} on {device}" for device, rule, at in told if at)
        kind = f"masked ({hides[1].fault} by {hides[0].fault}: {hides[2]})" if hides else ""
        words = [kind] * bool(kind) + [f"{name_of(one)} {why}" for one, why in said.items()]
        return f"* {both}: {'; '.join(words)}; wrong: {', '.join(names) or 'none'}; told: {heard}"


def mask_pairs(seen: Sequence[FaultBegun]) -> list[tuple[FaultBegun, FaultBegun]]:
    """Return every pair of the table of masks for the first device that can have both, the mask first."""
    found = {
        (by.fault, hidden.fault): (by, replace(hidden, at_s=hidden.at_s + 60))
        for by in reversed(seen)
        for hidden in reversed(seen)
        if by.device == hidden.device and (by.device, by.fault, hidden.fault) in masks()
    }
    return list(found.values())


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
    parser.add_argument("--check-masks", action="store_true", help="play the table of masks instead")
    parser.add_argument("-j", type=int, default=2)
    parser.add_argument("--keep", type=Path, default=Path(".cache/fault-pairs.json"))
    asked = parser.parse_args()
    kept: dict[str, Alarms] = json.loads(asked.keep.read_text()) if asked.keep.exists() else {}
    with ProcessPoolExecutor(asked.j) as pool:
        seen = {family: singles(family, kept, asked.keep, pool) for family in asked.only}
        if asked.check_masks:
            check_masks(seen, kept, pool)
        else:
            play_pairs(seen, kept, pool, asked.pairs, asked.seed)


def play_pairs(
    seen: Seen, kept: Mapping[str, Alarms], pool: ProcessPoolExecutor, count: int, seed: int
) -> None:
    """Play pairs, and list what was not told, or wrongly, and what is masked."""
    chance, tally, each = random.Random(seed), PairTally(), count // len(seen)
    pairs = {family: [draw(family, found, chance) for _ in range(each)] for family, found in seen.items()}
    for family, drawn in pairs.items():
        while sum(masked(pair, kept) is None for pair in drawn) < each:
            drawn.append(draw(family, seen[family], chance))
        for pair, told in zip(drawn, pool.map(played, [(family, pair) for pair in drawn]), strict=True):
            line = tally.take(pair, kept, told)
            sys.stdout.write(f"{line}\n" if line else "")
            sys.stdout.flush()
    sys.stdout.write(
        f"{tally.pairs} independent pairs (seed {seed}): both told in {tally.pairs - tally.untold}, "
        f"no wrong name in {tally.pairs - tally.wrong}; {tally.masked} more in which one masks the other: "
        f"that one told and no wrong name in {tally.masked - tally.masked_wrong}\n"
    )


def check_masks(seen: Seen, kept: Mapping[str, Alarms], pool: ProcessPoolExecutor) -> None:
    """Play the table of masks, and list what is told all the same: that is masked by nothing."""
    for family, found in seen.items():
        pairs = mask_pairs(found)
        for pair, told in zip(pairs, pool.map(played, [(family, pair) for pair in pairs]), strict=True):
            if not missed(pair[1], kept[name_of(pair[1])], told):
                sys.stdout.write(f"* {family}: {pair[1].fault} is told in spite of {pair[0].fault}\n")
        sys.stdout.write(f"{family}: {len(pairs)} masks played\n")


if __name__ == "__main__":
    main()
