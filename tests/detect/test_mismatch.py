"""Commanded and observed, from two units with paces of their own."""

from __future__ import annotations

import pytest
from support.rule_harness import MARK, START, Kind, bad, rule, sample, stream

from facilityd.detect import RuleEngine
from facilityd.detect.compile import compile_device
from facilityd.model.sample import NS

DETECT = {
    "kind": "mismatch",
    "commanded": {"signal": "on", "is": True},
    "observed": {"signal": "power", "above": 0.5},
    "within": "3s",
}
PANEL, METER = stream("on", unit="panel"), stream("power", unit="meter", period=2.0)


def _play(direction: str, commands: str, powers: str) -> str:
    """Commands every second, power every other second; '?' is a bad sample."""
    kind = Kind({"lamp": rule(DETECT | {"direction": direction})}, {}, {"on": "", "power": "kW"})
    device_rules = compile_device(kind, [PANEL, METER], None)
    detector, verdicts = device_rules.instances[0].detector, []
    for second, (command, power) in enumerate(zip(commands, powers, strict=True)):
        for source, mark, values in (
            (PANEL, command, {"1": True, "0": False}),
            (METER, power, {"1": 2.0, "0": 0.0}),
        ):
            if mark != " ":
                one = bad(source, second) if mark == "?" else sample(source, second, values[mark])
                device_rules.bindings[source].device_state.put(
                    device_rules.bindings[source].signal_states, one
                )
        verdicts.append(MARK[detector.update(second * NS)])
    return "".join(verdicts)


@pytest.mark.parametrize(
    ("direction", "commands", "powers", "verdicts"),
    [
        ("both", "00000000", "0 0 0 0 ", "........"),
        ("both", "01111111", "0 0 0 0 ", "....####"),
        ("missing", "01111111", "0 0 0 0 ", "....####"),
        ("unbidden", "01111111", "0 0 0 0 ", "........"),
        ("unbidden", "10000000", "1 1 1 1 ", "....####"),
        ("missing", "10000000", "1 1 1 1 ", "........"),
        ("both", "01110000", "0 0 1 0 ", "........"),
        ("both", "01111100", "0 0 0 1 ", "....####"),
        ("both", "01111011", "0 0 0 0 ", "....#..."),
        ("both", "011?1111", "0 0 0 0 ", "...?.###"),
        ("both", "01111111", "0 0 ? 1 ", "....??.."),
    ],
)  # fmt: skip
def test_a_mismatch_in_time(direction: str, commands: str, powers: str, verdicts: str) -> None:
    assert _play(direction, commands, powers) == verdicts


def test_evidence_names_both_sides() -> None:
    kind = Kind({"lamp": rule(DETECT)}, {}, {"on": "", "power": "kW"})
    engine = RuleEngine({"hoist": kind}, [PANEL, METER])
    found = engine.evaluate([sample(PANEL, 0, True), sample(METER, 0, 0.0)])
    for second in (1, 2):
        found += engine.evaluate([sample(PANEL, second, True), sample(METER, second, 0.0)])
    found += engine.tick(3 * NS, START)
    assert [f.verdict for f in found] == [True]
    assert (found[0].evidence.slug, found[0].evidence.signal) == ("mismatch-missing", "power")
    assert found[0].evidence.numbers == {
        "commanded_signal": "on",
        "commanded": True,
        "commanded_unit": "",
        "observed": 0.0,
        "unit": "kW",
        "within_s": 3.0,
    }
