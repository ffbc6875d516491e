"""Filling in what a sink missed: its rate, its order, what is refused, and where it goes on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from support.journals import DAY, Keeper, sample, stream
from support.virtual import in_virtual_time

from facilityd.errors import UsageError
from facilityd.model.sample import NS
from facilityd.model.settings import InfluxSettings
from facilityd.store import backfill as module
from facilityd.store.backfill import Backfill, BackfillState, begin_or_go_on, refused_file
from facilityd.store.batch import LineKind
from facilityd.store.cursors import CursorWrite
from facilityd.store.forward import SinkRetryPolicy
from facilityd.store.reader import JournalReader
from facilityd.store.samples import SampleWrite
from facilityd.store.sink import TAKEN, WriteAction, WriteOutcome

START = 1_790_000_000 * NS // DAY * DAY
SETTINGS = InfluxSettings("influx", "http://h:8086", "square", "telemetry", "secret-token")
QUICK = SinkRetryPolicy(first=1, held=1, longest=1)


# In virtual time --------------------------------------------------------------------------------------


class _Recorder:
    """A sink that does what a script says, and notes when it was written to."""

    def __init__(self, script: Any = lambda _: TAKEN) -> None:
        self.script, self.lines, self.ats = script, list[bytes](), list[float]()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    async def write(self, lines: Sequence[bytes]) -> WriteOutcome:
        self.ats.append(asyncio.get_running_loop().time())
        outcome = self.script(lines)
        if outcome is TAKEN:
            self.lines += lines
        return outcome


def stored(keeper: Keeper, count: int, begin: int = 0) -> None:
    own = stream()
    ats = [START + n * NS for n in range(begin, begin + count)]
    keeper.journal.commit([SampleWrite([sample(own, at) for at in ats])])


def made(
    reader: JournalReader, sink: _Recorder, path: Path, rate: float = 1e9
) -> tuple[Backfill, BackfillState]:
    state, _ = begin_or_go_on(path, SETTINGS, reader)
    return Backfill(reader, "square", sink, SETTINGS, state, path, rate=rate, policy=QUICK), state


@in_virtual_time
async def test_it_keeps_to_its_rate(keeper, reader, tmp_path):
    stored(keeper, 10_000)
    sink = _Recorder()
    await made(reader, sink, tmp_path / "state.json", 500)[0].run()
    assert len(sink.lines) == 10_000
    assert asyncio.get_running_loop().time() == pytest.approx(20, abs=0.5)


@in_virtual_time
async def test_only_what_the_daemon_has_passed_is_filled_in_and_it_goes_first(
    keeper, reader, tmp_path, monkeypatch
):
    """The sink's own cursor is where the backfill ends; while the daemon is behind, it waits."""
    monkeypatch.setattr(module, "PORTION", 100)
    stored(keeper, 5000)
    keeper.journal.commit([CursorWrite("influx", LineKind.SAMPLE, 1000)])
    sink = _Recorder()
    work, state = made(reader, sink, tmp_path / "state.json")
    assert state.sample_until == 1000
    running = asyncio.create_task(work.run())
    while len(sink.lines) < 300:
        await asyncio.sleep(1)
    slow = asyncio.get_running_loop().time()
    assert slow == pytest.approx(120, abs=5), "a minute for each portion, as the daemon is 4,000 behind"
    keeper.journal.commit([CursorWrite("influx", LineKind.SAMPLE, 4900)])
    await running
    assert asyncio.get_running_loop().time() - slow < 70
    assert len(sink.lines) == 1000


@in_virtual_time
async def test_what_is_refused_is_set_aside_with_the_reason_and_the_rest_arrives(keeper, reader, tmp_path):
    stored(keeper, 1500)
    wrong = f" {START + 700 * NS}".encode()

    def script(lines: Sequence[bytes]) -> WriteOutcome:
        if any(one.endswith(wrong) for one in lines):
            return WriteOutcome(WriteAction.REFUSED, "refused", "field type conflict")
        return WriteOutcome(WriteAction.SPLIT, "too-large") if len(lines) > 600 else TAKEN

    sink, path = _Recorder(script), tmp_path / "state.json"
    work, state = made(reader, sink, path)
    await work.run()
    assert (len(sink.lines), state.refused, state.lines) == (1499, 1, 1499)
    assert len(set(sink.lines)) == 1499
    told = refused_file(path).read_text().splitlines()
    assert told[0] == "# refused: field type conflict"
    assert told[1].encode().endswith(wrong)


@in_virtual_time
async def test_a_server_that_stays_away_ends_it_and_the_next_run_goes_on(keeper, reader, tmp_path):
    stored(keeper, 2500)
    away = WriteOutcome(WriteAction.RETRY, "unreachable", "nobody there")
    count = 0

    def script(_: Sequence[bytes]) -> WriteOutcome:
        nonlocal count
        count += 1
        return TAKEN if count == 1 else away

    path, first, second = tmp_path / "state.json", _Recorder(script), _Recorder()
    with pytest.raises(UsageError, match="goes on where it was") as stopped:
        await made(reader, first, path)[0].run()
    assert "nobody there" in str(stopped.value)
    assert len(first.ats) > 10
    work, state = made(reader, second, path)
    assert state.sample == 1000
    await work.run()
    assert [*first.lines, *second.lines] == sorted(
        {*first.lines, *second.lines}, key=lambda one: int(one.split()[-1])
    )
    assert state.lines == 2500


def test_another_influxdb_begins_anew_and_a_damaged_file_is_told(reader, tmp_path):
    path = tmp_path / "state.json"
    path.write_text(
        json.dumps({"target": ["http://other", "o", "b"], "sample_until": 5, "change_until": 5, "sample": 3})
    )
    state, went_on = begin_or_go_on(path, SETTINGS, reader)
    assert (state.sample, went_on) == (0, False)
    for text in ("{", "[1]", '{"target": []}', "null"):
        path.write_text(text)
        with pytest.raises(UsageError, match="--anew"):
            begin_or_go_on(path, SETTINGS, reader)
