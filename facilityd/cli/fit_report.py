"""What a lesson rests on, for people: time seen in each operating mode, and what the readings look like."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import quantiles
from typing import Any

from facilityd.app.commission import FitResult
from facilityd.cli.words import word, words
from facilityd.config.site import Device
from facilityd.detect.residual_fit import time_seen
from facilityd.model.charts import Envelope, Learned
from facilityd.model.operating_mode import REST
from facilityd.model.sample import NS
from facilityd.model.text import Language
from facilityd.notify.sparkline import blocks
from facilityd.notify.value_text import format_span
from facilityd.query.words import both

CELLS, BINS = 20, 40
WAYS = {"zh": ("去程", "回程"), "en": ("forth", "back ")}
SEEN = {"zh": "{state}：{seen}，需要 {most}", "en": "{state}: {seen} of {most}"}


def progress(device: Device, fit_result: FitResult) -> list[dict[str, Any]]:
    """Return for each operating mode that is judged: how long it was seen and how long it must be, in s."""
    rule = device.family.rules[fit_result.rule].detect
    if not isinstance(rule, Learned):
        return []
    return [_state(device, fit_result, rule, state) for state in rule.during or ("",)]


def _state(device: Device, fit_result: FitResult, rule: Learned, state: str) -> dict[str, Any]:
    seen, most = time_seen(fit_result.seen, state) / NS, rule.least / NS
    share = min(1.0, seen / most) if most else 1.0
    filled = int(share * CELLS)
    about = device.family.states.get(state)
    bar = f"[{'█' * filled}{'·' * (CELLS - filled)}] {share:4.0%}"

    def sentence(language: Language) -> str:
        name = about.name.in_(language) if about else word(words().mode, state or REST, language)
        spans = {"seen": format_span(round(seen), language), "most": format_span(most, language)}
        return f"{bar}  {SEEN[language].format(state=name, **spans)}"

    return {"state": state, "seen_s": seen, "needed_s": most, "share": share, "shown": both(sentence)}


def plot(device: Device, fit_result: FitResult, language: Language) -> list[str]:
    """Return small drawings of what was seen: the curves along the way, or how the values are spread."""
    rule = device.family.rules[fit_result.rule].detect
    if "forth" in fit_result.data:
        low, high = float(fit_result.data["low"]), float(fit_result.data["high"])
        over = device.family.signals[rule.over] if isinstance(rule, Envelope) else None
        name = f"{over.name.in_(language)} " if over else ""
        ends = f"{name}{low:.3g} … {high:.3g} {over.unit if over else ''}".rstrip()
        return [
            f"{WAYS[language][n]} {bars(fit_result.data[way])}  {ends}"
            for n, way in enumerate(("forth", "back"))
        ]
    if not fit_result.seen:
        return []
    names = rule.vector if isinstance(rule, Learned) else ()
    columns = [[row.values[n] for row in fit_result.seen] for n in range(len(names))]
    drawn = [bars(_spread(column)) for column in columns]
    return [
        f"{line}  {_ends(device, name, column, language)}"
        for line, name, column in zip(drawn, names, columns, strict=True)
    ]


def _ends(device: Device, name: str, values: Sequence[float], language: Language) -> str:
    about = device.family.signals[name]
    return f"{about.name.in_(language)} {min(values):.4g} … {max(values):.4g} {about.unit}".rstrip()


def _spread(values: Sequence[float]) -> list[float | None]:
    """Return how many values fall into each of ``BINS`` equal parts of their range."""
    low, high = min(values), max(values)
    counts = [0] * BINS
    for value in values:
        counts[min(BINS - 1, int((value - low) / (high - low) * BINS)) if high > low else 0] += 1
    return [float(count) or None for count in counts]


def bars(values: Iterable[float | None]) -> str:
    """Return a line of blocks; a blank where there is nothing. What stands out does not flatten the rest."""
    listed = list(values)
    known = sorted(value for value in listed if value is not None)
    if not known:
        return " " * len(listed)
    low = known[0]
    top = quantiles(known, n=20)[-1] if len(known) > 2 else known[-1]  # noqa: PLR2004
    return blocks(listed, low, top)
