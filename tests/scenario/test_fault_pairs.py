"""Random pairs of faults: what counts as told, as late and as a wrong name; the drawing is the seed's."""

from __future__ import annotations

import random
import runpy
from pathlib import Path

from facilityd.scenario.load import load

TOOL = runpy.run_path("tools/fault_pairs.py")
FaultBegun, missed, wrong_names = TOOL["FaultBegun"], TOOL["missed"], TOOL["wrong_names"]
STRAINER, LEAK = FaultBegun("fountain-1", "strainer-clogged", 300), FaultBegun("fountain-2", "leakage", 400)
ALONE = {
    "fountain-1 strainer-clogged": [("fountain-1", "strainer-clogging", 900.0)],
    "fountain-2 leakage": [("fountain-2", "leakage", 330.0)],
}


def test_a_fault_is_told_by_any_rule_of_its_number() -> None:
    alone = ALONE["fountain-1 strainer-clogged"]
    assert missed(STRAINER, alone, [("fountain-1", "strainer-blocked", 800.0)]) == ""
    assert missed(STRAINER, alone, [("fountain-2", "strainer-clogging", 800.0)]) == "not told", (
        "of another device"
    )
    assert missed(STRAINER, alone, [("fountain-1", "leakage", 800.0)]) == "not told"


def test_an_urgent_fault_must_be_told_in_its_time() -> None:
    alone = ALONE["fountain-2 leakage"]
    assert missed(LEAK, alone, [("fountain-2", "leakage", 950.0)]) == ""
    assert missed(LEAK, alone, [("fountain-2", "leakage", 1100.0)]) == "told 700 s late"


def test_a_name_is_wrong_where_neither_fault_alone_has_it() -> None:
    pair = (STRAINER, LEAK)
    fine = [("fountain-1", "strainer-blocked", 1.0), ("fountain-2", "leakage", 2.0)]
    assert wrong_names(pair, ALONE, fine) == []
    assert wrong_names(pair, ALONE, [*fine, ("fountain-1", "impeller-worn", 3.0)]) == [
        "impeller-worn on fountain-1"
    ]
    tally = TOOL["PairTally"]()
    assert tally.take(pair, ALONE, fine) == ""
    assert "leakage not told" in tally.take(pair, ALONE, fine[:1])
    assert (tally.pairs, tally.untold, tally.wrong) == (2, 1, 0)


def test_the_same_seed_draws_the_same_pairs_and_each_makes_a_story(tmp_path: Path) -> None:
    for family in TOOL["SETTINGS"]:
        seen = TOOL["faults"](family)
        pairs = [TOOL["draw"](family, seen, random.Random(4)) for _ in range(2)]
        assert pairs[0] == pairs[1]
        assert 0 <= pairs[0][1].at_s - pairs[0][0].at_s <= TOOL["LAG_S"]
        path = tmp_path / f"{family}.yaml"
        path.write_text(TOOL["story"](family, pairs[0]), encoding="utf-8")
        assert load(path, TOOL["site"]()).scenario.timeline
