"""The site's files read again under a running daemon: what did not change notices nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.reloading import (
    NIGHT,
    SITE,
    changes,
    longer,
    longest_gap,
    read_at,
    recorded_reloads,
    rescaled,
    state,
    with_rule,
    without,
)

from facilityd.app.ceremony import Ceremonies
from facilityd.config.load import load
from facilityd.config.site import Site
from facilityd.model.alarm import AlarmState, AlarmStateName, ChangeKind
from facilityd.model.sample import NS
from facilityd.scenario.load import square
from facilityd.scenario.subset import subset
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.reader import JournalReader


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[VirtualRuntime]:
    with VirtualRuntime(SITE, tmp_path, start=NIGHT) as opened:
        yield opened


def test_what_does_not_change_is_read_without_a_gap(runtime: VirtualRuntime) -> None:
    runtime.advance(300)
    for _ in range(5):
        runtime.reload(without(SITE, "fountain-1"))
        runtime.advance(31.7)
        runtime.reload(SITE)
        runtime.advance(31.7)
    kept = {unit.id: unit for unit in without(SITE, "fountain-1").units.values() if unit.bindings}
    read = read_at(runtime.journal)
    assert kept
    for name, unit in kept.items():
        assert longest_gap(read[name], NIGHT + 120 * NS) < 1.2 * unit.poll_rates.rest / NS, name


def test_alarms_of_what_is_gone_end_and_new_devices_are_watched(runtime: VirtualRuntime) -> None:
    runtime.reload(without(SITE, "gate-base"))
    runtime.advance(60)
    assert "gate-base" not in _devices_read(runtime)
    runtime.reload(SITE)
    runtime.advance(60)
    assert "gate-base" in _devices_read(runtime)
    runtime.fault("gate-base", "L18")
    runtime.advance(900)
    assert state(runtime.journal, "gate-base", "pole-live").active
    runtime.reload(without(SITE, "gate-base"))
    runtime.advance(5)
    assert ("pole-live", ChangeKind.RETIRE) in changes(runtime.journal, "gate-base")
    assert state(runtime.journal, "gate-base", "pole-live").state_name is AlarmStateName.NORMAL
    told = [one for one in runtime.mailbox.taken if one.device == "gate-base"]
    assert {one.purpose for one in told} >= {"raised", "unwatched"}


def _devices_read(runtime: VirtualRuntime) -> set[str]:
    with JournalReader.open(runtime.journal) as reader:
        return {reader.stream(row.stream).device for row in reader.samples_after(0, 1_000_000)}


def _raised_at(journal: Path, device: str, rule: str) -> int:
    with JournalReader.open(journal) as reader:
        return next(
            one.change.at for one in reader.changes()
            if (one.change.device, one.change.rule, one.change.kind) == (device, rule, ChangeKind.RAISE)
        )  # fmt: skip


def test_an_on_delay_goes_on_over_reloads_that_do_not_concern_it(tmp_path: Path) -> None:
    raised = []
    for number, disturbed in enumerate((False, True)):
        (folder := tmp_path / str(number)).mkdir()
        with VirtualRuntime(SITE, folder, start=NIGHT) as runtime:
            runtime.advance(120)
            runtime.fault("gate-base", "L18")
            for n in range(300):
                if disturbed and n % 7 == 0:
                    runtime.reload(without(SITE, "fountain-1") if n % 2 else SITE)
                runtime.advance(3)
            raised.append(_raised_at(runtime.journal, "gate-base", "pole-live"))
    assert raised[0] == raised[1]


def test_an_on_delay_goes_on_when_another_signal_of_the_device_is_scaled_anew(tmp_path: Path) -> None:
    """The device begins anew, and what its other signals brought in the last minutes is shown to it."""
    raised = []
    for number, new in enumerate((SITE, rescaled(SITE, "gate-base", "energy"))):
        (folder := tmp_path / str(number)).mkdir()
        with VirtualRuntime(
            with_rule(SITE, "gate-base", "pole-live", longer(300)), folder, start=NIGHT
        ) as runtime:
            runtime.advance(120)
            runtime.fault("gate-base", "L18")
            runtime.advance(550)
            runtime.reload(with_rule(new, "gate-base", "pole-live", longer(300)))
            runtime.advance(600)
            raised.append(_raised_at(runtime.journal, "gate-base", "pole-live"))
    assert raised[0] == raised[1]


def test_a_standing_alarm_and_its_acknowledgement_outlive_a_reload(runtime: VirtualRuntime) -> None:
    runtime.fault("gate-base", "L18")
    runtime.advance(900)
    runtime.acknowledge("gate-base", "pole-live", "Li")
    runtime.advance(5)
    before = state(runtime.journal, "gate-base", "pole-live")
    assert before.acked
    told = len(runtime.mailbox.taken)
    runtime.reload(with_rule(SITE, "gate-base", "pole-live", longer(30)))
    runtime.advance(300)
    assert state(runtime.journal, "gate-base", "pole-live") == before
    assert len(runtime.mailbox.taken) == told


def test_the_same_again_changes_nothing(runtime: VirtualRuntime) -> None:
    runtime.fault("gate-base", "L18")
    runtime.advance(900)
    with JournalReader.open(runtime.journal) as reader:
        before = _ever_raised(reader), len(reader.changes())
    for _ in range(3):
        runtime.reload(load_again())
        runtime.advance(20)
    assert [one.payload for one in recorded_reloads(runtime)] == [{"changed": {}}] * 3
    with JournalReader.open(runtime.journal) as reader:
        assert (_ever_raised(reader), len(reader.changes())) == before


def _ever_raised(reader: JournalReader) -> list[AlarmState]:
    return [one for one in reader.alarms() if one.occurrence]


def load_again() -> Site:
    return subset(load(square()), ("gate-base", "fire-gate", "fountain-1"))


def test_a_limit_that_was_changed_is_judged_by_at_once_with_what_was_seen_before(
    runtime: VirtualRuntime,
) -> None:
    runtime.reload(with_rule(SITE, "gate-base", "pole-live", longer(600)))
    runtime.advance(30)
    runtime.fault("gate-base", "L18")
    runtime.advance(500)
    assert not state(runtime.journal, "gate-base", "pole-live").active
    runtime.reload(SITE)
    runtime.advance(2)
    assert state(runtime.journal, "gate-base", "pole-live").active, "the past counts, as after a restart"


def test_new_people_are_told_and_those_gone_are_not(runtime: VirtualRuntime) -> None:
    runtime.advance(30)
    (name, person), *_ = SITE.recipients.items()
    channel = replace(person.channels[0], id=f"guard-{person.channels[0].kind}")
    guard = replace(person, id="guard", minimum=type(person.minimum).LOW, channels=(channel,))
    runtime.reload(replace(SITE, recipients={"guard": guard}))
    runtime.advance(5)
    runtime.fault("gate-base", "L18")
    runtime.advance(900)
    assert {one.recipient for one in runtime.mailbox.taken if one.at > NIGHT + 40 * NS} == {"guard"}
    assert recorded_reloads(runtime)[0].payload["changed"]["recipients"]["added"] == ["guard"]
    assert name in recorded_reloads(runtime)[0].payload["changed"]["recipients"]["removed"]


def test_hundred_reloads_in_a_row_leave_nothing_behind(runtime: VirtualRuntime) -> None:
    runtime.advance(60)
    sites = [without(SITE, "fountain-1"), SITE]

    def left() -> tuple[int, int, int]:
        tasks = len(asyncio.all_tasks(runtime._loop))
        return tasks, threading.active_count(), sum(1 for _ in Path("/proc/self/fd").iterdir())

    runtime.reload(SITE)
    runtime.advance(10)
    before = left()
    for number in range(100):
        runtime.reload(sites[number % 2])
        runtime.advance(1.3)
    runtime.advance(30)
    assert len(recorded_reloads(runtime)) == 101
    assert left() == before


def test_a_link_may_go_while_a_poll_is_in_flight(runtime: VirtualRuntime) -> None:
    runtime.advance(60)
    gone = set(SITE.links) - set(without(SITE, "fountain-1", "fire-gate").links)
    units = [unit for unit in SITE.units.values() if unit.link in gone]
    assert units
    for link in gone:
        runtime.hazard(link, "silent")
    for number in range(12):
        runtime.advance(1 + 0.05 * number)
        runtime.reload(without(SITE, "fountain-1", "fire-gate"))
        runtime.advance(7)
        runtime.reload(SITE)
    for link in gone:
        runtime.hazard(link, "none")
    runtime.advance(120)
    read = read_at(runtime.journal)
    late = {unit.id: runtime.now - 60 * NS - 2 * unit.poll_rates.rest for unit in units if unit.bindings}
    assert {name for name, since in late.items() if max(read[name]) < since} == set()


def test_checks_before_a_ceremony_are_made_once_whatever_is_reloaded(tmp_path: Path) -> None:
    site = subset(load(square()), ("fountain-1", "hoist-1"))
    coming = Ceremonies.of(site).following(NIGHT)
    assert coming
    with VirtualRuntime(site, tmp_path, start=coming.at - 65 * 60 * NS) as runtime:
        while runtime.now < coming.at + 120 * NS:
            runtime.advance(97)
            runtime.reload(replace(site, ceremony=site.ceremony + (runtime.now % 2) * NS))
    with JournalReader.open(runtime.journal) as reader:
        made = [
            (one.before // (60 * NS), one.device) for one in reader.checks(0) if one.ceremony == coming.at
        ]
    asked = [name for name, device in site.devices.items() if device.family.readiness]
    assert sorted(made) == sorted((before, name) for before in (60, 30, 10) for name in asked)
