"""The way of the peers on the same telemetry: mean and standard deviation of each signal, learned, no more.

    python benchmarks/peer_rules.py [HEALTHY_DAYS]

Fledge's sigma rule and Neuron's "N readings in a row to raise" (docs/reference/peers.md §1.5), as kind to them as can be: fitted on
two whole healthy days of the demonstration site, judged on those that follow and on one story of each catalogue
number. A fault counts as found when any signal of its device goes out of bounds after the fault began: no
peer says which fault it is. Told beside it: facilityd on the same journals, where only a rule of the very number counts.
"""

from __future__ import annotations

import logging
import math
import runpy
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from facilityd.app.builtin import all_devices
from facilityd.config.load import load as load_site
from facilityd.model.alarm import ChangeKind
from facilityd.model.sample import NS, SignalType
from facilityd.scenario.expectations import AlarmRaised
from facilityd.scenario.load import LoadedScenario, find, load
from facilityd.scenario.play import play, runtime_of
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.reader import JournalReader

ROOT = Path(__file__).resolve().parents[1]
CATALOGUE = runpy.run_path(str(ROOT / "tools" / "acceptance.py"))["CATALOGUE"]
FIT = 2
"""Days that are learned from."""
WAYS = ((3.0, 1), (3.0, 3), (5.0, 3))
"""(standard deviations, readings in a row)."""
Signal = tuple[str, str]
Reading = tuple[int, Signal, float]


@dataclass
class Moments:
    """Mean and spread, as they come (Welford 1962)."""

    n: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, value: float) -> None:
        """Take one in."""
        self.n += 1
        step = value - self.mean
        self.mean += step / self.n
        self.squares += step * (value - self.mean)

    def environment(self, value: float, factor: float) -> bool:
        """Return whether a value is farther off than ``factor`` standard deviations."""
        return self.n > 1 and abs(value - self.mean) > factor * math.sqrt(self.squares / (self.n - 1))


class Sigma:
    """One way over all signals: counts the onsets."""

    def __init__(self, fitted: Mapping[Signal, Moments], factor: float, row: int) -> None:
        self._fitted, self._factor, self._row = fitted, factor, row
        self._runs: dict[Signal, int] = {}

    def onset(self, signal: Signal, value: float) -> bool:
        """Return whether this reading raises what was not raised."""
        moments = self._fitted.get(signal)
        out = moments is not None and moments.environment(value, self._factor)
        self._runs[signal] = self._runs.get(signal, 0) + 1 if out else 0
        return self._runs[signal] == self._row


def readings(journal: Path) -> Iterator[Reading]:
    """Iterate over the good numbers of the devices (not of links and the daemon itself), as they were stored."""
    with JournalReader.open(journal) as reader:
        last = 0
        while rows := reader.samples_after(last, 20_000):
            last = rows[-1].id
            for sample in map(reader.sample, rows):
                stream = sample.stream
                if stream.unit == "facilityd":
                    continue
                for index, (name, kind) in enumerate(zip(stream.signals, stream.types, strict=True)):
                    value = sample.values[index]
                    if kind is SignalType.FLOAT and value is not None and index not in sample.reasons:
                        yield sample.at, (stream.device, name), float(value)


def raised(journal: Path) -> list[tuple[str, str, int]]:
    """Return facilityd's own alarms that somebody is told of: (device, rule, at)."""
    with JournalReader.open(journal) as reader:
        changes = [stored.change for stored in reader.changes()]
    told = [c for c in changes if c.kind is ChangeKind.RAISE and not (c.evidence and c.evidence.cause)]
    return [(c.device, c.rule, c.at) for c in told]


def healthy(days: int) -> tuple[dict[Signal, Moments], dict[tuple[float, int], float], float]:
    """Play healthy days; return what was fitted, false onsets a day of each way, and facilityd's."""
    site = load_site(ROOT / "config" / "square")
    start = round(datetime(2026, 6, 8, tzinfo=ZoneInfo(site.timezone)).timestamp()) * NS
    fitted: dict[Signal, Moments] = {}
    with tempfile.TemporaryDirectory() as folder:
        with VirtualRuntime(site, Path(folder), start=start) as runtime:
            runtime.until(start + (FIT + days) * 86400 * NS)
        ways = {way: Sigma(fitted, *way) for way in WAYS}
        onsets = dict.fromkeys(WAYS, 0)
        for at, signal, value in readings(runtime.journal):
            if at < start + FIT * 86400 * NS:
                fitted.setdefault(signal, Moments()).add(value)
                continue
            for way, sigma in ways.items():
                onsets[way] += sigma.onset(signal, value)
        own = len(raised(runtime.journal))
    return fitted, {way: count / days for way, count in onsets.items()}, own / (FIT + days)


def stories() -> Iterator[tuple[str, LoadedScenario, AlarmRaised]]:
    """Iterate over one story of each catalogue number: its own where there is one, none of weeks."""
    told: dict[str, list[tuple[bool, LoadedScenario, AlarmRaised]]] = {}
    for path in find(("all",)):
        script = load(path)
        for _, _, wanted in script.expectations:
            if isinstance(wanted, AlarmRaised) and "long" not in script.scenario.tags:
                rule = all_devices(script.site)[wanted.device].family.rules.get(wanted.rule)
                number = rule.fault if rule else wanted.rule
                own = path.stem.startswith(f"{number[:1].lower()}{number[1:]:0>2}-")
                told.setdefault(number, []).append((own, script, wanted))
    for number in CATALOGUE:
        _, script, wanted = max(told[number], key=lambda one: one[0])
        yield number, script, wanted


def found(
    script: LoadedScenario, wanted: AlarmRaised, number: str, fitted: dict[Signal, Moments]
) -> tuple[dict[tuple[float, int], bool], bool]:
    """Play a story; return which ways found anything on its device, and whether facilityd found the number."""
    began = script.start + script.first_act
    with tempfile.TemporaryDirectory() as folder:
        outcome = play(script, runtime_of(real=False), Path(folder), None, lambda _: None)
        ways = {way: Sigma(fitted, *way) for way in WAYS}
        hits = dict.fromkeys(WAYS, False)
        for at, signal, value in readings(outcome.journal):
            for way, sigma in ways.items():
                hits[way] |= sigma.onset(signal, value) and at >= began and signal[0] == wanted.device
        devices = all_devices(script.site)
        own = any(
            device == wanted.device and at >= began and devices[device].family.rules[rule].fault == number
            for device, rule, at in raised(outcome.journal)
        )
    return hits, own


def main(days: int) -> None:
    """Print both halves and the ratio."""
    logging.disable(logging.ERROR)
    fitted, false, own = healthy(days)
    results = [found(script, wanted, number, fitted) for number, script, wanted in stories()]
    print(
        f"{len(fitted)} signals, {FIT} days learned, {days} healthy days and {len(results)} faults judged\n"
    )
    print("| who | false alarms per healthy day | faults noticed | of them named |")
    print("|---|---|---|---|")
    for way in WAYS:
        noticed = sum(hits[way] for hits, _ in results)
        what = f"{way[0]:g} sigma, {way[1]} in a row"
        print(f"| {what} | {false[way]:.1f} | {noticed} of {len(results)} | 0 |")
    named = sum(mine for _, mine in results)
    print(f"| facilityd | {own:.1f} | {named} of {len(results)} | {named} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
