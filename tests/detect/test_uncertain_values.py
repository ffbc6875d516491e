"""A doubtful clock keeps no level from being judged; a retained danger is danger, a retained calm is unknown."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.rule_harness import START, Kind, brief, rule, stream

from facilityd.config.load import load
from facilityd.detect import RuleEngine
from facilityd.model.quality import Reason
from facilityd.model.sample import NS, Sample
from facilityd.scenario.load import square
from facilityd.scenario.subset import subset
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.reader import JournalReader

NIGHT = 1_781_100_000 * NS
ACTIVE = {"kind": "limit", "signal": "current", "is": True, "on_delay": "1s", "off_delay": "2s"}
SOURCE = stream("current")


def told(at_stake: str, *values: tuple[bool, Reason | None]) -> list:
    engine = RuleEngine({"hoist": Kind({"active": rule(ACTIVE, at_stake=at_stake)})}, [SOURCE])
    found = []
    for second, (value, reason) in enumerate(values):
        reasons = {0: reason} if reason else {}
        found += engine.evaluate([Sample(SOURCE, START + second * NS, second * NS, (value,), reasons)])
        found += engine.tick(second * NS + NS // 2, START)
    return found


def test_a_level_needs_no_label_of_time() -> None:
    assert brief(told("asset", *[(True, Reason.CLOCK)] * 4)).endswith("#")
    assert brief(told("asset", *[(False, Reason.CLOCK)] * 4)) == "0."


def test_a_retained_danger_is_told_and_says_that_its_age_is_unknown() -> None:
    found = told("safety", *[(True, Reason.AGE_UNKNOWN)] * 4)
    assert brief(found).endswith("#")
    assert found[-1].evidence.slug == "limit-is-retained"


@pytest.mark.parametrize(("at_stake", "value"), [("safety", False), ("asset", True), ("asset", False)])
def test_any_other_retained_value_is_unknown(at_stake: str, value: bool) -> None:
    assert set(brief(told(at_stake, *[(value, Reason.AGE_UNKNOWN)] * 4))) <= set("0123456789? ")


def test_a_retained_calm_clears_nothing() -> None:
    found = told("safety", *[(True, None)] * 3, *[(False, Reason.AGE_UNKNOWN)] * 6)
    assert "." not in brief(found)


def test_a_fire_is_told_while_the_clock_swings(tmp_path: Path) -> None:
    with VirtualRuntime(subset(load(square()), ("fire-gate",)), tmp_path, start=NIGHT) as runtime:
        runtime.advance(130)
        runtime.fault("fire-gate", "active")
        for swing in range(60):
            runtime.jump_clock(3600 if swing % 2 else -1800)
            runtime.advance(2)
        with JournalReader.open(runtime.journal) as reader:
            rows = [reader.sample(row) for row in reader.samples_after(0, 10_000)]
            assert any(Reason.CLOCK in one.reasons.values() for one in rows), "the clock was in doubt"
            (state,) = [s for s in reader.alarms() if (s.device, s.rule) == ("fire-gate", "active")]
            assert state.active
            assert any(entry.notice.rule == "active" for entry in reader.outbox())
