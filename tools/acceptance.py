"""The promise of detection, played: every shipped scenario, and 365 healthy days. Writes docs/acceptance.md.

    python tools/acceptance.py [--days N] [--seed N] [--jobs N] [--only-year | --only-scenarios] [--to FILE]
    python tools/acceptance.py --site random:1,2 [--days N] [--before N] [--faults N]    foreign machines

The year is played in quarters, each a virtual stage of its own with the real daemon on the demonstration
site: weather of every season, and links that fail as links do. What a failed link hides must be unknown.
An alarm counts as false unless it is that link's own, raised while it was down.
Exit status 1: a promise was broken.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from zoneinfo import ZoneInfo

ROOT = Path(__file__).resolve().parents[1]

from devices.unit import Link, MqttLink
from facilityd.config.load import load
from facilityd.model.alarm import ChangeKind
from facilityd.model.sample import NS
from facilityd.query.alarm_log import AlarmLog
from facilityd.query.kpi_alarms import chattering, fleeting
from facilityd.query.kpi_table import kpi_table
from facilityd.scenario.expectations import AlarmRaised
from facilityd.scenario.load import find
from facilityd.scenario.load import load as load_script
from facilityd.scenario.run import Options, ScenarioResult, perform_all
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.reader import JournalReader

PAGE = ROOT / "docs" / "acceptance.md"
YEAR_BEGINS, DAYS, QUARTERS = date(2026, 1, 1), 365, 4
# Link troubles, per day: (hazard, magnitude, shortest s, longest s, how many on average).
TROUBLES = (
    ("refused", None, 2.0, 8.0, 0.5),  # a cable touched: shorter than the link's own alarm
    ("refused", None, 60.0, 1800.0, 0.15),  # an outage: the link's alarm, and nothing else
    ("half-open", None, 60.0, 600.0, 0.1),  # a gateway that hangs
    ("flaky", 0.2, 600.0, 7200.0, 0.4),  # a bad contact: a fifth of the answers is lost
)
SETTLE = 120 * NS
"""After an outage its alarm may still come this much later, in ns."""
CATALOGUE = tuple(
    f"{letter}{n}" for letter, last in (("H", 24), ("F", 22), ("L", 18)) for n in range(1, last + 1)
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A link in trouble from ``at`` for ``lasts`` s."""

    at: int
    link: str
    hazard: str
    magnitude: float | None
    lasts: float


@dataclass(slots=True)
class Quarter:
    """What a part of the year came to."""

    begins: str
    days: int
    seconds: float = 0.0
    samples: int = 0
    values: int = 0
    findings: int = 0
    unknown: int = 0
    outages: int = 0
    link_alarms: int = 0
    false_alarms: list[str] = field(default_factory=list)
    nuisance: Counter[str] = field(default_factory=Counter)
    """Occurrences that chatter or are fleeting (ISA-18.2), by figure and rule."""


def troubles(links: Iterable[str], start: int, days: int, seed: int) -> list[Trouble]:
    """Return the links' troubles, one at a time on each link."""
    chance = random.Random(seed)
    names, free, found = sorted(links), {}, []
    for day in range(days):
        for hazard, magnitude, shortest, longest, often in TROUBLES:
            if chance.random() >= often:
                continue
            link, at = chance.choice(names), start + round((day + chance.random()) * 86400 * NS)
            lasts = chance.uniform(shortest, longest)
            if free.get(link, 0) < at:
                free[link] = at + round(lasts * NS) + 3600 * NS
                found.append(Trouble(at, link, hazard, magnitude, lasts))
    return sorted(found, key=lambda t: t.at)


