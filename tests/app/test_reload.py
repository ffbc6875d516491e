"""The site's files read again under a running daemon: what did not change notices nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from support.commands import result

from facilityd.app.ceremony import Ceremonies
from facilityd.app.core import Core
from facilityd.app.reload import needs_restart
from facilityd.app.sources import LinkTasks
from facilityd.config.load import load
from facilityd.config.site import Site
from facilityd.errors import ConfigError
from facilityd.model.alarm import AlarmState, AlarmStateName, ChangeKind
from facilityd.model.command import ReloadSite
from facilityd.model.command_record import CommandRecord
from facilityd.model.message import spoken
from facilityd.model.refusal import read as refusal_of
from facilityd.model.rule import Rule
from facilityd.model.rule import with_settings as with_parameters
from facilityd.model.sample import NS
from facilityd.pipeline.flow import Flow
from facilityd.scenario.load import square
from facilityd.scenario.subset import subset
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.reader import JournalReader
from facilityd.supervise.inbox import Inbox

NIGHT = 1_781_100_000 * NS
SITE = subset(load(square()), ("gate-base", "fire-gate", "fountain-1"))
Samples = dict[str, list[int]]


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[VirtualRuntime]:
    with VirtualRuntime(SITE, tmp_path, start=NIGHT) as opened:
        yield opened


def without(site: Site, *gone: str) -> Site:
    """Return a site as its files would be without some devices: their units feed nothing any more."""
    return subset(site, [name for name in site.devices if name not in gone])


def with_rule(site: Site, device: str, rule: str, change: Callable[[Rule], Rule]) -> Site:
    """Return a site whose files say otherwise of one rule of a device."""
    old = site.devices[device]
    rules = {**old.family.rules, rule: change(old.family.rules[rule])}
    new = replace(old, family=old.family.model_copy(update={"rules": rules}), settings={rule: {"x": 1}})
    return replace(site, devices={**site.devices, device: new})


def rescaled(site: Site, device: str, signal: str) -> Site:
    """Return a site whose files scale a signal otherwise: only its unit differs, the device is equal."""
    units = {
        name: replace(
            unit,
            bindings=tuple(
                replace(one, scale=one.scale * 3)
                if (one.stream.device, one.stream.signals[one.slot]) == (device, signal)
                else one
                for one in unit.bindings
            ),
        )
        for name, unit in site.units.items()
    }
    return replace(site, units=units)


def longer(seconds: int) -> Callable[[Rule], Rule]:
    return lambda rule: with_parameters(rule, {"on_delay": f"{seconds}s"})


def read_at(journal: Path) -> Samples:
    """Return when each unit was read, ns."""
    found: Samples = {}
    with JournalReader.open(journal) as reader:
        for row in reader.samples_after(0, 1_000_000):
            found.setdefault(reader.stream(row.stream).unit, []).append(row.at)
    return found


def changes(journal: Path, device: str) -> list[tuple[str, ChangeKind]]:
    with JournalReader.open(journal) as reader:
        return [(one.change.rule, one.change.kind) for one in reader.changes() if one.change.device == device]


def state(journal: Path, device: str, rule: str) -> Any:
    with JournalReader.open(journal) as reader:
        return next((one for one in reader.alarms() if (one.device, one.rule) == (device, rule)), None)


def longest_gap(instants: list[int], since: int) -> float:
    """Return the longest time between two readings after an instant, s."""
    late = [at for at in instants if at >= since]
    return max(after - before for before, after in pairwise(late)) / NS


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


def _refuse(runtime: VirtualRuntime, error: Exception) -> None:
    def load_(_: int) -> tuple[Site, None]:
        raise error

    runtime.load = load_  # type: ignore[method-assign]


def test_a_bad_set_is_refused_whole_and_everything_goes_on(
    runtime: VirtualRuntime, caplog: pytest.LogCaptureFixture
) -> None:
    runtime.advance(60)
    mistakes = ("site.yaml:3:7: unknown key 'x'", "site.yaml:9:1: unit 'y' is not known")
    _refuse(runtime, ConfigError(mistakes))
    command = ReloadSite(person="li")
    Inbox(runtime.journal).drop(command)
    runtime.advance(120)
    assert refusal_of(result(runtime.journal, command.id)).en == "\n".join(mistakes)
    for mistake in mistakes:
        assert f"reload: {mistake}" in caplog.text
    read = read_at(runtime.journal)
    for name, unit in SITE.units.items():
        if unit.bindings and unit.poll_rates.rest <= 10 * NS:
            assert longest_gap(read[name], NIGHT + 30 * NS) < 1.2 * unit.poll_rates.rest / NS, name


@pytest.mark.parametrize("error", [FileNotFoundError(2, "No such file", "site.yaml"), ZeroDivisionError()])
def test_a_file_that_disappears_or_a_fault_of_our_own_ends_nothing(
    runtime: VirtualRuntime, error: Exception
) -> None:
    _refuse(runtime, error)
    command = ReloadSite(person="li")
    Inbox(runtime.journal).drop(command)
    runtime.advance(120)
    refusal = result(runtime.journal, command.id)
    assert "No such file" in refusal or "unexpected ZeroDivisionError" in refusal
    del runtime.load  # type: ignore[method-assign]
    runtime.reload(without(SITE, "fountain-1"))
    runtime.advance(5)
    assert _recorded(runtime)[-1].payload["changed"]["devices"] == {"removed": ["fountain-1"]}


def _recorded(runtime: VirtualRuntime) -> list[CommandRecord]:
    with JournalReader.open(runtime.journal) as reader:
        return [one for one in reader.commands() if one.kind == "reload"]


def test_what_cannot_change_is_refused_with_a_plain_sentence() -> None:
    other = replace(SITE, id="park", store=replace(SITE.store, path="/elsewhere/journal.db"))
    path, name = needs_restart(SITE, other)[1], needs_restart(SITE, other)[0]
    assert spoken(name, "en") == (
        f"needs a restart: site.id cannot change while the daemon runs ({SITE.id} to park)"
    )
    assert spoken(name, "zh") == f"需要重启：监测程序运行时不能更改 site.id（{SITE.id} 改为 park）"
    assert path.startswith("needs a restart: store.path cannot change while the daemon runs")
    assert needs_restart(SITE, replace(SITE, ceremony=NS)) == []


def test_two_at_once_are_both_answered(runtime: VirtualRuntime) -> None:
    runtime.advance(60)
    commands = [ReloadSite(person=name) for name in ("li", "wang", "zhao")]
    for command in commands:
        Inbox(runtime.journal).drop(command)
    runtime.reload(without(SITE, "fountain-1"))
    runtime.advance(120)
    assert {result(runtime.journal, one.id) for one in commands} == {""}
    assert {one.person for one in _recorded(runtime)} == {"li", "wang", "zhao", ""}
    assert not list(Inbox(runtime.journal).folder.glob("*.json"))


def test_the_same_again_changes_nothing(runtime: VirtualRuntime) -> None:
    runtime.fault("gate-base", "L18")
    runtime.advance(900)
    with JournalReader.open(runtime.journal) as reader:
        before = _ever_raised(reader), len(reader.changes())
    for _ in range(3):
        runtime.reload(load_again())
        runtime.advance(20)
    assert [one.payload for one in _recorded(runtime)] == [{"changed": {}}] * 3
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
    assert _recorded(runtime)[0].payload["changed"]["recipients"]["added"] == ["guard"]
    assert name in _recorded(runtime)[0].payload["changed"]["recipients"]["removed"]


def test_on_a_full_disk_the_daemon_follows_and_the_result_is_on_record_later(
    runtime: VirtualRuntime,
) -> None:
    runtime.advance(60)
    runtime.hazard("facilityd", "disk-full")
    runtime.advance(30)
    command = ReloadSite(person="li")
    Inbox(runtime.journal).drop(command)
    runtime.change_files(without(SITE, "fountain-1"))
    runtime.advance(60)
    runtime.hazard("facilityd", "none")
    runtime.advance(120)
    assert result(runtime.journal, command.id) == ""
    (record,) = _recorded(runtime)
    assert record.payload["changed"]["devices"] == {"removed": ["fountain-1"]}


def test_a_failure_halfway_ends_in_the_new_configuration(
    runtime: VirtualRuntime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    runtime.advance(60)
    broken = [RuntimeError("halfway")]

    async def fails_once(self: LinkTasks, site: Site) -> None:
        if broken:
            raise broken.pop()
        await watch_links(self, site)

    watch_links = LinkTasks.watch
    monkeypatch.setattr(LinkTasks, "watch", fails_once)
    runtime.reload(without(SITE, "fountain-1"))
    runtime.advance(120)
    assert "everything is built anew" in caplog.text
    assert result(runtime.journal, _recorded(runtime)[0].id) == ""
    read = read_at(runtime.journal)
    gone = {unit.id for unit in SITE.units.values()} - {
        unit.id for unit in without(SITE, "fountain-1").units.values()
    }
    assert max(read["contacts"]) > runtime.now - 10 * NS if "contacts" in read else True
    assert all(max(read[name]) < NIGHT + 70 * NS for name in gone if name in read)


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
    assert len(_recorded(runtime)) == 101
    assert left() == before


def _kill(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _before_the_change() -> None:
    Core.adopt = _kill  # type: ignore[method-assign]


def _between_the_rules_and_the_links() -> None:
    LinkTasks.watch = _kill  # type: ignore[method-assign,assignment]


def _before_it_is_on_record() -> None:
    Flow.record = _kill  # type: ignore[method-assign,assignment]


@pytest.mark.parametrize(
    "moment", [_before_the_change, _between_the_rules_and_the_links, _before_it_is_on_record]
)
def test_a_kill_in_the_midst_ends_in_a_start_with_the_new_files(
    tmp_path: Path, moment: Callable[[], None]
) -> None:
    command, child = ReloadSite(person="li"), os.fork()
    if child == 0:
        try:
            with VirtualRuntime(SITE, tmp_path, start=NIGHT) as runtime:
                runtime.fault("gate-base", "L18")
                runtime.advance(900)
                moment()
                runtime.change_files(without(SITE, "gate-base"))
                Inbox(runtime.journal).drop(command)
                runtime.advance(120)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "it was killed"
    with VirtualRuntime(without(SITE, "gate-base"), tmp_path, start=NIGHT + 1000 * NS) as runtime:
        runtime.advance(60)
        assert result(runtime.journal, command.id) == ""
        assert changes(runtime.journal, "gate-base").count(("pole-live", ChangeKind.RETIRE)) == 1
        with JournalReader.open(runtime.journal) as reader:
            told = Counter(
                (one.notice.rule, one.notice.recipient, one.notice.channel, one.notice.purpose)
                for one in reader.outbox()
                if one.notice.device == "gate-base"
            )
        assert {purpose for *_, purpose in told} == {"raised", "unwatched"}
        assert set(told.values()) == {1}


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
