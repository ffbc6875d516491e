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
    hidden = {
        **ALONE,
        "fountain-1 strainer-clogged": [
            *ALONE["fountain-1 strainer-clogged"],
            ("fountain-1", "impeller-worn", None),
        ],
    }
    assert wrong_names(pair, hidden, [*fine, ("fountain-1", "impeller-worn", 3.0)]) == [], "its consequence"
    assert wrong_names(pair, ALONE, [*fine, ("fountain-1", "impeller-worn", None)]) == [], "told to nobody"
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


def test_a_pair_of_which_one_takes_away_what_the_other_is_seen_by_is_counted_apart() -> None:
    trip, worn = FaultBegun("fountain-1", "trip", 320), FaultBegun("fountain-1", "impeller-worn", 300)
    alone = {
        "fountain-1 trip": [("fountain-1", "blocked", 310.0)],
        "fountain-1 impeller-worn": [("fountain-1", "impeller-worn", 900.0)],
    }
    for pair in ((trip, worn), (worn, trip)):
        by, hidden, reason = TOOL["masked"](pair, alone)
        assert (by, hidden) == (trip, worn)
        assert "stands still" in reason
    tally, told = TOOL["PairTally"](), alone["fountain-1 trip"]
    assert "masked (impeller-worn by trip: the pump stands still" in tally.take((trip, worn), alone, told)
    assert (tally.pairs, tally.masked, tally.masked_wrong) == (0, 1, 0)
    assert "trip not told" in tally.take((trip, worn), alone, [])
    assert tally.masked_wrong == 1, "the one that masks must be told"


def test_what_was_told_before_the_other_began_and_what_is_on_a_neighbour_is_masked_by_nothing() -> None:
    worn = FaultBegun("fountain-1", "impeller-worn", 300)
    alone = {"fountain-1 impeller-worn": [("fountain-1", "impeller-worn", 340.0)]}
    assert TOOL["masked"]((worn, FaultBegun("fountain-1", "trip", 400)), alone) is None
    assert TOOL["masked"]((worn, FaultBegun("fountain-2", "trip", 310)), alone) is None


def test_the_table_of_masks_names_faults_that_the_models_have() -> None:
    families = {device: family for family, one in TOOL["SETTINGS"].items() for device in one.devices}
    for device, by, hidden in TOOL["masks"]():
        names = {one.fault for one in TOOL["faults"](families[device])}
        assert {by, hidden} <= names
        assert by != hidden
