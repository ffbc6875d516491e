"""Which alarms are held where they come and go, and what the acceptance counts of those that are not."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from facilityd.alarm.repeats import BRIEF, DANGER
from facilityd.app.builtin import all_devices
from facilityd.app.repeats import repeat_limits
from facilityd.config.load import load
from facilityd.model.repeats import RepeatSpans
from facilityd.model.sample import NS
from facilityd.query.alarm_log import AlarmLog, OccurrenceSpan

SITE = load(Path("config") / "square")
RULES = {(d.id, name): one for d in all_devices(SITE).values() for name, one in d.family.rules.items()}
LIMITS = repeat_limits(RULES, SITE.devices)


@pytest.mark.parametrize(
    ("device", "rule", "brief"),
    [
        ("fountain-1", "leakage", DANGER),  # measured, and people are in danger
        ("hoist-1", "rope-tight", DANGER),
        ("fountain-1", "flood", BRIEF),  # a switch that says itself when it is over
        ("fire-gate", "active", BRIEF),
        ("hoist-1", "silent", BRIEF),
        ("fountain-1", "strainer-clogging", BRIEF),
    ],
)
def test_measured_danger_is_watched_longer(device: str, rule: str, brief: int) -> None:
    assert LIMITS[device, rule].brief == brief


def test_the_site_says_how_long_each_class_is_held() -> None:
    limits = repeat_limits(RULES, SITE.devices, {"safety": RepeatSpans(60 * NS, 0)})
    assert (limits["fire-gate", "active"].hold, limits["fire-gate", "active"].window) == (60 * NS, 0)
    assert limits["fountain-1", "strainer-clogging"] == LIMITS["fountain-1", "strainer-clogging"]


@pytest.mark.parametrize("key", [("facilityd", "disk-low"), ("link-broker", "down")])
def test_what_facilityd_says_of_itself_and_its_links_has_delays_of_its_own(key: tuple[str, str]) -> None:
    assert key in RULES
    assert key not in LIMITS


def spans(*instants: tuple[float, float]) -> tuple[OccurrenceSpan, ...]:
    return tuple(
        OccurrenceSpan("pump", "leakage", n, "high", round(a * NS), round(a * NS), cleared=round(b * NS))
        for n, (a, b) in enumerate(instants)
    )


def test_the_acceptance_counts_what_chatters_and_what_is_fleeting() -> None:
    count = runpy.run_path("tools/acceptance.py")["nuisance"]
    log = AlarmLog(spans((0, 5), (20, 25), (40, 140)), (), (), {})
    assert count(log) == {"chattering: leakage on pump": 1, "fleeting: leakage on pump": 2}
    assert not count(AlarmLog(spans((0, 61), (100, 200)), (), (), {}))