def play(begins: date, days: int, seed: int) -> Quarter:
    """Play some days; every alarm that is not a failed link's own is a false one."""
    logging.disable(logging.ERROR)
    site = load(ROOT / "config" / "square")
    zone = ZoneInfo(site.timezone)
    start = round(datetime(begins.year, begins.month, begins.day, tzinfo=zone).timestamp()) * NS
    plan = [t for t in troubles(site.links, start, days, seed) if _fits(t, site.links[t.link])]
    quarter = Quarter(begins.isoformat(), days, outages=sum(t.hazard != "flaky" for t in plan))
    began = time.perf_counter()
    with (
        tempfile.TemporaryDirectory() as folder,
        VirtualRuntime(site, Path(folder), start=start, seed=seed) as runtime,
    ):
        edges = [(t.at, t, True) for t in plan] + [(t.at + round(t.lasts * NS), t, False) for t in plan]
        for at, trouble, on in sorted(edges, key=lambda edge: edge[0]):
            runtime.until(at)
            runtime.hazard(trouble.link, trouble.hazard if on else "none", trouble.magnitude if on else None)
        runtime.until(start + days * 86400 * NS)
        quarter.seconds = time.perf_counter() - began
        _count(quarter, runtime.journal, plan, zone)
    return quarter


def _fits(trouble: Trouble, link: Link) -> bool:
    return not isinstance(link, MqttLink) or trouble.hazard == "refused"


def _count(quarter: Quarter, journal: Path, plan: list[Trouble], zone: ZoneInfo) -> None:
    with JournalReader.open(journal) as reader:
        quarter.nuisance = nuisance(AlarmLog.of(reader.alarm_log(1 << 62)))
        last = 0
        while rows := reader.samples_after(last, 20_000):
            last = rows[-1].id
            quarter.samples += len(rows)
            quarter.values += sum(len(reader.stream(row.stream).signals) for row in rows)
        verdicts = [stored.finding.verdict for stored in reader.findings_after()]
        quarter.findings, quarter.unknown = len(verdicts), verdicts.count(None)
        for stored in reader.changes():
            change = stored.change
            if change.kind not in (ChangeKind.RAISE, ChangeKind.UNSUPPRESS):
                continue
            if _own(change.device, change.at, plan):
                quarter.link_alarms += 1
            elif not (change.evidence and change.evidence.cause):
                when = datetime.fromtimestamp(change.at / NS, zone)
                said = json.dumps(change.evidence.as_dict() if change.evidence else {}, ensure_ascii=False)
                what = f"{when:%Y-%m-%d %H:%M} {change.device} {change.rule} {said}"
                quarter.false_alarms.append(what)


def nuisance(log: AlarmLog) -> Counter[str]:
    """Return how often alarms chattered (three in a minute) or were fleeting (over within one), by rule."""
    by, found = kpi_table().settings, Counter[str]()
    for one in chattering(log.occurrences, by.chattering, by.chattering_within):
        found[f"chattering: {one.rule} on {one.device}"] += one.episodes
    for span in fleeting([one for one in log.occurrences if one.annunciated is not None], by.fleeting):
        found[f"fleeting: {span.rule} on {span.device}"] += 1
    return found


def _own(device: str, at: int, plan: list[Trouble]) -> bool:
    return any(device == f"link-{t.link}" and t.at <= at <= t.at + round(t.lasts * NS) + SETTLE for t in plan)


