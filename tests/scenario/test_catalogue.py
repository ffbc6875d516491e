"""Every fault of the catalogue has a story in which a rule of its own number must find it."""

from __future__ import annotations

import runpy

from facilityd.app.builtin import all_devices
from facilityd.scenario.expectations import AlarmRaised, NoAlarm
from facilityd.scenario.load import find, load

CATALOGUE = runpy.run_path("tools/acceptance.py")["CATALOGUE"]


def test_every_number_has_a_story_and_nothing_else_may_be_told_in_it() -> None:
    stories: dict[str, list[bool]] = {}
    for path in find(("all",)):
        script = load(path)
        devices = all_devices(script.site)
        alone = any(isinstance(e, NoAlarm) and e.other for _, _, e in script.expectations)
        for _, _, expectation in script.expectations:
            if isinstance(expectation, AlarmRaised):
                device = devices[expectation.device]
                rule = device.family.rules.get(expectation.rule)
                stories.setdefault(rule.fault if rule else expectation.rule, []).append(alone)
    assert len(CATALOGUE) == 64
    assert [number for number in CATALOGUE if True not in stories.get(number, [])] == []
