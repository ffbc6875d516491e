"""tail: samples and alarms as people say them, not ids and floats."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.query_sites import T0
from support.site_mistakes import FILES, write_site

from facilityd.app.builtin import all_devices
from facilityd.cli.tail import Follower
from facilityd.config.load import load
from facilityd.model.alarm import Change, ChangeKind
from facilityd.model.quality import Reason
from facilityd.model.sample import Sample
from facilityd.model.text import Language
from facilityd.store.batch import ChangeRecord
from facilityd.store.changes import ChangeWrite
from facilityd.store.journal import Journal
from facilityd.store.reader import JournalReader
from facilityd.store.samples import SampleWrite


@pytest.mark.parametrize(
    ("language", "sample", "alarm"),
    [("en", "ower 12 W, ", "raised by Li"), ("zh", "有功功率 12 W、", "报警（Li）")],
)
def test_a_line_says_names_values_and_units(
    tmp_path: Path, language: Language, sample: str, alarm: str
) -> None:
    write_site(tmp_path, {"site.yaml": FILES["site.yaml"] + "store: {path: journal.db}\n"})
    site = load(tmp_path, secrets=False)
    (stream,) = site.devices["gate"].streams
    rule = next(iter(site.devices["gate"].family.rules))
    index = stream.signals.index("power")
    values = tuple(12.04 if n == index else None for n in range(len(stream.signals)))
    bad = {n: Reason.TIMEOUT for n in range(len(stream.signals)) if n != index}
    path = Path(site.store.path)
    with (
        Journal.open(path, max_bytes=2**28, max_age=10**18, ballast_bytes=65536, site=site.id) as journal,
        JournalReader.open(path, site.id) as reader,
    ):
        follower = Follower(reader, all_devices(site), language)
        change = ChangeRecord(Change(T0, "gate", rule, 1, ChangeKind.RAISE, person="Li"))
        journal.commit([SampleWrite([Sample(stream, T0, T0, values, bad)]), ChangeWrite([change])])
        lines = {line["kind"]: line for line in follower.news()}
    assert sample in lines["sample"]["text"]
    assert "12.04" not in lines["sample"]["text"], "digits as everywhere else"
    assert lines["sample"]["values"]["power"] == 12.04, "a program gets the number"
    assert site.devices["gate"].name.in_(language) in lines["alarm"]["text"]
    assert alarm in lines["alarm"]["text"]
    assert site.devices["gate"].family.rules[rule].name.in_(language) in lines["alarm"]["text"]
