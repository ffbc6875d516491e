"""What is recorded comes back: the same samples, values and reasons, through the real adapters."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from support.modbus_harness import link_to, running_bus, served, unit, until
from support.mosquitto import Mosquitto
from support.virtual import in_virtual_time

from devices.modbus.bus import Bus
from devices.mqtt.link import run_link as run_mqtt
from devices.operating_mode import OperatingModeTracker
from devices.tables import profiles
from devices.unit import Binding, Link, ModbusLink, MqttLink, PollRates, Unit
from facilityd.errors import UsageError
from facilityd.model.clock import Clock
from facilityd.model.link import LinkHealth
from facilityd.model.sample import NS, Sample, SignalType, Stream
from facilityd.recording.format import Exchange, Header, LinkNews, MqttRecord, Recorder, read
from facilityd.recording.tap import Taps, header_of
from facilityd.scenario.loop import VirtualLoop
from simulators.hazards import hazard
from simulators.mqtt_publisher import MqttPublisher
from simulators.replay import MemoryReplayEndpoint, RecordedAnswers, replaying


class Kept:
    """An intake that keeps what it gets."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self.health: list[LinkHealth] = []

    def offer(self, samples: list[Sample]) -> None:
        self.samples += samples

    async def commit(self, samples: list[Sample]) -> None:
        self.samples += samples

    def told(self, stream: Stream) -> list[tuple[tuple[object, ...], dict[int, object]]]:
        return [(s.values, dict(s.reasons)) for s in self.samples if s.stream == stream]

    def powers(self) -> list[object]:
        return [s.values[0] for s in self.samples if not s.reasons]


async def watch(
    link: Link, units: list[Unit], kept: Kept, seen: Callable[[], object], taps: Taps | None = None
) -> None:
    """Watch until it has been seen."""
    if isinstance(link, ModbusLink):
        extra = [taps.connect] if taps else []
        work = Bus(link, units, kept, Clock(), OperatingModeTracker({}), kept.health.append, *extra).run()
    else:
        work = run_mqtt(
            link,
            units,
            kept,
            Clock(),
            OperatingModeTracker({}),
            kept.health.append,
            *([taps.listen] if taps else []),
        )
    task = asyncio.create_task(work)
    try:
        await until(seen, 60)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("name", ["device-failure", "fewer-registers", "flaky", "no-value", "silent"])
