"""A sensor that lies: what calls it false silences no danger and blames no machine, it makes verdicts unknown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from support.rule_harness import MARK, START, Kind, play, rule, sample, stream

from devices.tables import SHELF, families, load_family
from facilityd.detect import RuleEngine
from facilityd.errors import ConfigError
from facilityd.model.finding import Finding
from facilityd.model.rule import Rule
from facilityd.model.sample import NS
from facilityd.notify.evidence_text import EvidenceFormatter

ROPE = stream("tension", "fault", unit="rope")
RULES = {
    "light": rule({"kind": "limit", "signal": "tension", "below": 200}),
    "heavy": rule({"kind": "limit", "signal": "tension", "above": 900}),
    "other": rule({"kind": "limit", "signal": "fault", "above": 5}),
    "sensor": rule({"kind": "limit", "signal": "fault", "above": 0.5, "on_delay": "2s"}, doubts=["tension"]),
}


def told(story: str, rules: Mapping[str, Rule] = RULES) -> list[Finding]:
    """l: too light, a dot: as ever, L and F: the same while the sensor reports a fault. A mark a second."""
    engine = RuleEngine({"hoist": Kind(rules, {}, {"tension": "N", "fault": ""})}, [ROPE])
    found = []
    for second, mark in enumerate(story):
        values = (100.0 if mark in "lL" else 500.0, 1.0 if mark in "LF" else 0.0)
        found += engine.evaluate([sample(ROPE, second, *values)])
        found += engine.tick(second * NS + NS // 2, START + second * NS)
    return [one for one in found if one.steady >= 2 * NS]


def brief(found: list[Finding], rule_id: str) -> list[tuple[int, str]]:
    return [(one.steady // NS, MARK[one.verdict]) for one in found if one.rule == rule_id]


def test_a_sensor_that_is_false_in_the_same_sample_blames_nobody_wherever_its_rule_stands() -> None:
    at_once = rule({"kind": "limit", "signal": "fault", "above": 0.5}, doubts=["tension"])
    for rules in ({"light": RULES["light"], "sensor": at_once}, {"sensor": at_once, "light": RULES["light"]}):
        found = told("." * 5 + "L" * 20, rules)
        assert (5, MARK[True]) in brief(found, "sensor")
        assert MARK[True] not in [mark for _, mark in brief(found, "light")]


def test_what_reads_a_doubted_sensor_is_unknown_until_it_is_trusted_again() -> None:
    found = told("...LLLLLLLL.....")
    assert brief(found, "sensor")[0] == (5, "#")
    assert brief(found, "light")[0] == (3, "#"), "told before anybody could know of the sensor"
    assert [mark for _, mark in brief(found, "light")] == ["#", "?", "."]
    assert [mark for _, mark in brief(found, "heavy")] == ["?", "."]


def test_what_reads_another_signal_goes_on() -> None:
    assert brief(told("...LLLLLLLL"), "other") == []


def test_where_the_sensor_is_known_first_the_machine_is_never_blamed() -> None:
    assert "#" not in [mark for _, mark in brief(told("...FFFFFFLLLLLLLL"), "light")]


def test_what_it_made_of_a_false_reading_does_not_stand_when_the_sensor_is_mended() -> None:
    """The rule is judged in a run only, and its verdict stands after it."""
    runs = {"kind": "conjunction", "all": [{"signal": "tension", "below": 200}],
            "when": [{"signal": "run", "above": 0.5}]}  # fmt: skip
    rules = {"light": rule(runs), "sensor": RULES["sensor"]}
    rope = stream("tension", "fault", "run", unit="rope")
    engine = RuleEngine({"hoist": Kind(rules, {}, {"tension": "N", "fault": "", "run": ""})}, [rope])
    story = [(500, 0, 1)] * 3 + [(500, 1, 1)] * 4 + [(100, 1, 1)] * 9 + [(100, 1, 0)] * 3 + [(500, 0, 0)] * 5
    found = [one for n, row in enumerate(story) for one in engine.evaluate([sample(rope, n, *row)])]
    assert [MARK[one.verdict] for one in found if one.rule == "light"] == [".", "?", "."]
    again = [(500, 0, 1), (100, 0, 1)]
    found = [one for n, row in enumerate(again) for one in engine.evaluate([sample(rope, 30 + n, *row)])]
    assert [MARK[one.verdict] for one in found if one.rule == "light"] == ["#"], "and it judges again"


@pytest.mark.parametrize(("language", "words"), [("en", "cannot be trusted"), ("zh", "读数不可信")])
def test_it_says_which_sensor_and_who_says_so(language: str, words: str) -> None:
    found = [one for one in told("...FFFFFFFF") if one.rule == "light" and one.verdict is None]
    text = EvidenceFormatter({}, language).evidence(found[-1].evidence)  # type: ignore[arg-type]
    assert words in text
    assert "sensor" in text
    assert "tension" in text


def test_a_doubt_about_no_signal_of_the_family_is_refused(tmp_path: Path) -> None:
    shipped = (SHELF / "families" / "contact.yaml").read_text(encoding="utf-8")
    wrong = shipped.replace("    respond:", "    doubts: [tension]\n    respond:", 1)
    (tmp_path / "contact.yaml").write_text(wrong, encoding="utf-8")
    with pytest.raises(ConfigError, match="doubts 'tension', which is no signal of the family"):
        load_family(tmp_path / "contact.yaml")


def test_every_shipped_sensor_rule_doubts_a_signal_that_it_reads_or_that_its_flag_is_about() -> None:
    doubting = {
        f"{name}.{rule_id}": one.doubts
        for name, family in families().items()
        for rule_id, one in family.rules.items()
        if one.doubts
    }
    assert doubting["hoist.load-cell-drift"] == ("tension",)
    assert doubting["fountain.level-jumps"] == ("level",)


KNOCKED = {"kind": "spike", "signal": "current", "faster": 1.0, "least": 2.0, "over": "1h", "returns": True}


def test_a_jump_stands_until_a_jump_leads_back() -> None:
    assert play(KNOCKED, "...~~~~~...") == "...#####..."


def test_a_jump_to_elsewhere_is_no_return() -> None:
    assert play(KNOCKED, "...~~~###~~") == "...########"


def test_without_return_it_stands_for_its_window() -> None:
    stays = {**KNOCKED, "returns": False, "over": "5s"}
    assert play(stays, "..~~~~~~~~").startswith("..#####.")
