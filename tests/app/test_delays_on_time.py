"""A delay of a rule that ends between two polls is looked at when it ends, not at the next beat of the daemon."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from facilityd.app.environment import Environment
from facilityd.config.load import load
from facilityd.model.alarm import ChangeKind
from facilityd.model.sample import NS
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.reader import JournalReader

SITE = """\
site: {id: yard, name: {zh: 场院, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
alarms: {safety: {hold: 0s, repeat_window: 0s}}
links: {io: {protocol: modbus-tcp, host: 127.0.0.1, port: 15027}}
units: {contacts: {link: io, profile: moxa_iologik_e1212, device_id: 1, period: PERIOD}}
devices: {fire: {family: contact, name: {zh: 火灾报警, en: Fire panel}, signals: {active: contacts.input_0}}}
"""
ON_DELAY_S, SLACK_S = 1.0, 0.15
START = 1_781_056_800 * NS


class BeatingRuntime(VirtualRuntime):
    """A runtime whose daemon looks for commands each second, as a real one does."""

    def _outside(self) -> Environment:
        return replace(super()._outside(), command_interval=1.0)


def _delays(folder: Path, period: str) -> list[float]:
    """Return the s from the first sample of each fault to the raise of its alarm."""
    (folder / "site.yaml").write_text(SITE.replace("PERIOD", period), encoding="utf-8")
    with BeatingRuntime(load(folder), folder, start=START) as runtime:
        runtime.advance(60)
        for number in range(8):
            runtime.advance(30 + 0.137 * number)
            runtime.fault("fire", "active", duration=12.0)
        runtime.advance(60)
        with JournalReader.open(runtime.journal) as reader:
            raised = [c.change.at for c in reader.changes() if c.change.kind is ChangeKind.RAISE]
            points = list(reader.history("fire", "active", START, runtime.now))
    firsts = [at for (_, was, *_), (at, now, *_) in pairwise(points) if now and not was]
    assert len(raised) == len(firsts) >= 8
    return [(at - first) / NS for at, first in zip(raised, firsts, strict=True)]


def test_a_delay_as_long_as_the_period_ends_in_time(tmp_path: Path) -> None:
    assert all(ON_DELAY_S <= delay <= ON_DELAY_S + SLACK_S for delay in _delays(tmp_path, "1s"))


def test_a_delay_that_ends_between_two_polls_ends_in_time(tmp_path: Path) -> None:
    assert all(ON_DELAY_S <= delay <= ON_DELAY_S + SLACK_S for delay in _delays(tmp_path, "3700ms"))
