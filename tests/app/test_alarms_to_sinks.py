"""What an alarm did reaches the sinks of a running daemon, with the state and priority it had then."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from facilityd.alarm.machine import apply
from facilityd.config.load import load
from facilityd.model.alarm import AlarmState
from facilityd.model.sample import NS
from facilityd.scenario.subset import subset
from facilityd.scenario.virtual_runtime import SINK, VirtualRuntime
from facilityd.store.batch import LineKind
from facilityd.store.reader import JournalReader

START = int(datetime(2026, 6, 10, 2, 0, tzinfo=UTC).timestamp()) * NS


def test_every_change_reaches_the_sink_as_it_was(tmp_path: Path) -> None:
    site = subset(load(Path("config/square"), secrets=False), ("fountain-1",))
    with VirtualRuntime(site, tmp_path, start=START, forwarding=True) as runtime:
        runtime.advance(60)
        runtime.hazard("facilityd", "disk-full")
        runtime.hazard(next(iter(site.units)), "silent")
        runtime.advance(900)
        runtime.restart()
        runtime.hazard("facilityd", "none")
        runtime.advance(900)
        priorities = {
            (device.id, name): rule.priority.name.lower()
            for device in runtime.site.devices.values()
            for name, rule in device.family.rules.items()
        }
        with JournalReader.open(runtime.journal) as reader:
            stored = reader.changes()
            assert stored
            assert reader.cursor(SINK.id, LineKind.CHANGE) == stored[-1].id
            assert reader.counters()["changes_forwarded"] == len(stored)
    states: dict[tuple[str, str], AlarmState] = {}
    for row in stored:
        key = row.change.device, row.change.rule
        states[key] = apply(states.get(key) or AlarmState(*key), row.change)
        assert (row.state, row.condition) == (states[key].state_name, states[key].condition)
        assert row.priority == priorities.get(key, row.priority)
        assert row.priority in ("low", "medium", "high", "critical")
