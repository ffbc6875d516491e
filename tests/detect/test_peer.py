"""One lantern against its neighbours: a hot evening is everybody's, a blocked vent is one's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from support.rule_harness import START, Kind, bad, brief, rule, sample, state, stream

from facilityd.detect import RuleEngine
from facilityd.detect.context import RuleContext
from facilityd.model.finding import Finding
from facilityd.model.sample import NS
from facilityd.notify.evidence_text import EvidenceFormatter

NAMES = ("one", "two", "three", "four", "five")
ROW = [stream("inside", "power", unit=f"plug-{n}", device=n) for n in NAMES]
HOTTER = {
    "kind": "peer",
    "signal": "inside",
    "above": 12,
    "hysteresis": 4,
    "during": ["lit"],
    "on_delay": "2s",
}
STATES = {"lit": state({"signal": "power", "above": 20})}


def engine(**more: Any) -> RuleEngine:
    kind = Kind({"hotter": rule({**HOTTER, **more})}, STATES, {"inside": "°C", "power": "W"})
    return RuleEngine({"hoist": kind}, ROW, context=RuleContext(groups=dict.fromkeys(NAMES, "lanterns")))


def evening(row: RuleEngine, seconds: Sequence[Sequence[float | None]]) -> list[Finding]:
    """Five temperatures a second, None where a lantern is not heard."""
    found = []
    for second, values in enumerate(seconds):
        found += heard(row, second, values)
    return found


def heard(row: RuleEngine, second: int, values: Sequence[float | None]) -> list[Finding]:
    """One second: every lantern is read in turn."""
    return [
        finding
        for source, value in zip(ROW, values, strict=True)
        for finding in row.evaluate(
            [bad(source, second) if value is None else sample(source, second, float(value), 180.0)]
        )
    ]


def of(findings: list[Finding], device: str = "one") -> str:
    return brief([f for f in findings if f.device == device and f.verdict is not None])


def test_one_that_is_hotter_than_its_neighbours() -> None:
    found = evening(engine(), [(40, 40, 41, 39, 40)] * 3 + [(55, 40, 41, 39, 40)] * 5)
    assert of(found) == "1. 5#"
    assert {f.device for f in found if f.verdict} == {"one"}
    evidence = next(f.evidence for f in found if f.verdict)
    said = EvidenceFormatter({}, "en").evidence(evidence)
    assert (
        said == "Inside is 55.00 °C while the median of its neighbours is 40.00 °C: clearly higher, for 2 s"
    )


def test_a_hot_evening_is_everybodys() -> None:
    assert of(evening(engine(), [(40, 40, 41, 39, 40)] * 2 + [(60, 61, 60, 59, 60)] * 4)) == "1."


def test_it_is_over_only_past_the_hysteresis() -> None:
    warm, between, fine = (55, 40, 40, 40, 40), (50, 40, 40, 40, 40), (47, 40, 40, 40, 40)
    assert of(evening(engine(), [warm] * 4 + [between] * 3 + [fine] * 2)) == "3# 7."


def test_too_few_neighbours_is_unknown() -> None:
    found = evening(engine(), [(40, 40, None, None, 40)] * 8)
    mine = [f for f in found if f.device == "one"]
    assert [f.verdict for f in mine] == [None]
    assert mine[0].evidence.slug == "unknown-peers"


def test_neighbours_that_are_dark_do_not_count() -> None:
    row = engine()
    found = []
    for second in range(8):
        for source in ROW:
            lit = source.device == "one"
            found += row.evaluate([sample(source, second, 55.0 if lit else 20.0, 180.0 if lit else 0.0)])
    assert not [f for f in found if f.verdict]


def test_a_share_of_the_median() -> None:
    share = engine(above=None, below=-0.2, relative=True, hysteresis=0)
    assert of(evening(share, [(100, 99, 101, 100, 100)] * 3 + [(75, 99, 101, 100, 100)] * 4)) == "1. 5#"


@given(
    st.lists(
        st.lists(st.one_of(st.none(), st.floats(-40, 150)), min_size=5, max_size=5), min_size=1, max_size=12
    )
)
def test_what_is_not_heard_never_raises_and_never_clears(seconds: list[list[float | None]]) -> None:
    row = engine(on_delay=0)
    for second, values in enumerate(seconds):
        found = heard(row, second, values) + row.tick(second * NS, START)
        for finding in found:
            if values[NAMES.index(finding.device)] is None:
                assert finding.verdict is None
