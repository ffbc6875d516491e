"""A backfill: the rows of the journal, each once, whatever is killed; at its rate, and after the daemon."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.influx_site import InfluxPeer, influx_peer
from support.influxd import instant
from support.journals import DAY
from support.site_mistakes import FILES, write_site

from facilityd.cli.main import facilityd
from facilityd.config.load import load
from facilityd.errors import FacilitydError
from facilityd.model.alarm import Change, ChangeKind
from facilityd.model.quality import Reason
from facilityd.model.sample import NS, Sample
from facilityd.store.backfill import BackfillState
from facilityd.store.backfill_check import check_backfill
from facilityd.store.batch import ChangeRecord
from facilityd.store.changes import ChangeWrite
from facilityd.store.influx_query import InfluxQueryClient
from facilityd.store.journal import Journal
from facilityd.store.line_protocol import series_key
from facilityd.store.reader import JournalReader
from facilityd.store.rollups import RollupWrite
from facilityd.store.samples import SampleWrite

START = 1_790_000_000 * NS // DAY * DAY
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