def year(days: int, jobs: int, seed: int = 1) -> list[Quarter]:
    """Play the year in quarters, ``jobs`` at a time."""
    lengths = [days // QUARTERS + (n < days % QUARTERS) for n in range(QUARTERS)]
    spacing = DAYS / QUARTERS
    begins = [YEAR_BEGINS + timedelta(days=round(n * spacing)) for n in range(QUARTERS)]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        return list(pool.map(play, begins, lengths, range(seed, seed + QUARTERS)))


def _scenarios(jobs: int) -> list[ScenarioResult]:
    return list(perform_all(find(("all",)), Options(), jobs, lambda _: None))


def by_number(results: list[ScenarioResult]) -> dict[str, list[tuple[str, str, bool]]]:
    """Return, for each catalogue number, (scenario, what happened, kept) of those that expect it."""
    told = {result.file: result for result in results}
    found: dict[str, list[tuple[str, str, bool]]] = {}
    for path in find(("all",)):
        script = load_script(path)
        result = told.get(str(path)) or told.get(script.file)
        for _, sentence, expectation in script.expectations:
            if not isinstance(expectation, AlarmRaised) or result is None:
                continue
            happened = next(j for j in result.check_results if j.sentence == sentence)
            device = script.site.devices.get(expectation.device)
            rules = device.family.rules if device else {}
            named = rules[expectation.rule].fault if expectation.rule in rules else expectation.rule
            found.setdefault(named, []).append((script.scenario.scenario, happened.happened, result.ok))
    return found


HEAD = (
    "# Acceptance: every fault found, and a healthy year without an alarm\n\nWritten by `make acceptance`.\n"
)
FAULTS = """
## Faults

{found} of {all} faults of the catalogue are found by a rule of their own number, each in a story in
which nothing else is told (what is only a consequence is listed with its cause and told to nobody).
{kept} of {scenarios} scenarios kept every word. Times count from the first act of the story, so they hold the
wait for the run, the dusk or the rain in which a fault can be seen at all, and the on-delay of the rule.

| fault | scenario | what happened |
|---|---|---|
"""
YEAR = """
## A healthy year

{days} virtual days of the demo site, every season's weather, {outages} link failures: **{false} false
alarms**. The failed links' own alarms: {own}. {took:.0f} s of one core in all.

| from | days | samples | values | verdict changes | to unknown | links failed | their alarms | false |
|---|---|---|---|---|---|---|---|---|
"""


def faults_part(results: list[ScenarioResult]) -> tuple[str, bool]:
    """Return the part on scenarios and whether every promise in it was kept."""
    numbers = by_number(results)
    found = [n for n in CATALOGUE if any(ok for *_, ok in numbers.get(n, []))]
    failed = [r for r in results if not r.ok]
    text = FAULTS.format(
        found=len(found), all=len(CATALOGUE), kept=len(results) - len(failed), scenarios=len(results)
    )
    for n in CATALOGUE:
        for name, said, ok in numbers.get(n, [("none", "NOT FOUND", True)]):
            text += f"| {n} | {name} | {said}{'' if ok else ' (FAILED)'} |\n"
    for result in failed:
        broken = "; ".join(f"{j.sentence}: {j.happened}" for j in result.check_results if not j.ok)
        text += f"\n* FAILED {result.scenario}: {result.error or broken}\n"
    return text, not failed and len(found) == len(CATALOGUE)


def year_part(quarters: list[Quarter]) -> tuple[str, bool]:
    """Return the part on the year and whether it was without a false alarm."""
    false = [alarm for q in quarters for alarm in q.false_alarms]
    text = YEAR.format(
        days=sum(q.days for q in quarters), outages=sum(q.outages for q in quarters), false=len(false),
        own=sum(q.link_alarms for q in quarters), took=sum(q.seconds for q in quarters),
    )  # fmt: skip
    for q in quarters:
        cells = (q.begins, q.days, f"{q.samples:,}", f"{q.values:,}", f"{q.findings:,}", f"{q.unknown:,}")
        cells = (*cells, q.outages, q.link_alarms, len(q.false_alarms))
        text += f"| {' | '.join(map(str, cells))} |\n"
    shaky = sum((q.nuisance for q in quarters), Counter[str]())
    text += f"\nChattering or fleeting (ISA-18.2: 0 wanted): **{sum(shaky.values())}**.\n"
    told = (*false, *(f"{n} × {what}" for what, n in shaky.most_common()))
    return text + "".join(f"\n* {one}\n" for one in told), not (false or shaky)


def main() -> None:
    parser = argparse.ArgumentParser(description="Play every scenario and a healthy year.")
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--seed", type=int, default=1, help="of the year's first quarter; the others follow")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only-year", action="store_true")
    parser.add_argument("--only-scenarios", action="store_true")
    parser.add_argument("--to", type=Path, default=PAGE)
    asked = parser.parse_args()
    logging.disable(logging.ERROR)
    results = [] if asked.only_year else _scenarios(asked.jobs)
    quarters = [] if asked.only_scenarios else year(asked.days, asked.jobs, asked.seed)
    parts = [faults_part(results)] if results else []
    parts += [year_part(quarters)] if quarters else []
    text, kept = HEAD + "".join(text for text, _ in parts), all(ok for _, ok in parts)
    asked.to.write_text(text, encoding="utf-8")
    print(text)
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    if any(one.startswith("--site") for one in sys.argv):
        from random_square_page import main as main_of_random_squares

        main_of_random_squares()
    else:
        main()
