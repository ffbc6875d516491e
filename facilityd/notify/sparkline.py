"""A signal before and around an instant as one line of blocks: it fits a message on a phone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from facilityd.model.sample import NS
from facilityd.model.text import Language
from facilityd.notify.texts import texts
from facilityd.notify.value_text import SignalWords, format_span, format_value

BARS = "▁▂▃▄▅▆▇█"
POINTS = 60


@dataclass(frozen=True, slots=True)
class Sparkline:
    """A line of blocks from ``low`` to ``high`` (the signal's unit) over ``span`` ns."""

    signal: SignalWords
    line: str
    low: float
    high: float
    span: int

    def text(self, language: Language) -> str:
        """Return it with its scale."""
        unit, span = self.signal.unit, format_span(self.span / NS, language)
        low, high = (format_value(float(x), self.signal, unit, language) for x in (self.low, self.high))
        return texts().plot.in_(language).format(line=self.line, low=low, high=high, span=span)


def draw(
    signal: SignalWords, values: Mapping[int, float | None], since: int, until: int, points: int = POINTS
) -> Sparkline | None:
    """Return buckets' means by their beginning (ns UTC) as a line; None where nothing is known."""
    known = [value for value in values.values() if value is not None]
    if not known:
        return None
    return Sparkline(signal, spark(values, since, until, points), min(known), max(known), until - since)


def spark(values: Mapping[int, float | None], since: int, until: int, points: int = POINTS) -> str:
    """Return buckets' means by their beginning (ns UTC) as blocks; a blank where there is none."""
    step = width(since, until, points)
    known = [value for value in values.values() if value is not None]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    placed: list[float | None] = [None] * points
    for start, value in values.items():
        place = (start - since) // step
        if value is not None and 0 <= place < points:
            placed[place] = value
    return blocks(placed, low, high)


def blocks(values: Iterable[float | None], low: float, top: float) -> str:
    """Return one block for each value from ``low`` to ``top``, a blank where there is none."""
    span = max(top - low, 1e-12)
    steps = (None if v is None else round(min(1.0, (v - low) / span) * (len(BARS) - 1)) for v in values)
    return "".join(" " if step is None else BARS[step] for step in steps)


def width(since: int, until: int, points: int = POINTS) -> int:
    """Return how long one block of the line is, in ns; not less than a second."""
    return max(NS, (until - since) // points)
