"""A slip in the name of a file to write costs no journal, no site and no other file."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from support.query_sites import MeterSite

from facilityd.cli.main import facilityd
from facilityd.cli.output import REPLACED, writing
from facilityd.errors import UsageError
from facilityd.store.reader import JournalReader


def test_a_drawing_takes_the_place_of_no_journal_and_no_site(yard: MeterSite) -> None:
    yard.store(0, 5.0)
    words = ["gate", "power", "--since", "1d", "--svg"]
    site, journal = Path(yard.site.source), Path(yard.site.store.path)
    (file,) = [site] if site.is_file() else site.glob("*.yaml")
    for target in (journal, file):
        before = target.read_bytes()
        found = CliRunner().invoke(facilityd, ["history", str(site), *words, str(target), "--lang", "en"])
        assert found.exit_code == 1
        assert "not overwritten" in str(found.exception)
        assert target.read_bytes() == before
    with JournalReader.open(journal) as reader:
        assert reader.last_sample() == 1


def test_what_is_written_again_and_again_is_replaced(tmp_path: Path) -> None:
    for ending in REPLACED:
        path = tmp_path / f"night{ending}"
        for text in ("old", "new"):
            with writing(path):
                path.write_text(text)
        assert path.read_text() == "new"


@pytest.mark.parametrize("name", ["site.yaml", "journal.db", "journal.db-wal", "key.pem", "notes"])
def test_other_names_are_written_once(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with writing(path):
        path.write_text("mine")
    with pytest.raises(UsageError, match=r"not overwritten|不覆盖"), writing(path):
        path.write_text("lost")
    assert path.read_text() == "mine"
