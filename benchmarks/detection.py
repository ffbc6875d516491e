"""The chart detector on recordings of a real pump loop: python benchmarks/detection.py [SKAB_FOLDER].

Protocol of the Skoltech Anomaly Benchmark's outlier task: one fit per file on its first 400 rows, the rest
scored row by row, all files pooled. A file without labels is healthy: fitted on its first hour, the rest must
be silent. Nothing is set per file. Data: github.com/waico/SKAB, GPL-3.0, read in place, never copied.
"""

from __future__ import annotations

import csv
import sys
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

from facilityd.detect.statistics import quantile
from facilityd.detect.var_residuals import Values, VarResidualChart, fit

SKAB = Path(__file__).resolve().parents[1] / "../shared/skab"
LABELS = ("datetime", "anomaly", "changepoint")
SLOW = ("Temperature", "Thermocouple")
"""Slow signals never enter a chart; they belong to trends (a rule's `signals` leaves them out likewise)."""
FITTED, HOUR = 400, 3600
MISSED = float("inf")


@dataclass(frozen=True, slots=True)
class Run:
    name: str
    rows: list[tuple[float, ...]]
    truth: list[bool] | None


@dataclass(frozen=True, slots=True)
class DetectionScore:
    """Rows by truth and verdict; ``onsets`` in the ``lead`` healthy seconds before the event; ``delay`` in s."""

    name: str
    hits: int
    false: int
    missed: int
    right: int
    onsets: int
    lead: int
    delay: float
    seconds: float


def read(path: Path) -> Run | str:
    """Return the run in a file, or why it is none."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    if not rows or "datetime" not in rows[0]:
        return "no recording: no column datetime, separated by ;"
    first, last = (datetime.fromisoformat(row["datetime"]) for row in (rows[0], rows[-1]))
    if abs(last - first) > timedelta(days=1):
        return "not one run: more than one day in it"
    labelled = "anomaly" in rows[0]
    if len(rows) <= (FITTED if labelled else HOUR):
        return f"too short: {len(rows)} rows"
    names = [name for name in rows[0] if name not in (*LABELS, *SLOW)]
    truth = [float(row["anomaly"]) > 0 for row in rows] if labelled else None
    name = f"{path.parent.name}/{path.stem}"
    return Run(name, [tuple(float(row[n]) for n in names) for row in rows], truth)


def load(folder: Path) -> list[Run]:
    """Return every run under a folder; what is none is named."""
    runs = []
    for path in sorted(folder.rglob("*.csv")):
        found = read(path)
        if isinstance(found, Run):
            runs.append(found)
        else:
            print(f"{path}: left out, {found}", file=sys.stderr)
    return runs


def engine(rows: list[tuple[float, ...]], fitted: int) -> tuple[list[bool], float]:
    """Return the verdicts after the fit, and seconds per 1,000 rows (without the fit)."""
    chart = VarResidualChart(fit([rows[:fitted]]))
    begun = time.process_time()
    verdicts = [_step(chart, row) for row in rows]
    spent = time.process_time() - begun
    return verdicts[fitted:], 1000 * spent / len(rows)


def _step(chart: VarResidualChart, row: Values) -> bool:
    return bool(chart.step(row))


def score(run: Run) -> DetectionScore:
    """Score one labelled run."""
    said, seconds = engine(run.rows, FITTED)
    truth = (run.truth or [])[FITTED:]
    pairs = list(zip(said, truth, strict=True))
    start = truth.index(True) if True in truth else len(truth)
    onsets = sum(now and not before for before, now in zip([False, *said], said[:start], strict=False))
    found = [i for i, (s, t) in enumerate(pairs) if s and t]
    return DetectionScore(
        run.name, pairs.count((True, True)), pairs.count((True, False)), pairs.count((False, True)),
        pairs.count((False, False)), onsets, start, found[0] - start if found else MISSED, seconds,
    )  # fmt: skip


def f1(scores: list[DetectionScore]) -> float:
    hits, wrong = sum(s.hits for s in scores), sum(s.false + s.missed for s in scores)
    return 2 * hits / (2 * hits + wrong) if hits else 0.0


def pooled(scores: list[DetectionScore]) -> dict[str, float]:
    """Return the figures over all runs; a missed event counts as an endless delay."""
    delays = [s.delay for s in scores if s.hits + s.missed]
    false, right = sum(s.false for s in scores), sum(s.right for s in scores)
    hits, missed = sum(s.hits for s in scores), sum(s.missed for s in scores)
    return {
        "F1": f1(scores),
        "FAR %": 100 * false / max(1, false + right),
        "MAR %": 100 * missed / max(1, hits + missed),
        "events": len(delays),
        "events found": sum(d < MISSED for d in delays),
        "delay median s": median(delays or [MISSED]),
        "delay p90 of found s": quantile([d for d in delays if d < MISSED] or [MISSED], 0.9),
        "false onsets per healthy hour": 3600
        * sum(s.onsets for s in scores)
        / max(1, sum(s.lead for s in scores)),
        "s per 1,000 rows": max(s.seconds for s in scores),
    }


def healthy(run: Run) -> float:
    """Return the share of time in false alarm, %, after the fit on one hour."""
    said, _ = engine(run.rows, HOUR)
    return 100 * sum(said) / max(1, len(said))


def main(folder: Path) -> None:
    runs = load(folder)
    scores = [score(run) for run in runs if run.truth is not None]
    if not runs:
        raise SystemExit(f"no runs under {folder}: give the folder of the benchmark's data")
    print(f"{'run':16}{'F1':>7}{'FAR %':>8}{'MAR %':>8}{'onsets':>8}{'delay s':>9}")
    for s in scores:
        one = pooled([s])
        print(f"{s.name:16}{one['F1']:7.3f}{one['FAR %']:8.1f}{one['MAR %']:8.1f}{s.onsets:8}{s.delay:9}")
    for name, value in (pooled(scores) if scores else {}).items():
        print(f"{name:32}{value:10.3f}")
    if len(scores) > 1:
        without = [f1([s for s in scores if s is not left]) for left in scores]
        print(f"{'F1, any one run left out':32}{min(without):10.3f} to {max(without):.3f}")
    for run in runs:
        if run.truth is None:
            print(f"{run.name}: false alarm {healthy(run):.2f} % of the time after a fit on one hour")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else SKAB)
