"""Python reads what the commands read; the page that says how is run."""

from __future__ import annotations

import doctest
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from support.query_sites import T0, MeterSite
from support.web import add_token, add_user, web_server

from facilityd.client import Client
from facilityd.errors import UsageError
from facilityd.model.sample import NS, Sample
from facilityd.query.history import HistoryQuery, read_history
from facilityd.query.history_columns import read_history_columns
from facilityd.store.reader import JournalReader
from facilityd.store.rollup import HOUR
from facilityd.store.rollups import RollupWrite
from facilityd.store.samples import SampleWrite

PAGE = Path(__file__).parents[2] / "docs" / "python.md"
START = T0 // HOUR * HOUR
QUARTER = HOUR // 4


def fill(yard: MeterSite, since: int, until: int, power: float, step: int = 0) -> None:
    ats = range(since, until, step or yard.stream.expected)
    values = tuple(power if name == "power" else True for name in yard.stream.signals)
    yard.journal.commit([SampleWrite([Sample(yard.stream, at, at, values) for at in ats])])


def test_the_page_says_what_happens(yard: MeterSite, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """On files and over HTTP; only the address is another one than the page has."""
    fill(yard, START + QUARTER, START + 2 * QUARTER, 100.0)
    fill(yard, START + 2 * QUARTER, START + 4 * QUARTER, 250.0)
    folder, page = Path(yard.site.source), tmp_path / "page.md"
    (folder.parent / "my-square").symlink_to(folder)
    monkeypatch.chdir(folder.parent)
    add_user(yard.site, "ann", "viewer")
    monkeypatch.setenv("SQUARE_TOKEN", add_token(yard.site, "ann", "read"))
    text = PAGE.read_text(encoding="utf-8")
    with web_server(yard.site) as peer:
        here = text.replace("https://square.example", f"http://127.0.0.1:{peer.port}")
        page.write_text(here, encoding="utf-8")
        found = doctest.testfile(str(page), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert (here != text, here.count("```python"), text.count(">>>")) == (True, 5, found.attempted)
    assert found.failed == 0
    shown = text.split("```python\n")[1:]
    assert all(part.startswith(">>> ") for part in shown), "an example that is not run"


@pytest.mark.parametrize("bucket", [QUARTER, HOUR, 6 * HOUR, 24 * HOUR])
def test_columns_are_what_history_gives_bucket_by_bucket(yard: MeterSite, bucket: int) -> None:
    for day in range(3):
        fill(yard, START + day * 24 * HOUR, START + day * 24 * HOUR + 9 * HOUR, 10.0 + day, step=600 * NS)
    yard.journal.commit([RollupWrite(START + 30 * HOUR, 0, 1000)])
    since, until = START - 5 * HOUR, START + 70 * HOUR
    with JournalReader.open(yard.journal.path) as reader:
        columns = read_history_columns(yard.site, reader, (("gate", "power"),), since, until, bucket)
        asked = HistoryQuery("gate", "power", since, until, bucket, gaps=False)
        buckets = read_history(yard.site, reader, asked).buckets
    power = columns.signals["gate", "power"]
    assert columns.start.tolist() == [one.at for one in buckets]
    assert power.count.tolist() == [one.count for one in buckets]
    for name in ("mean", "least", "greatest"):
        wanted = [np.nan if getattr(one, name) is None else getattr(one, name) for one in buckets]
        np.testing.assert_allclose(getattr(power, name), wanted)
    assert 0 < power.good.max() <= 1


def test_what_is_asked_wrongly_is_said(yard: MeterSite) -> None:
    fill(yard, START, START + QUARTER, 1.0)
    with Client(yard.site.source, clock=lambda: START + HOUR) as client:
        assert len(client.history(since="1h")["gate", "power"].mean) == 4
        instant = datetime.fromtimestamp(START // NS, UTC)
        assert client.values("gate", "power", since=instant).points[0].at == START
        assert {row.device for row in client.devices("gate")} == {"gate"}
        assert client.alarms() == []
        wrong = [
            {"since": "1h", "bucket": "7min"}, {"since": "1h", "bucket": "often"}, {"since": "never"},
            {"since": START, "until": START}, {"since": instant.replace(tzinfo=None)},
        ]  # fmt: skip
        for words in wrong:
            with pytest.raises(UsageError):
                client.history("gate", **words)
        with pytest.raises(UsageError, match="means no signal"):
            client.history("gaet")


def test_a_table_needs_its_library(yard: MeterSite, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(yard, START, START + QUARTER, 1.0)
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with Client(yard.site.source, clock=lambda: START + HOUR) as client:
        found = client.history("gate.power", since="1h")
        with pytest.raises(UsageError, match="pandas is not installed"):
            found.to_pandas()
        table = found.table()
    assert {len(column) for column in table.values()} == {4}
    assert list(table) == ["time", "device", "signal", "mean", "least", "greatest", "count", "bad", "good"]
