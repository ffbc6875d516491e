"""What a cause explains has an end: a consequence that is bigger, or of another kind, is told beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.rule_harness import START, Kind, rule, sample, stream

from devices.profile import ModbusProfile
from devices.tables import SHELF, families, load_family, profiles
from facilityd.detect import RuleEngine
from facilityd.detect.context import RuleContext
from facilityd.errors import ConfigError
from facilityd.model.sample import NS

PUMP = stream("l1", "l2", "shake", unit="pump")
UNITS = {"l1": "V", "l2": "V", "shake": "mm/s"}
PHASES = {"kind": "imbalance", "signals": ["l1", "l2"], "above": 2}


def told(readings: list[tuple[float, float, float]], explained: dict[str, Any]) -> list[tuple[int, str]]:
    """Return when the shaking was reported, and because of what; a reading a second."""
    rules = {
        "shakes": rule(
            {"kind": "limit", "signal": "shake", "above": 5},
            consequence_of=["unequal"],
            explained={"unequal": explained},
        ),
        "unequal": rule(PHASES),
    }
    engine = RuleEngine({"hoist": Kind(rules, {}, UNITS)}, [PUMP])
    found = []
    for second, values in enumerate(readings):
        found += engine.evaluate([sample(PUMP, second, *values)])
        found += engine.tick(second * NS + NS // 2, START + second * NS)
    return [(one.steady // NS, one.evidence.cause) for one in found if one.rule == "shakes" and one.verdict]


CALM, SMALL, BIG = (230.0, 230.0, 1.0), (230.0, 215.0, 6.0), (230.0, 150.0, 6.0)
WORSE = (230.0, 215.0, 9.0)


def test_a_condition_of_a_signal_ends_it_at_once_and_without_a_time_of_grace() -> None:
    below = {"when": [{"signal": "shake", "below": 8}]}
    assert told([CALM, SMALL, SMALL, WORSE, WORSE], below) == [(1, "unequal"), (3, "")]


def test_a_cause_that_is_too_small_explains_nothing() -> None:
    assert told([CALM, SMALL, SMALL], {"cause_from": 10}) == [(1, "")]
    assert told([CALM, BIG, BIG], {"cause_from": 10}) == [(1, "unequal")]


def test_what_is_back_within_its_bounds_is_a_consequence_again() -> None:
    below = {"when": [{"signal": "shake", "below": 8}]}
    assert told([CALM, SMALL, WORSE, SMALL], below) == [(1, "unequal"), (2, ""), (3, "unequal")]


CODE = stream("hot", "tripped", "code", unit="drive")
MEANS = {65: "heat", 51: "blocked", 48: "overload"}


def trip(code: int, means: dict[int, str], heard_later: bool = False) -> list[str]:
    """Return what a trip was told because of, in turn, while the motor is hot."""
    rules = {
        "trip": rule(
            {"kind": "limit", "signal": "tripped", "is": True},
            consequence_of=["hot"],
            explained={"hot": {"codes": {"code": ["heat", "overload"]}}},
        ),
        "hot": rule({"kind": "limit", "signal": "hot", "above": 120}),
    }
    context = RuleContext(meanings={("hoist", "code"): means})
    units = {"hot": "°C", "tripped": "", "code": ""}
    engine = RuleEngine({"hoist": Kind(rules, {}, units)}, [CODE], None, context)
    first = 0 if heard_later else code
    found = []
    for second, values in enumerate([(20, False, 0), (130, False, 0), (130, True, first), (130, True, code)]):
        found += engine.evaluate([sample(CODE, second, *values)])
    return [one.evidence.cause for one in found if one.rule == "trip" and one.verdict]


def test_a_trip_by_another_code_is_told_beside_the_cause() -> None:
    assert trip(65, MEANS) == ["hot"], "the heat tripped it"
    assert trip(48, MEANS) == ["hot"]
    assert trip(51, MEANS) == [""], "it was blocked, whatever the heat"
    assert trip(30, MEANS) == [""], "a code of something else again"
    assert trip(51, MEANS, heard_later=True) == ["hot", ""], "told as soon as the code is heard"


def test_a_profile_that_does_not_say_what_its_codes_mean_stands_in_no_way() -> None:
    assert trip(30, {}) == ["hot"]
    assert trip(30, {51: "blocked"}) == ["hot"], "none of its codes is known to come from heat"


def test_every_word_of_a_familys_codes_is_one_that_a_profile_knows() -> None:
    asked = {
        word
        for family in families().values()
        for one in family.rules.values()
        for limits in one.explained.values()
        for words in limits.codes.values()
        for word in words
    }
    points = (p for one in profiles().values() if isinstance(one, ModbusProfile) for p in one.points.values())
    assert asked <= {word for point in points for word in point.means.values()}
    assert {"heat", "blocked", "phase", "brake"} <= asked


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("consequence_of: [silent]\n    explained: {other: {up_to: 1}}", "which is not in its consequence_of"),
        ("consequence_of: [silent]\n    explained: {silent: {cause_from: 1}}", "is of a kind without a size"),
        ("consequence_of: [silent]\n    explained: {silent: {when: [{signal: x, is: true}]}}", "no signal of the family"),
        ("consequence_of: [silent]\n    explained: {silent: {}}", "at least one is needed"),
    ],
)  # fmt: skip
def test_a_slip_in_the_table_is_told(tmp_path: Path, wrong: str, said: str) -> None:
    shipped = (SHELF / "families" / "contact.yaml").read_text(encoding="utf-8")
    rules = shipped[shipped.index("rules:") :]
    first = rules[: rules.index("at_stake:")].rstrip() + f"\n    {wrong}\n    at_stake:"
    (tmp_path / "contact.yaml").write_text(
        shipped[: shipped.index("rules:")] + first + rules[rules.index("at_stake:") + len("at_stake:") :],
        encoding="utf-8",
    )
    with pytest.raises(ConfigError, match=said):
        load_family(tmp_path / "contact.yaml")
