"""facilityd history --from: the same answer out of an InfluxDB, and in words what keeps it from answering."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from support.influx_site import InfluxPeer, influx_peer
from support.site_mistakes import FILES, write_site

from facilityd.cli.main import facilityd
from facilityd.client import Client
from facilityd.config.load import load
from facilityd.errors import FacilitydError, UsageError
from facilityd.model.message import spoken
from facilityd.model.sample import NS, Sample
from facilityd.store.journal import Journal
from facilityd.store.samples import SampleWrite

T0 = 1_790_000_040 * NS
SPAN = ["--since", "2026-09-21T22:00", "--until", "2026-09-21T23:00", "--lang", "en"]


@dataclass
class Yard:
    """A yard with a sink, and the InfluxDB behind it."""

    folder: Path
    peer: InfluxPeer

    def ask(self, *words: str, token: str | None = None, **sink: str) -> Result:
        settings = {
            "org": self.peer.server.org,
            "bucket": self.peer.server.bucket,
            "url": self.peer.server.url,
        }
        told = ", ".join(f'{key}: "{value}"' for key, value in (settings | sink).items())
        text = FILES["site.yaml"].replace('url: "http://h:8086", org: o, bucket: b', told)
        text += "store: {path: journal.db}\n"
        write_site(self.folder, {"site.yaml": text})
        own = {"YARD_TOKEN": self.peer.server.token if token is None else token}
        line = ["history", str(self.folder), "gate", "power", *SPAN, *words]
        return CliRunner().invoke(facilityd, line, env=own)


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    folder = tmp_path_factory.mktemp("yard")
    write_site(folder, {"site.yaml": FILES["site.yaml"] + "store: {path: journal.db}\n"})
    site = load(folder, secrets=False)
    (stream,) = site.devices["gate"].streams
    path = Path(site.store.path)
    with Journal.open(path, max_bytes=2**28, max_age=10**18, ballast_bytes=65536, site=site.id) as journal:
        ats = [T0 + n * 2 * NS for n in range(300)]
        values = [tuple(n if name == "power" else True for name in stream.signals) for n in range(300)]
        journal.commit([SampleWrite([Sample(stream, at, at, v) for at, v in zip(ats, values, strict=True)])])
    with influx_peer(tmp_path_factory.mktemp("server")) as peer:
        assert peer.take(path, site.id) == 300
        yield Yard(folder, peer)


def lasting(text: str) -> list[str]:
    """Return the lines that do not say until when nobody watched: that is until now."""
    ends = ("监测程序", "facilityd was not running", '"to":', '"seconds":', "a gap until", "nobody watches")
    return [line for line in text.splitlines() if not any(end in line for end in ends)]


@pytest.mark.parametrize("words", [["--json"], ["--bucket", "5min"], ["--csv"]])
def test_both_stores_answer_alike(yard: Yard, words: list[str]) -> None:
    journal = yard.ask(*words)
    assert journal.exit_code == 0, journal.output
    found = yard.ask(*words, "--from", "influxdb")
    assert found.exit_code == 0, found.output
    assert lasting(found.stdout) == lasting(journal.stdout)
    if "--json" in words:
        assert len(json.loads(journal.stdout)["rows"]) > 100


def test_who_has_older_values_is_said(yard: Yard) -> None:
    found = CliRunner().invoke(
        facilityd,
        [
            "history",
            str(yard.folder),
            "gate",
            "power",
            "--since",
            "2026-09-01T00:00",
            "--until",
            "2026-09-21T22:20",
            "--lang",
            "en",
        ],
    )
    assert found.exit_code == 0, found.output
    assert "values from 2026-09-21 22:00:00 on; older ones with --from influx" in " ".join(
        found.stdout.split()
    )


@pytest.mark.parametrize(
    ("asked", "words", "said"),
    [
        ({"token": "wrong-token"}, ["--from", "influxdb"], "does not know this token"),
        ({"bucket": "nowhere"}, ["--from", "influxdb"], "no bucket 'nowhere'"),
        ({"org": "nobody"}, ["--from", "influx"], "no organization 'nobody'"),
        ({"url": "http://127.0.0.1:9"}, ["--from", "influxdb"], "cannot be reached"),
        ({"token": ""}, ["--from", "influxdb"], "the secret is empty"),
        ({}, ["--from", "inflx"], "no InfluxDB is called 'inflx'"),
    ],
)
def test_what_keeps_it_from_answering_is_said(
    yard: Yard, asked: dict[str, str], words: list[str], said: str
) -> None:
    found = yard.ask(*words, **asked)
    assert isinstance(found.exception, FacilitydError)
    told = found.output + "".join(spoken(found.exception, language) for language in ("en", "zh"))
    assert said in " ".join(told.split())
    for secret in (yard.peer.server.token, "wrong-token"):
        assert secret not in told


def test_an_export_out_of_it_is_the_same_file(yard: Yard, tmp_path: Path) -> None:
    assert yard.ask().exit_code == 0  # the site file is the yard's own again
    own = {"YARD_TOKEN": yard.peer.server.token}
    files = []
    for store in ("journal", "influxdb"):
        target = tmp_path / f"{store}.csv"
        line = ["export", str(yard.folder), "gate.power", *SPAN, "--from", store, "-o", str(target)]
        done = CliRunner().invoke(facilityd, line, env=own)
        assert done.exit_code == 0, (done.output, done.exception)
        files.append(target.read_text(encoding="utf-8"))
    assert files[0] == files[1]
    assert len(files[0].splitlines()) > 300
    wrong = ["export", str(yard.folder), "gate", *SPAN, "--from", "influxdb", "--format", "lines"]
    refused = CliRunner().invoke(facilityd, wrong, env=own)
    assert "from the journal only" in str(refused.exception)


def test_a_comparison_out_of_it_is_the_same(yard: Yard) -> None:
    assert yard.ask().exit_code == 0  # the site file is the yard's own again
    line = ["compare", str(yard.folder), "gate.*", *SPAN]
    told = []
    for store in ("journal", "influxdb"):
        own = {"YARD_TOKEN": yard.peer.server.token}
        done = CliRunner().invoke(facilityd, [*line, "--from", store, "--json"], env=own)
        assert done.exit_code == 0, (done.output, done.exception)
        told.append(json.loads(done.stdout))
    assert told[0] == told[1]
    power = next(one for one in told[0]["signals"] if one["signal"] == "power")
    assert (power["now"]["count"], power["now"]["greatest"], power["before"]["mean"]) == (300, 299, None)
    assert 0 < power["now"]["good"] < 0.2, "how much is known stands beside it"


def test_a_machine_without_the_journal_reads_it_too(yard: Yard, tmp_path: Path) -> None:
    """Nobody can say there why nothing came; values are the same."""
    elsewhere = Yard(tmp_path, yard.peer)
    found, mine = elsewhere.ask("--json", "--from", "influxdb"), yard.ask("--json")
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout)
    assert told["rows"] == json.loads(mine.stdout)["rows"]
    assert {gap["reason"]["en"] for gap in told["gaps"]} == {"nothing was stored"}
    without = elsewhere.ask("--json")
    assert isinstance(without.exception, FacilitydError)


def test_from_python(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    assert yard.ask().exit_code == 0  # the site file is the yard's own again
    monkeypatch.setenv("YARD_TOKEN", yard.peer.server.token)
    span = {"since": T0, "until": T0 + 900 * NS}
    now = {"clock": lambda: T0 + 900 * NS}
    with Client(yard.folder, **now) as mine, Client(yard.folder, store="influxdb", **now) as theirs:
        assert mine.values("gate", "power", **span) == theirs.values("gate", "power", **span)
        assert mine.compare("gate", **span) == theirs.compare("gate", **span)
        both = [one.history("gate.power", **span)["gate", "power"].mean for one in (mine, theirs)]
        np.testing.assert_array_equal(*both)
        (told,) = theirs.as_of("gate.power", at=T0 + 100 * NS)
        assert [told] == mine.as_of("gate.power", at=T0 + 100 * NS)
    assert (told.value, told.age, told.held) == (50, 0, True)
    monkeypatch.setenv("YARD_TOKEN", "wrong-token")
    with pytest.raises(UsageError, match="does not know this token"):
        Client(yard.folder, store="influxdb").values("gate", "power", **span)
