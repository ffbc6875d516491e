"""A backfill: the rows of the journal, each once, whatever is killed; at its rate, and after the daemon."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from click.testing import CliRunner
from support.influx_site import InfluxPeer, influx_peer
from support.influxd import instant
from support.journals import DAY, Keeper, sample, stream
from support.site_mistakes import FILES, write_site
from support.virtual import in_virtual_time

from facilityd.cli.main import facilityd
from facilityd.config.load import load
from facilityd.errors import FacilitydError, UsageError
from facilityd.model.alarm import Change, ChangeKind
from facilityd.model.quality import Reason
from facilityd.model.sample import NS, Sample
from facilityd.model.settings import InfluxSettings
from facilityd.store import backfill as module
from facilityd.store.backfill import Backfill, BackfillState, begin_or_go_on, refused_file
from facilityd.store.backfill_check import check_backfill
from facilityd.store.batch import ChangeRecord, LineKind
from facilityd.store.changes import ChangeWrite
from facilityd.store.cursors import CursorWrite
from facilityd.store.forward import SinkRetryPolicy
from facilityd.store.influx_query import InfluxQueryClient
from facilityd.store.journal import Journal
from facilityd.store.line_protocol import series_key
from facilityd.store.reader import JournalReader
from facilityd.store.rollups import RollupWrite
from facilityd.store.samples import SampleWrite
from facilityd.store.sink import TAKEN, WriteAction, WriteOutcome

START = 1_790_000_000 * NS // DAY * DAY
SETTINGS = InfluxSettings("influx", "http://h:8086", "square", "telemetry", "secret-token")
QUICK = SinkRetryPolicy(first=1, held=1, longest=1)
COUNT = 4000


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxPeer]:
    with influx_peer(tmp_path_factory.mktemp("server")) as found:
        yield found


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory, peer: InfluxPeer) -> Path:
    """A site of meters with two days in its journal, of which the first is sealed."""
    folder = tmp_path_factory.mktemp("yard")
    told = f'url: "{peer.server.url}", org: {peer.server.org}, bucket: {peer.server.bucket}'
    text = FILES["site.yaml"].replace('url: "http://h:8086", org: o, bucket: b', told)
    write_site(folder, {"site.yaml": text + "store: {path: journal.db}\n"})
    site = load(folder, secrets=False)
    path = Path(site.store.path)
    with Journal.open(path, max_bytes=2**28, max_age=10**18, ballast_bytes=65536, site=site.id) as journal:
        for device in ("gate", "tower"):
            (own,) = site.devices[device].streams
            journal.commit([SampleWrite([_sample(own, n) for n in range(COUNT // 2)])])
        journal.commit([RollupWrite(START + 3 * DAY, 0, 1000)])
        with JournalReader.open(path) as reader:
            for write in reader.sealing(START + DAY):
                if write is not None:
                    journal.commit([write])
            assert reader.counters()["sealed"] > COUNT // 2
        change = Change(START + 5, "gate", "dark", 1, ChangeKind.RAISE)
        told = ChangeRecord(change, state="unacknowledged", condition="true", priority="high")
        journal.commit([ChangeWrite([told])])
    return folder


def _sample(own: Any, n: int) -> Sample:
    at, good = START + n * 60 * NS + n, n % 7
    values = tuple((n * 1.5 if good else None) if s == "power" else n % 2 == 0 for s in own.signals)
    return Sample(own, at, at, values, {} if good else {own.signals.index("power"): Reason.TIMEOUT})


def line(folder: Path, *words: str) -> list[str]:
    return ["backfill", str(folder), "influx", "--lang", "en", *words]


def points(peer: InfluxPeer) -> dict[tuple[str, ...], dict[str, str]]:
    found: dict[tuple[str, ...], dict[str, str]] = {}
    everything = f'from(bucket: "{peer.server.bucket}") |> range(start: 0, stop: 2100-01-01T00:00:00Z)'
    for row in peer.flux(everything):
        key = (row["_measurement"], row["device"], row.get("unit") or "", str(instant(row["_time"])))
        assert row["_field"] not in found.setdefault(key, {}), "a value that is there twice"
        found[key][row["_field"]] = row["_value"]
    return found


def test_killed_again_and_again_nothing_is_lost_and_nothing_twice(yard: Path, peer: InfluxPeer) -> None:
    """By SIGKILL in the middle of sending; then to its end, and every row of the journal is a point."""
    state = yard / "journal.db.backfill-influx.json"
    environment = os.environ | {"YARD_TOKEN": peer.server.token, "PYTHONUNBUFFERED": "1"}
    reached = 0
    for _ in range(2):
        process = subprocess.Popen(
            [sys.executable, "-m", "facilityd", *line(yard, "--rate", "3000")], env=environment
        )
        _wait(lambda: _reached(state) > reached, process)  # noqa: B023
        process.send_signal(signal.SIGKILL)
        process.wait()
        reached = _reached(state)
    assert 0 < reached < COUNT
    found = CliRunner().invoke(facilityd, line(yard, "--json"), env=dict(environment))
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout)
    assert told == {
        "sink": "influx", "went_on": True, "sent": COUNT + 1, "there": COUNT + 1, "missing": 0,
        "missing_by_series": {}, "refused": 0,
    }  # fmt: skip
    there = points(peer)
    assert len(there) == COUNT + 1
    bad = [key for key, fields in there.items() if "bad" in fields]
    assert len(bad) == 2 * len(range(0, COUNT // 2, 7))
    assert all("power" not in there[key] for key in bad)
    assert there["lighting", "gate", "meter", str(START + 60 * NS + 1)]["power"] == "1.5"
    assert peer.server.token not in state.read_text()
    again = CliRunner().invoke(facilityd, line(yard), env=dict(environment))
    assert f"{COUNT + 1:,} lines are sent; influx has {COUNT + 1:,} points" in again.output


def _wait(holds: Any, process: subprocess.Popen[bytes]) -> None:
    for _ in range(3000):
        if holds():
            return
        assert process.poll() is None, "it ended by itself"
        threading.Event().wait(0.01)
    raise AssertionError("it does not come on")


def _reached(state: Path) -> int:
    return json.loads(state.read_text())["sample"] if state.exists() else 0


def test_points_that_went_missing_are_told(yard: Path, peer: InfluxPeer) -> None:
    """The InfluxDB counts for itself: what somebody deleted there is found."""
    settings, site = peer.settings(), load(yard, secrets=False)
    peer.take(Path(site.store.path), site.id)
    (own,) = site.devices["gate"].streams
    key = series_key(own.family, own.device, site.id, own.unit)
    sent = {key: COUNT, "alarm": 1}
    state = BackfillState([], COUNT, 1, sent=sent, first_at=START, last_at=START + 2 * DAY)
    with closing(InfluxQueryClient(settings)) as client:
        found = check_backfill(client, site.id, state, [own.family])
    assert found.missing == {key: COUNT // 2}
    assert found.sent == COUNT + 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"YARD_TOKEN": "wrong-token"}, "unauthorized"), ({"url": "http://127.0.0.1:9"}, "cannot be reached")],
)
def test_what_keeps_it_from_sending_is_said(
    tmp_path: Path, yard: Path, peer: InfluxPeer, wrong: dict[str, str], said: str
) -> None:
    url = wrong.get("url", peer.server.url)
    told = f'url: "{url}", org: {peer.server.org}, bucket: {peer.server.bucket}'
    text = FILES["site.yaml"].replace('url: "http://h:8086", org: o, bucket: b', told)
    write_site(tmp_path, {"site.yaml": text + f"store: {{path: {yard / 'journal.db'}}}\n"})
    own = {"YARD_TOKEN": wrong.get("YARD_TOKEN", peer.server.token)}
    found = CliRunner().invoke(facilityd, line(tmp_path, "--anew"), env=own)
    assert isinstance(found.exception, FacilitydError)
    assert said in str(found.exception)
    assert own["YARD_TOKEN"] not in f"{found.output}{found.exception}"


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
