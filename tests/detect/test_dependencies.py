"""A rule that nothing has touched is not run again, and nobody can tell."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.rule_harness import START, Kind, bad, letter, rule, rule_instances, sample, state, stream

from facilityd.config.load import load
from facilityd.config.site import Device
from facilityd.detect import RuleEngine
from facilityd.detect.dependencies import VerdictScope
from facilityd.model.finding import Finding
from facilityd.model.quality import Reason
from facilityd.model.sample import NS, Sample, SignalType, Stream, Value, void

RULES = {
    "high": rule({"kind": "limit", "signal": "current", "above": 10.0, "hysteresis": 2.0, "on_delay": "2s"}),
    "lifts-high": rule({"kind": "limit", "signal": "torque", "above": 5.0, "during": ("lifting",)}),
    "both": rule(
        {
            "kind": "conjunction",
            "all": [{"signal": "current", "above": 8.5}, {"signal": "torque", "above": 5.0}],
            "on_delay": "1s",
            "off_delay": "3s",
            "when": [{"signal": "closed", "above": 8.5}],
        }
    ),
    "silent": rule({"kind": "silence"}),
}
VALUES = {".": 1.0, "~": 9.0, "#": 20.0}
KIND = Kind(
    RULES,
    {"lifting": state({"signal": "current", "above": 8.5})},
    {"current": "A", "torque": "N m", "closed": ""},
)
LINE = st.text(alphabet=".....~##?^ ", min_size=5, max_size=60)


def _told(stories: Sequence[str], *, always: bool, spared: bool = False) -> list[Finding]:
    """Return what is found where each of three units tells its own story.

    ``spared``: the engine is asked first whether a tick is due.
    """
    sources = [stream(name, unit=f"unit-{name}") for name in KIND.units]
    engine = RuleEngine({"hoist": KIND}, sources)
    found: list[Finding] = []
    for second in range(max(map(len, stories))):
        for source, story in zip(sources, stories, strict=True):
            for one in letter(source, second, story[second] if second < len(story) else " ", VALUES):
                found += engine.evaluate([one])
                _forget(engine, always=always)
        if not spared or engine.is_due(second * NS):
            found += engine.tick(second * NS, START + second * NS)
        _forget(engine, always=always)
    return found


def _forget(engine: RuleEngine, *, always: bool) -> None:
    for instance in rule_instances(engine) if always else ():
        instance.standing = VerdictScope.RUN


@settings(max_examples=100, deadline=None)
@given(st.tuples(LINE, LINE, LINE))
def test_what_stands_is_what_a_look_would_say(stories: tuple[str, str, str]) -> None:
    assert _told(stories, always=False) == _told(stories, always=True)


@settings(max_examples=100, deadline=None)
@given(st.tuples(LINE, LINE, LINE))
def test_a_tick_that_is_not_due_finds_nothing(stories: tuple[str, str, str]) -> None:
    assert _told(stories, always=False, spared=True) == _told(stories, always=False)


def _days(streams: Sequence[Stream], dice: random.Random) -> Iterator[Sample]:
    """Let every stream bring what it brought before, most of the time: a device that mostly rests."""
    now, due = 0, {one: dice.randrange(one.expected) for one in streams}
    values: dict[Stream, list[Value | None]] = {one: [_any(t, dice) for t in one.types] for one in streams}
    while now < 900 * NS:
        one = min(due, key=due.__getitem__)
        now = due[one]
        due[one] += one.expected * (1 if dice.random() < 0.97 else dice.randrange(1, 8))
        if dice.random() < 0.03:
            yield void(one, START + now, now, dice.choice([Reason.TIMEOUT, Reason.LINK_DOWN]))
            continue
        for index, kind in enumerate(one.types):
            if dice.random() < 0.05:
                values[one][index] = _any(kind, dice)
        yield Sample(one, START + now, now, tuple(values[one]))


def _any(kind: SignalType, dice: random.Random) -> Value:
    if kind is SignalType.BOOL:
        return dice.random() < 0.5
    found = dice.choice([0.0, dice.uniform(0, 2), dice.uniform(0, 50), dice.uniform(0, 500)])
    return round(found) if kind is SignalType.INT else found


@pytest.fixture(scope="module")
def devices() -> Mapping[str, Device]:
    """One device of each shipped family."""
    return {one.family.family: one for one in load(Path("config/square"), secrets=False).devices.values()}


@pytest.mark.parametrize("family", ["hoist", "fountain", "lighting", "flagpole", "weather"])
def test_every_shipped_family_says_the_same(devices: Mapping[str, Device], family: str) -> None:
    """The rules as they are shipped, on values that make them turn."""
    one = devices[family]
    for seed in range(2):
        samples = list(_days(one.streams, random.Random(seed)))
        each, standing, spared = (
            _run(
                RuleEngine({one.family.family: one.family}, one.streams), samples, always=always, spared=rare
            )
            for always, rare in ((True, False), (False, False), (False, True))
        )
        assert each == standing == spared
        assert {finding.verdict for finding in each} >= {True, False}


def _run(engine: RuleEngine, samples: Sequence[Sample], *, always: bool, spared: bool) -> list[Finding]:
    found: list[Finding] = []
    second = 0
    for one in samples:
        while second <= one.steady // NS:
            if not spared or engine.is_due(second * NS):
                found += engine.tick(second * NS, START + second * NS)
            _forget(engine, always=always)
            second += 1
        found += engine.evaluate([one])
        _forget(engine, always=always)
    return found


def test_a_device_that_rests_is_hardly_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    source = stream(*KIND.units)
    engine = RuleEngine({"hoist": KIND}, [source])
    looks = []
    for instance in rule_instances(engine):
        update = instance.detector.update
        monkeypatch.setattr(
            instance.detector, "update", lambda now, update=update: looks.append(now) or update(now)
        )
    for second in range(1000):
        engine.evaluate([sample(source, second, 1.0, 2.0, 0.0)])
        engine.tick(second * NS, START + second * NS)
    assert len(looks) < 20
    assert {looked for looked in looks if looked > 10 * NS} == set()
    engine.evaluate([sample(source, 1000, 1.0, 2.5, 0.0)])
    engine.evaluate([bad(source, 1001)])
    assert {1000 * NS, 1001 * NS} <= set(looks)


def test_a_look_that_samples_put_off_is_not_due() -> None:
    source = stream(*KIND.units)
    engine = RuleEngine({"hoist": KIND}, [source])
    for second in range(10):
        engine.evaluate([sample(source, second, 1.0, 2.0, 0.0)])
        engine.tick(second * NS, START + second * NS)
    planned = engine.next_wake
    assert planned > 10 * NS
    engine.evaluate([sample(source, planned / NS - 1, 1.0, 2.0, 0.0)])
    assert engine.next_wake == planned, "a sample only ever brings a look nearer"
    assert not engine.is_due(planned)
    assert engine.next_wake > planned
    assert engine.is_due(engine.next_wake), "and a unit that stays away is noticed when it was before"
