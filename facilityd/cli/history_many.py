"""Several signals beside each other: a row for each bucket, a column for each signal."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from facilityd.cli.output import console, print_json, say, table
from facilityd.cli.text_table import whole
from facilityd.cli.words import sentence
from facilityd.model.sample import NS
from facilityd.notify.value_text import scaled
from facilityd.query.instants import iso_instant, show_second

if TYPE_CHECKING:
    from facilityd.model.text import Language
    from facilityd.query.history import HistoryAnswer, HistoryBucket

WIDTHS = (1, 5, 10, 30, 60, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400)
"""Seconds that a bucket may have where none is named."""
ROWS = 24
"""As many rows are wanted, where no bucket is named."""


def fitting_bucket(length: int) -> int:
    """Return the width (ns) of buckets of which about ``ROWS`` fill a span (ns)."""
    return NS * next((one for one in WIDTHS if one * NS * ROWS >= length), WIDTHS[-1])


def print_many(answers: Sequence[HistoryAnswer], language: Language, *, as_json: bool, as_csv: bool) -> None:
    """Print the buckets of several signals, which are of the same times."""
    if as_json:
        print_json([one.plain() for one in answers])
    elif as_csv:
        _csv(answers)
    else:
        _table(answers, language)


def _csv(answers: Sequence[HistoryAnswer]) -> None:
    writer = csv.writer(sys.stdout)
    writer.writerow(["time", *(f"{one.query.device}.{one.query.signal}" for one in answers)])
    for n, bucket in enumerate(answers[0].buckets):
        row = (one.buckets[n].mean for one in answers)
        writer.writerow([iso_instant(bucket.at, answers[0].zone), *("" if v is None else v for v in row)])


def _table(answers: Sequence[HistoryAnswer], language: Language) -> None:
    zone = answers[0].zone
    names = [f"{one.query.device}.{one.query.signal}" for one in answers]
    columns = [whole("time", "时间"), *(whole(name, named=True) for name in names)]
    rows = [
        (show_second(bucket.at, zone)[:16], *(_mean(one, one.buckets[n]) for one in answers))
        for n, bucket in enumerate(answers[0].buckets)
        if any(one.buckets[n].count for one in answers)
    ]
    if rows:
        console().print(table("", columns, rows, language=language))
    else:
        say(sentence("nothing-stored", language))
    for one, name in zip(answers, names, strict=True):
        if missing := one.quality.missing:
            share = f"{100 * missing / (one.query.until - one.query.since):.0f}"
            why = one.gaps[-1].text(language)
            say(sentence("missing-share", language, signal=name, share=share, why=why))


def _mean(one: HistoryAnswer, bucket: HistoryBucket) -> str:
    if bucket.mean is None:
        return "—"
    value, decimals, unit = scaled(bucket.mean, one.signal, one.signal.unit)
    return f"{value:.{decimals}f} {unit}".rstrip()
