"""Fit a residual's terms to healthy rows: least squares, reweighted so that outliers do not pull (Huber).

numpy is imported by the functions that fit, never by the daemon that evaluates: it takes 0.2 s and 20 MB.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any

from facilityd.detect.learned import FitRefused
from facilityd.model.baseline import HealthyReading
from facilityd.model.charts import Learned, Residual
from facilityd.model.sample import NS

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    Array = NDArray[float64]

ROUNDS, HUBER, SIGMA = 8, 1.345, 1.4826
INDEPENDENT = 0.02
"""What is left of a term, of length 1, after those before it: below, they cannot be distinguished."""
USELESS = 3.0
"""A spread that pushes the bound out so many times further makes the rule blind."""
SOAKED = 0.3
"""What never was so wet teaches nothing of rain; it is unknown in the first one."""
BRIDGED, ALIKE, OFTEN = 3.0, 1.5, 5
"""A pause of more than ``BRIDGED`` paces does not count as seen; a pace comes ``OFTEN``, within ``ALIKE``."""


def fit_residual(rule: Residual, rows: Sequence[HealthyReading]) -> dict[str, Any]:
    """Return coefficients, robust spread and ranges seen. Raises Unfit."""
    import numpy as np

    enough(rule, rows)
    names = (*rule.vector, *rule.lags)[: len(rows[0].values)]
    table = {name: np.array([row.values[i] for row in rows], float) for i, name in enumerate(names)}
    factors = [term for term in rule.factors if all(name in names for name, _ in term)]
    dry = {name for name in rule.lags if name in table and float(table[name].max()) < SOAKED}
    used = [term for term in factors if not any(name in dry for name, _ in term)]
    with np.errstate(all="ignore"):  # what is not finite is refused below
        design = np.column_stack([_product(term, table, len(rows)) for term in used])
    if _weakest(design) < INDEPENDENT:
        raise FitRefused("unfit-spread", explained_signal=names[-1])
    target = table[rule.signal] - table[rule.less] if rule.less else table[rule.signal]
    coefficients = _robust(design, target)
    expected = design @ coefficients
    away = target - expected
    if rule.relative:
        away = away / np.maximum(np.abs(expected), 1e-12)
    sigma = _spread(away)
    limit = abs(rule.above if rule.above is not None else rule.below or 0.0)
    if rule.factor * sigma > USELESS * limit:
        raise FitRefused("unfit-wide", explained_signal=rule.signal)
    ranges = {
        name: [float(column.min()), float(column.max())]
        for name, column in table.items()
        if name not in (rule.signal, rule.less)
    }
    known = dict(zip(map(tuple, used), coefficients.tolist(), strict=True))
    return {
        "coefficients": [known.get(tuple(term), 0.0) for term in factors],
        "sigma": sigma,
        "ranges": ranges,
        "rows": len(rows),
    }


def enough(rule: Learned, rows: Sequence[HealthyReading]) -> None:
    """Raise Unfit where an operating mode that is evaluated was seen for less than ``least``."""
    states = [state for state in rule.during if state != "ceremony"]
    for state in states or [""]:
        seen = time_seen(rows, state)
        if len(rows) <= len(rule.vector) or seen < rule.least:
            raise FitRefused("unfit-short", state=state, seen_s=seen / NS, most_s=rule.least / NS)


def time_seen(rows: Sequence[HealthyReading], state: str = "") -> float:
    """Return for how long (ns) an operating mode (none: any) was seen."""
    own = [row for row in rows if not state or row.state == state]
    known = [row.covers for row in own if row.covers is not None]
    return float(sum(known)) if known else watched([row.steady for row in own])


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


def _product(term: Sequence[tuple[str, float]], table: dict[str, Array], rows: int) -> Array:
    """Return one column of the design: the product of signals, each to its power; 1 where there is none."""
    import numpy as np

    column = np.ones(rows)
    for name, exponent in term:
        column = column * table[name] ** exponent
    return column


def _weakest(design: Array) -> float:
    """Return the least length (0 to 1) that a term of length 1 has beside those before it."""
    import numpy as np

    lengths = np.linalg.norm(design, axis=0)
    if not np.isfinite(lengths).all() or not lengths.all():
        return 0.0
    _, triangle = np.linalg.qr(design / lengths)
    return float(np.abs(np.diagonal(triangle)).min())


def _robust(design: Array, target: Array) -> Array:
    """Return the coefficients, one for each term."""
    import numpy as np

    roots: Array = np.ones(len(target))
    coefficients: Array = np.zeros(design.shape[1])
    for _ in range(ROUNDS):
        coefficients = np.linalg.lstsq(design * roots[:, None], target * roots, rcond=None)[0].astype(float)
        away = target - design @ coefficients
        wide = HUBER * max(_spread(away), 1e-12)
        roots = np.sqrt(1.0 / np.maximum(1.0, np.abs(away) / wide))
    return coefficients


def _spread(away: Array) -> float:
    """Return the robust standard deviation: the scaled median distance from the median."""
    import numpy as np

    return float(SIGMA * np.median(np.abs(away - np.median(away))))
