"""Prometheus' text format 0.0.4 read strictly, and the rules by which promtool judges names.

Written from the format's description and promtool's own rules (client_golang, promlint), for where no promtool is at
hand; where one is, a test holds the two against each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_SAMPLE = re.compile(rf"({_NAME})(?:\{{(.*)\}})? (\S+)(?: (-?\d+))?")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)')
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?Inf|NaN")
TYPES = ("counter", "gauge", "histogram", "summary", "untyped")
UNITS = {
    "milliseconds": "seconds", "microseconds": "seconds", "nanoseconds": "seconds", "minutes": "seconds",
    "hours": "seconds", "days": "seconds", "kilobytes": "bytes", "megabytes": "bytes", "mebibytes": "bytes",
    "kilometers": "meters", "millimeters": "meters", "kilograms": "grams", "fahrenheit": "celsius",
    "percent": "ratio",
}  # fmt: skip
"""Units that are no base units, and the base unit."""
ABBREVIATED = frozenset({"s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "tb", "m", "h", "d"})


class NotExposition(AssertionError):
    """The text is not what Prometheus reads."""


@dataclass
class MetricFamily:
    """One metric: its series by their labels."""

    name: str
    kind: str = ""
    help: str = ""
    series: dict[tuple[tuple[str, str], ...], float] = field(default_factory=dict)


def parse(text: str) -> dict[str, MetricFamily]:
    """Return the metrics by name. Raises NotExposition."""
    if not text.endswith("\n"):
        raise NotExposition("the last line has no line feed")
    found: dict[str, MetricFamily] = {}
    current = ""
    for number, line in enumerate(text.split("\n")[:-1], 1):
        try:
            current = _line(line, found, current)
        except NotExposition as error:
            raise NotExposition(f"line {number}: {error}: {line}") from error
    return found


def _line(line: str, found: dict[str, MetricFamily], current: str) -> str:
    if not line:
        return current
    if line.startswith("#"):
        _, what, name, *rest = line.split(" ", 3)
        if what not in ("HELP", "TYPE") or not re.fullmatch(_NAME, name):
            raise NotExposition("a comment that says nothing")
        if name in found and (name != current or found[name].series):
            raise NotExposition("a metric in two places")
        one = found.setdefault(name, MetricFamily(name))
        said = rest[0] if rest else ""
        if getattr(one, "help" if what == "HELP" else "kind"):
            raise NotExposition("said twice")
        if what == "TYPE" and said not in TYPES:
            raise NotExposition("no type")
        setattr(one, "help" if what == "HELP" else "kind", said)
        return name
    sample = _SAMPLE.fullmatch(line)
    if not sample or not _NUMBER.fullmatch(sample[3]):
        raise NotExposition("no sample")
    one = found.setdefault(sample[1], MetricFamily(sample[1]))
    if sample[1] != current and one.series:
        raise NotExposition("a metric in two places")
    labels = tuple(sorted(_labels(sample[2] or "")))
    if len(dict(labels)) != len(labels) or labels in one.series:
        raise NotExposition("a series twice")
    one.series[labels] = float(sample[3])
    return sample[1]


def _labels(text: str) -> Iterator[tuple[str, str]]:
    place = 0
    while place < len(text):
        label = _LABEL.match(text, place)
        if not label:
            raise NotExposition("no label")
        yield label[1], label[2]
        place = label.end()


def problems(found: dict[str, MetricFamily]) -> list[str]:
    """Return what promtool would say of metrics."""
    return [f"{one.name} {said}" for one in found.values() for said in _problems(one)]


def _problems(one: MetricFamily) -> Iterator[str]:
    words = one.name.split("_")
    if not one.help:
        yield "no help text"
    if not one.kind:
        yield "no type"
    if one.kind == "counter" and not one.name.endswith("_total"):
        yield 'counter metrics should have "_total" suffix'
    if one.kind != "counter" and one.name.endswith("_total"):
        yield 'non-counter metrics should not have "_total" suffix'
    if one.kind in ("counter", "gauge") and one.name.endswith(("_count", "_sum", "_bucket")):
        yield "a suffix of histograms and summaries"
    if ":" in one.name:
        yield 'metric names should not contain ":"'
    if re.search("[a-z][A-Z]", one.name):
        yield "metric names should be in snake_case"
    for kind in ("gauge", "counter", "summary", "histogram"):
        if kind == one.kind and kind in words:
            yield "metric type should not be included in metric name"
    for word in words:
        if word in UNITS:
            yield f"use base unit {UNITS[word]}"
    if ABBREVIATED.intersection(words):
        yield "metric names should not contain abbreviated units"
