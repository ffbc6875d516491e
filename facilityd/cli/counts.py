"""What the daemon counts of its own: what waits, was refused, set aside or lost."""

from __future__ import annotations

import time

from rich.cells import cell_len
from rich.text import Text

from facilityd.app.totals import Totals
from facilityd.cli.words import sentence, show_span
from facilityd.model.text import Language
from facilityd.query.counts import Counts
from facilityd.query.instants import show_second

_SHOWN = (
    "notices_waiting",
    "notices_lost",
    "dead_letter_lines",
    "dead_letters",
    "purged_unsent",
    "purged_early",
    "intake_dropped",
    "plots_skipped",
)
_BETWEEN = "  ·  "


def count_lines(
    counts: Counts, language: Language, zone: str, *, width: int, brief: bool = False
) -> list[Text]:
    """Return lines of at most ``width`` cells, broken between counts; what is not nought stands out.

    A ``brief`` answer has only what is not nought, and may be empty.
    """
    numbers = counts.plain()
    names = [name for name in _SHOWN if not brief or numbers[name]]
    lines = [Text(sentence("counts", language))] if names else []
    for number, name in enumerate(names):
        count = numbers[name] or 0
        text = sentence(f"count-{name.replace('_', '-')}", language, n=f"{count:,}")
        text += _more(counts.totals, name, language, zone)
        if number and lines[-1].cell_len + len(_BETWEEN) + cell_len(text) > width:
            lines.append(Text("  "))
        elif number:
            lines[-1].append(_BETWEEN)
        lines[-1].append(text, style="yellow" if count else "dim")
    return lines


def _more(totals: Totals, name: str, language: Language, zone: str) -> str:
    if name == "notices_waiting" and totals.oldest_notice is not None:
        ago = show_span(max(0, time.time_ns() - totals.oldest_notice), language)
        return sentence("oldest", language, ago=ago)
    if name == "purged_unsent" and (loss := totals.loss):
        since, until = (show_second(at, zone) for at in (loss.since, loss.until))
        return sentence("last-loss", language, count=f"{loss.count:,}", since=since, until=until)
    return ""