@in_virtual_time
async def test_modbus_comes_back_as_it_was(tmp_path: Path, name: str) -> None:
    units, first, again = [unit(1, 3 * NS // 10), unit(2, 3 * NS // 10)], Kept(), Kept()
    one, two = (each.streams[0] for each in units)
    file = tmp_path / "field.jsonl.zst"
    async with served(units) as endpoint:
        link = replace(link_to(endpoint), id="field")
        with Recorder(file, header_of(link, units, 0)) as recorder:
            task = asyncio.create_task(watch(link, units, first, _later(30.0), Taps(recorder.note)))
            await asyncio.sleep(10.2)
            endpoint.inject(2, hazard(name))
            await task
    recording = read(file)
    assert not recording.damage
    assert set(recording.header.units) == {"unit-1", "unit-2"}
    replay = RecordedAnswers(recording)
    with served_again(replay) as endpoint:
        await watch(replace(link_to(endpoint), id="field"), units, again, _later(30.0))
    for stream in (one, two):
        was, now = first.told(stream), again.told(stream)
        common = min(len(was), len(now))
        assert common >= 30
        assert now[:common] == was[:common]
    assert any(reasons for _, reasons in first.told(two)), "the hazard was in it"
    assert replay.device_ids == {1, 2}


def _later(seconds: float) -> Callable[[], bool]:
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    return lambda: loop.time() >= end


@contextmanager
def served_again(replay: RecordedAnswers) -> Iterator[MemoryReplayEndpoint]:
    endpoint = MemoryReplayEndpoint(replay, "again:1")
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop.endpoints["again", 1] = endpoint.connect
    endpoint.open()
    yield endpoint
    endpoint.close()


def lantern() -> Unit:
    profile = profiles()["shelly_gen2"]
    stream = Stream("lantern", "lighting", "plug", "broker", ("power",), (SignalType.FLOAT,), 10 * NS)
    binding = Binding("power_0", profile.expanded["power_0"], stream, 0, SignalType.FLOAT)
    return Unit("plug", "broker", profile, (stream,), (binding,), PollRates(10 * NS), topic="lanterns/one")


async def test_mqtt_comes_back_as_it_was(tmp_path: Path) -> None:
    one, first, again, file = lantern(), Kept(), Kept(), tmp_path / "broker.jsonl.zst"
    broker = Mosquitto(tmp_path)
    await broker.start()
    try:
        link = MqttLink(
            "broker", "127.0.0.1", broker.port, version="3.1.1", password="secret-word", username="u"
        )
        publisher = MqttPublisher(one, link, period=0.2)
        publisher.update({("lantern", "power"): 150.0})
        with Recorder(file, header_of(link, [one], 0)) as recorder:
            publishing = asyncio.create_task(publisher.run())
            task = asyncio.create_task(
                watch(link, [one], first, lambda: 90.0 in first.powers(), Taps(recorder.note))
            )
            await until(lambda: first.powers().count(150.0) >= 2)
            publisher.update({("lantern", "power"): 90.0})
            await task
            publishing.cancel()
            await asyncio.gather(publishing, return_exceptions=True)
    finally:
        await broker.stop()
    recording = read(file)
    assert "secret-word" not in str(recording), "a recording holds no password"
    fresh = Mosquitto(tmp_path)
    await fresh.start()
    try:
        link = MqttLink("broker", "127.0.0.1", fresh.port, version="3.1.1")
        task = asyncio.create_task(watch(link, [one], again, lambda: 90.0 in again.powers()))
        await until(lambda: again.health and again.health[-1].up)
        async with replaying(recording, "127.0.0.1", fresh.port, speed=2.0):
            await task
    finally:
        await fresh.stop()

    def numbers(kept: Kept) -> list[object]:
        return [v[0] for v, r in kept.told(one.streams[0]) if v[0] is not None and not r]

    assert {150.0, 90.0} <= set(numbers(first))
    assert numbers(again)[: len(numbers(first))] == numbers(first)


def header() -> Header:
    return Header("field", "modbus-tcp", 0, {"unit-1": {"profile": "harness", "device_id": 1, "topic": ""}})


def some(file: Path) -> None:
    with Recorder(file, header()) as recorder:
        recorder.note(LinkNews(0, True))
        recorder.note(Exchange(1, 2, 1, 3, 0, 2, "00010002"))
        recorder.note(Exchange(5, 2, 1, 3, 0, 2, None, "timeout"))
        recorder.note(MqttRecord(9, "a/b", "7b7d", 1, True))


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.zst"])
def test_a_file_holds_what_was_noted(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"some{suffix}"
    some(file)
    found = read(file)
    assert found.header == header()
    assert [type(one).__name__ for one in found.happenings] == [
        "LinkNews",
        "Exchange",
        "Exchange",
        "MqttRecord",
    ]
    assert found.damage == ""


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.zst"])
def test_a_truncated_file_loses_only_its_end(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"some{suffix}"
    some(file)
    data = file.read_bytes()
    file.write_bytes(data[: -max(4, len(data) // 10)])
    if suffix == ".jsonl":
        found = read(file)
        assert len(found.happenings) == 3
        assert f"{file}:5: cannot be read from here on" in found.damage
    else:
        # One frame of a few hundred bytes cannot be taken apart; a long recording has many.
        with pytest.raises(UsageError, match="is not a recording"):
            read(file)


def test_what_is_no_recording_is_refused_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "other.jsonl"
    file.write_text("hello\n")
    with pytest.raises(UsageError, match=r"other\.jsonl:1: is not a recording"):
        read(file)
    file.write_text('{"kind":"facilityd-recording","version":99}\n')
    with pytest.raises(UsageError, match="version 99, this facilityd reads 1"):
        read(file)
    with pytest.raises(UsageError, match="cannot be read"):
        read(tmp_path / "absent.jsonl")


def test_each_question_gets_its_own_answers_in_their_order(tmp_path: Path) -> None:
    file = tmp_path / "some.jsonl"
    some(file)
    replay = RecordedAnswers(read(file))
    assert replay.answer(1, 3, 0, 2) == bytes.fromhex("030400010002")
    assert replay.answer(1, 3, 0, 2) == b"", "a timeout is silence"
    assert replay.answer(1, 3, 0, 2) == b"", "and the last answer stays"
    assert replay.answer(1, 3, 7, 2) == bytes((0x83, 2)), "what was never asked is exception 02"
    assert [heard.topic for heard in replay.messages()] == ["a/b"]


async def test_watching_a_link_through_a_tap_changes_nothing() -> None:
    units, notes, kept = [unit(1, NS // 20)], [], Kept()
    async with (
        served(units) as endpoint,
        running_bus(ModbusLink("field", "modbus-tcp", host="127.0.0.1", port=endpoint.port), units) as intake,
    ):
        await until(lambda: len(intake.good(1)) >= 3)
        link = ModbusLink("field", "modbus-tcp", host="127.0.0.1", port=endpoint.port)
        await watch(link, units, kept, lambda: len(kept.samples) >= 5, Taps(notes.append))
        assert kept.samples[-1].values == intake.good(1)[-1].values
    assert sum(isinstance(note, Exchange) for note in notes) >= 5
