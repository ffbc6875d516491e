"""Events over one long answer: what begins them, what follows, and who comes back after a while."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from support.web import EventStream, WebPeer, web_server

from facilityd.model.sample import NS
from facilityd.testing.site import SimulatedSite, begin
from facilityd.web.events import MOST_LISTENERS, StreamPosition


@pytest.fixture(scope="module")
def bridges(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SimulatedSite, WebPeer]]:
    folder = tmp_path_factory.mktemp("bridges")
    with begin("square", folder, ("bridges", "weather"), "2026-06-10T20:20", 1, real=False) as running:
        running.advance("2min")
        with web_server(running.site, clock=lambda: round(running.now.timestamp()) * NS) as peer:
            yield running, peer


def _raised(stream: EventStream, rule: str) -> tuple[str, dict[str, object]]:
    while True:
        _, (_, number, change) = stream.until("change")
        if (change["rule"], change["kind"]) == (rule, "raise"):
            return number, change


def test_it_begins_with_all_there_is_and_goes_on_with_what_is_new(
    bridges: tuple[SimulatedSite, WebPeer],
) -> None:
    running, peer = bridges
    with peer.listen() as stream:
        assert stream.status == 200
        before, (_, _, health) = stream.until("health")
        assert {name for name, _, _ in before} == {"alarms", "values"}
        devices = {data["device"] for name, _, data in before if name == "values"}
        assert {"bridges", "weather", "facilityd"} <= devices
        assert health["state"] == "running"
        running.advance("10s")
        _, (_, _, news) = stream.until("values")
        assert news["signals"]
        assert news["at"].endswith("+08:00")


def test_who_comes_back_gets_the_changes_that_were_missed_once_and_the_present_values(
    bridges: tuple[SimulatedSite, WebPeer],
) -> None:
    running, peer = bridges
    with peer.listen() as stream:
        _, (_, last, _) = stream.until("health")
    running.fault("bridges", "L1")
    running.advance("15min")
    missed, newest = [], last
    with peer.listen(last) as stream:  # the look that all share may be older than the fault, by its period
        while "lamp-failed" not in {one["rule"] for one in missed}:
            before, (_, newest, change) = stream.until("change")
            missed.append(change)
            assert "alarms" not in {name for name, _, _ in before}, "what stands was told before"
    assert missed == sorted(missed, key=lambda one: one["id"])
    with peer.listen(newest) as stream:
        again, _ = stream.until("health")
        assert [name for name, _, _ in again if name == "change"] == []


@pytest.mark.parametrize("last", ["", "x", "5-99999999999", "-1--1", "9" * 30 + "-1"])
def test_an_id_that_is_none_of_ours_begins_anew(bridges: tuple[SimulatedSite, WebPeer], last: str) -> None:
    with bridges[1].listen(last) as stream:
        before, _ = stream.until("health")
    assert "alarms" in {name for name, _, _ in before}


def test_a_position_is_read_as_it_is_written() -> None:
    assert StreamPosition.parse(str(StreamPosition(17, 4))) == StreamPosition(17, 4)
    assert StreamPosition.parse("17") is None


def test_nobody_looks_at_the_journal_while_nobody_listens(bridges: tuple[SimulatedSite, WebPeer]) -> None:
    hub = bridges[1].service.events
    with bridges[1].listen() as stream:
        stream.until("health")
        assert hub.looking
        assert not hub.full
    assert MOST_LISTENERS > 100


def test_a_server_that_ends_under_who_listens_ends_quietly(
    bridges: tuple[SimulatedSite, WebPeer], caplog: pytest.LogCaptureFixture
) -> None:
    running, _ = bridges
    with ExitStack() as later:
        with web_server(running.site, clock=lambda: round(running.now.timestamp()) * NS) as peer:
            stream = later.enter_context(peer.listen())
            stream.until("health")
        gc.collect()
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []


def test_an_alarm_waits_for_no_look_at_the_values(bridges: tuple[SimulatedSite, WebPeer]) -> None:
    """The look at all values is an hour away: only the question for changed alarms can bring it."""
    running, _ = bridges
    with web_server(running.site, clock=lambda: round(running.now.timestamp()) * NS) as peer:
        peer.service.events.every = 3600.0
        with peer.listen() as stream:
            stream.until("health")
            running.fault("bridges", "L2")
            running.advance("30min")
            assert _raised(stream, "gear-failed")
