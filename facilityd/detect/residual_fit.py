"""Fit a residual's terms to healthy rows: least squares, reweighted so that outliers do not pull (Huber).

Plain Python, by modified Gram-Schmidt: two to four terms over some thousand rows take well under a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import isfinite, prod, sqrt
from statistics import median
from typing import Any

from facilityd.detect.learned import FitRefused
from facilityd.model.baseline import HealthyReading
from facilityd.model.charts import Learned, Residual
from facilityd.model.sample import NS

Column = list[float]
ROUNDS, HUBER, SIGMA = 8, 1.345, 1.4826
INDEPENDENT = 0.02
"""What is left of a term, of length 1, after those before it: below, they cannot be told from each other."""
USELESS = 3.0
"""A spread that pushes the bound out so many times further makes the rule blind."""
BRIDGED, ALIKE, OFTEN = 3.0, 1.5, 5
"""A pause of more than ``BRIDGED`` paces does not count as seen; a pace comes ``OFTEN``, within ``ALIKE``."""


def fit_residual(rule: Residual, rows: Sequence[HealthyReading]) -> dict[str, Any]:
    """Return coefficients, robust spread and ranges seen. Raises Unfit."""
    enough(rule, rows)
    names = rule.vector
    table = {name: [row.values[i] for row in rows] for i, name in enumerate(names)}
    design = [_product(term, table, len(rows)) for term in rule.factors]
    if _weakest(design) < INDEPENDENT:
        raise FitRefused("unfit-spread", explained_signal=names[-1])
    coefficients = _robust(design, table[rule.signal])
    away = _away(design, coefficients, table[rule.signal])
    if rule.relative:
        expected = [y - d for y, d in zip(table[rule.signal], away, strict=True)]
        away = [d / max(abs(e), 1e-12) for d, e in zip(away, expected, strict=True)]
    sigma = _spread(away)
    limit = abs(rule.above if rule.above is not None else rule.below or 0.0)
    if rule.factor * sigma > USELESS * limit:
        raise FitRefused("unfit-wide", explained_signal=rule.signal)
    ranges = {name: [min(table[name]), max(table[name])] for name in names if name != rule.signal}
    return {"coefficients": coefficients, "sigma": sigma, "ranges": ranges, "rows": len(rows)}


def enough(rule: Learned, rows: Sequence[HealthyReading]) -> None:
    """Raise Unfit where an operating mode that is judged was seen for less than ``least``."""
    states = [state for state in rule.during if state != "ceremony"]
    for state in states or [""]:
        seen = watched([row.steady for row in rows if row.state == state or not state])
        if len(rows) <= len(rule.vector) or seen < rule.least:
            raise FitRefused("unfit-short", state=state, seen_s=seen / NS, most_s=rule.least / NS)


def watched(instants: Sequence[int]) -> float:
    """Return for how long (ns) something was watched that was read at these instants, rising."""
    gaps = sorted((later - before for before, later in pairwise(instants) if later > before), reverse=True)
    usual = BRIDGED * _pace(gaps)
    return sum(gap for gap in gaps if gap <= usual)


def _pace(gaps: Sequence[int]) -> float:
    """Return the slowest distance that comes often: at rest it is minutes; an outage is rare."""
    for longest, fifth in zip(gaps, gaps[OFTEN - 1 :], strict=False):
        if longest <= ALIKE * fifth:
            return longest
    return median(gaps) if gaps else 0.0


def _product(term: Sequence[tuple[str, float]], table: dict[str, Column], rows: int) -> Column:
    return [float(prod(table[name][i] ** exponent for name, exponent in term)) for i in range(rows)]


def _dot(one: Column, other: Column) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def _orthogonal(columns: Sequence[Column]) -> list[tuple[Column, list[float], float]]:
    """Return for each column its unit part new to it, its shares of those before, and its own length."""
    made: list[tuple[Column, list[float], float]] = []
    for column in columns:
        rest, shares = list(column), []
        for unit, _, _ in made:
            shares.append(_dot(unit, rest))
            rest = [r - shares[-1] * u for r, u in zip(rest, unit, strict=True)]
        length = sqrt(_dot(rest, rest))
        made.append(([r / length if length else 0.0 for r in rest], shares, length))
    return made


def _weakest(design: Sequence[Column]) -> float:
    lengths = [sqrt(_dot(column, column)) for column in design]
    if not all(isfinite(length) and length for length in lengths):
        return 0.0
    new = _orthogonal([[x / length for x in c] for c, length in zip(design, lengths, strict=True)])
    return min(length for _, _, length in new)


def _solve(design: Sequence[Column], target: Column) -> list[float]:
    parts = _orthogonal(design)
    found = [0.0] * len(parts)
    for k in reversed(range(len(parts))):
        unit, _, length = parts[k]
        later = sum(parts[j][1][k] * found[j] for j in range(k + 1, len(parts)))
        found[k] = (_dot(unit, target) - later) / length
    return found


def _robust(design: Sequence[Column], target: Column) -> list[float]:
    """Return the coefficients, one for each term."""
    roots = [1.0] * len(target)
    coefficients: list[float] = []
    for _ in range(ROUNDS):
        weighed = [[x * root for x, root in zip(column, roots, strict=True)] for column in design]
        coefficients = _solve(weighed, [y * root for y, root in zip(target, roots, strict=True)])
        away = _away(design, coefficients, target)
        wide = HUBER * max(_spread(away), 1e-12)
        roots = [sqrt(1.0 / max(1.0, abs(d) / wide)) for d in away]
    return coefficients


def _away(design: Sequence[Column], coefficients: Sequence[float], target: Column) -> Column:
    parts = zip(*design, strict=True)
    return [
        y - sum(c * x for c, x in zip(coefficients, xs, strict=True))
        for y, xs in zip(target, parts, strict=True)
    ]


def _spread(away: Column) -> float:
    middle = median(away)
    return SIGMA * median([abs(d - middle) for d in away])
