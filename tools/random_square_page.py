"""Plays squares of foreign machines, and writes their page: tools/acceptance.py --site random:SEEDS."""

from __future__ import annotations

import argparse
import logging
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from random_square import COMMISSIONING_DAYS, HEALTHY_DAYS, LONGEST_H, RandomSquare, run

WRITTEN = Path(__file__).resolve().parents[1] / "docs" / "random-squares.md"
PAGE = """# Random squares: foreign machines, commissioned and tried

Written by `tools/acceptance.py --site random:SEEDS`. One device of each family, its machine drawn from
`simulators/machines` with sensors that are noisy, late, off and rounded. The site's files confirm nothing.
After {before} days an engineer marks what is in the way, learns and signs; {days} healthy days follow, then
each fault of the catalogue at its typical size, one after the other, {longest:.0f} h at most.

| seed | machines | told before | advice before | marks | signed | refused | false after | named | of |
|---|---|---|---|---|---|---|---|---|---|
{rows}
"""


def page(squares: Sequence[RandomSquare], before: int, days: int) -> str:
    """Return what they came to as Markdown."""
    rows = "\n".join(
        f"| {s.seed} | {', '.join(s.kinds.values())} | {len(s.told_before)} | {s.advice_before} | {s.marks} "
        f"| {s.signed} | {len(s.refused)} | {len(s.false_alarms)} "
        f"| {sum(f.named is not None for f in s.found)} | {len(s.found)} |"
        for s in squares
    )
    text = PAGE.format(before=before, days=days, longest=LONGEST_H, rows=rows)
    for one in squares:
        text += f"\n## Seed {one.seed}\n\n"
        lines = [
            *(f"refused: {line}" for line in one.refused),
            *(f"told before: {name} ({n} times)" for name, n in Counter(one.told_before).items()),
            *(f"false: {line}" for line in one.false_alarms),
            *(
                f"not named: {f.story.device} {f.story.fault} ({f.story.catalogue}); "
                f"told: {', '.join(sorted(set(f.told))) or 'nothing'}"
                for f in one.found
                if f.named is None
            ),
        ]
        text += "".join(f"* {line}\n" for line in lines or ["nothing to list"])
    return text


def main() -> None:
    """Play what the command line asks for."""
    parser = argparse.ArgumentParser(description="Play squares of foreign machines.")
    parser.add_argument("--site", required=True, help="random:SEEDS, such as random:1,2")
    parser.add_argument("--days", type=int, default=HEALTHY_DAYS, help="healthy days after commissioning")
    parser.add_argument("--before", type=int, default=COMMISSIONING_DAYS, help="days until commissioning")
    parser.add_argument("--faults", type=int, help="so many of the catalogue's, drawn by the seed; else all")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--to", type=Path, default=WRITTEN)
    asked = parser.parse_args()
    logging.disable(logging.ERROR)
    seeds = [int(one) for one in asked.site.removeprefix("random:").split(",")]
    several = ([value] * len(seeds) for value in (asked.days, asked.before, asked.faults))
    with ProcessPoolExecutor(asked.jobs, mp_context=get_context("spawn")) as pool:
        squares = list(pool.map(run, seeds, *several))
    text = page(squares, asked.before, asked.days)
    asked.to.write_text(text, encoding="utf-8")
    print(text)
