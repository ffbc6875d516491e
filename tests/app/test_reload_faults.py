"""Reloading where something is wrong: a bad set, a full disk, a crash, a fault of our own."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.commands import result
from support.reloading import (
    NIGHT,
    SITE,
    changes,
    longest_gap,
    read_at,
    recorded_reloads,
    without,
)

from facilityd.app.core import Core
from facilityd.app.reload import needs_restart
from facilityd.app.sources import LinkTasks
from facilityd.config.site import Site
from facilityd.errors import ConfigError
from facilityd.model.alarm import ChangeKind
from facilityd.model.command import ReloadSite
from facilityd.model.message import spoken
from facilityd.model.refusal import read as refusal_of
from facilityd.model.sample import NS
from facilityd.pipeline.flow import Flow
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.reader import JournalReader
from facilityd.supervise.inbox import Inbox


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[VirtualRuntime]:
    with VirtualRuntime(SITE, tmp_path, start=NIGHT) as opened:
        yield opened


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
    assert recorded_reloads(runtime)[-1].payload["changed"]["devices"] == {"removed": ["fountain-1"]}


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
    assert {one.person for one in recorded_reloads(runtime)} == {"li", "wang", "zhao", ""}
    assert not list(Inbox(runtime.journal).folder.glob("*.json"))


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
    (record,) = recorded_reloads(runtime)
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
    assert result(runtime.journal, recorded_reloads(runtime)[0].id) == ""
    read = read_at(runtime.journal)
    gone = {unit.id for unit in SITE.units.values()} - {
        unit.id for unit in without(SITE, "fountain-1").units.values()
    }
    assert max(read["contacts"]) > runtime.now - 10 * NS if "contacts" in read else True
    assert all(max(read[name]) < NIGHT + 70 * NS for name in gone if name in read)


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
