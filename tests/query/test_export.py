"""What is exported is what was stored: with offsets, decimals, units and the reason of each gap."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ET
from datetime import datetime
from itertools import islice
from pathlib import Path
from zipfile import ZipFile

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from support.query_sites import T0, MeterSite

from facilityd.cli.export_file import ResumableFile
from facilityd.cli.main import facilityd
from facilityd.errors import UsageError
from facilityd.model.quality import Reason
from facilityd.model.sample import NS
from facilityd.query.export import ExportQuery, ExportRow
from facilityd.query.export_text import ExportText, csv_line
from facilityd.query.selection import selected
from facilityd.query.workbook import write_workbook
from facilityd.store.line_source import SampleSource
from facilityd.store.reader import JournalReader

SPAN = ["--since", "2026-09-21T22:14:00", "--until", "2026-09-21T22:30:00", "--lang", "en"]


def run(yard: MeterSite, *words: str) -> Result:
    result = CliRunner().invoke(facilityd, ["export", yard.site.source, *words])
    assert result.exit_code == 0, result.output
    return result


def filled(yard: MeterSite, pairs: int = 5) -> None:
    for n in range(pairs * 2):
        yard.store(n, 1000.125 + n, Reason.TIMEOUT if n == 3 else None)


def test_csv_has_offsets_decimals_units_and_why_there_is_nothing(yard: MeterSite) -> None:
    filled(yard)
    found = list(csv.DictReader(io.StringIO(run(yard, "gate.power", *SPAN).stdout)))
    assert len(found) == 11
    assert list(found[0]) == ["time", "device", "signal", "value", "unit", "quality"]
    first, bad, gap = found[0], found[3], found[10]
    assert datetime.fromisoformat(first["time"]).timestamp() == T0 / NS
    assert first["time"].endswith(("+08:00", "+00:00", "+02:00")), first
    decimals = yard.site.devices["gate"].family.signals["power"].decimals
    assert first["value"] == f"{1000.125:.{decimals}f}"
    assert (bad["value"], bad["quality"]) == ("", "timeout")
    assert (gap["value"], gap["quality"]) == ("", "not-running"), "no daemon has the journal since then"


def test_a_spreadsheet_has_a_mark_names_and_the_sites_clock(yard: MeterSite) -> None:
    filled(yard)
    raw = run(yard, "gate.power", *SPAN[:4], "--format", "spreadsheet", "--lang", "zh").stdout_bytes
    assert raw.startswith(b"\xef\xbb\xbf")
    head, first, *_ = csv.reader(io.StringIO(raw.decode("utf-8-sig")))
    assert head == ["时间", "设备", "信号", "数值", "单位", "质量"]
    assert first[0] == "2026-09-21 22:14:00"
    assert first[1] == yard.site.devices["gate"].name.zh
    assert first[5] == "良好"
    said = run(yard, "gate.power", *SPAN, "--format", "spreadsheet", "--lang", "zh").stdout
    assert said.splitlines()[-1].endswith(",监测程序未运行"), "a reason is words, no code"


def test_buckets_have_mean_least_and_greatest_and_empty_ones_stay_empty(yard: MeterSite) -> None:
    filled(yard)
    found = list(csv.DictReader(io.StringIO(run(yard, "gate.power", *SPAN, "--bucket", "1min").stdout)))
    assert len(found) == 16
    assert (found[0]["least"], found[0]["count"]) != ("", "0")
    assert (found[15]["value"], found[15]["least"], found[15]["count"]) == ("", "", "0")


def test_lines_are_those_that_sinks_get(yard: MeterSite) -> None:
    filled(yard)
    with JournalReader.open(yard.journal.path) as reader:
        lines, _ = SampleSource(reader, yard.site.id).read(0)
    assert run(yard, "gate", *SPAN, "--format", "lines").stdout_bytes.splitlines() == [
        one.text for one in lines
    ]


def test_a_workbook_has_numbers_and_times_that_spreadsheets_know(yard: MeterSite, tmp_path: Path) -> None:
    filled(yard)
    run(yard, "gate.power", *SPAN, "-o", str(tmp_path / "week.xlsx"))
    with ZipFile(tmp_path / "week.xlsx") as book:
        rows = ET.fromstring(book.read("xl/worksheets/sheet1.xml")).findall(".//{*}row")
    assert rows[0][0].findtext(".//{*}t") == "Time"
    days, value = (float(rows[1][place].findtext("{*}v") or 0) for place in (0, 3))
    assert round((days - 25569) * 86400) == T0 // NS + 8 * 3600, "local time, in days since 1899-12-30"
    assert value == 1000.125
    refused = CliRunner().invoke(facilityd, ["export", yard.site.source, "-o", str(tmp_path / "week.xlsx")])
    assert refused.exit_code != 0


def test_json_has_a_row_on_each_line_or_says_what_was_written(yard: MeterSite, tmp_path: Path) -> None:
    filled(yard)
    rows = [json.loads(line) for line in run(yard, "gate.power", *SPAN, "--json").stdout.splitlines()]
    assert len(rows) == 11
    assert (rows[0]["value"], rows[3]["value"], rows[3]["quality"]) == (1000.125, None, "timeout")
    told = json.loads(run(yard, "gate.power", *SPAN, "--json", "-o", str(tmp_path / "x.csv")).stdout)
    assert told == {"file": str(tmp_path / "x.csv"), "rows": 11}


def test_a_workbook_goes_on_in_another_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("facilityd.query.workbook.MOST_ROWS", 4)
    assert write_workbook(tmp_path / "x.xlsx", ["n"], ([n] for n in range(7))) == 7
    with ZipFile(tmp_path / "x.xlsx") as book:
        counts = [book.read(f"xl/worksheets/sheet{n}.xml").count(b"<row ") for n in (1, 2, 3)]
    assert counts == [4, 4, 2]


@pytest.mark.parametrize("kind", ["csv", "lines"])
def test_what_was_interrupted_goes_on_and_is_the_same_in_the_end(
    yard: MeterSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    filled(yard, 8)
    whole = run(yard, "gate", *SPAN, "--format", kind).stdout_bytes
    target, words = tmp_path / "out", ["gate", *SPAN, "--format", kind]
    for most in (0, 3, 4, 5):
        monkeypatch.setattr("facilityd.cli.export_file._EVERY", 2)
        with monkeypatch.context() as broken:
            write = ResumableFile.write

            def cut(self, lines, most=most, write=write):
                def some():
                    for n, line in enumerate(lines):
                        if n == most:
                            raise KeyboardInterrupt
                        yield line

                return write(self, some())

            broken.setattr(ResumableFile, "write", cut)
            CliRunner().invoke(facilityd, ["export", yard.site.source, *words, "-o", str(target)])
        assert not target.exists()
        with (tmp_path / "out.part").open("ab") as file:
            file.write(b"half a li")
    run(yard, *words, "-o", str(target))
    assert target.read_bytes() == whole
    assert [path.name for path in tmp_path.glob("out*")] == ["out"]


def test_wherever_it_was_interrupted_no_row_is_lost_or_twice(
    yard: MeterSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Among them the places before and behind a gap: one that is told by the moment of its last value, too."""
    filled(yard, 1)
    yard.store(300, 7.0)
    words = ["gate.power", "gate.commanded", *SPAN, "--format", "csv"]
    whole = run(yard, *words).stdout_bytes
    assert {b"nothing-stored", b"not-running"} <= {line.split(b",")[-1] for line in whole.splitlines()}
    write = ResumableFile.write
    for cut in range(whole.count(b"\n")):
        target = tmp_path / f"out-{cut}"
        with monkeypatch.context() as broken:

            def some(self, lines, cut=cut):
                write(self, islice(lines, cut))
                raise KeyboardInterrupt

            broken.setattr(ResumableFile, "write", some)
            CliRunner().invoke(facilityd, ["export", yard.site.source, *words, "-o", str(target)])
        assert not target.exists()
        run(yard, *words, "-o", str(target))
        assert target.read_bytes() == whole, cut


def test_another_question_begins_anew(tmp_path: Path) -> None:
    with ResumableFile(tmp_path / "x", {"bucket": 1}, {"since": 5}) as file:
        file.write([(b"one\n", 1)])
    with ResumableFile(tmp_path / "x", {"bucket": 1}, {"since": 9}) as file:
        assert (file.mark, file.kept) == (1, {"since": 5})
    with ResumableFile(tmp_path / "x", {"bucket": 2}, {"since": 9}) as file:
        assert (file.mark, file.kept) == (None, {"since": 9})
        file.write([(b"two\n", 1)])
        file.finish()
    assert (tmp_path / "x").read_bytes() == b"two\n"
    with pytest.raises(UsageError, match="is there already"):
        ResumableFile(tmp_path / "x", {}, {})


def test_patterns_mean_signals(yard: MeterSite) -> None:
    every = selected(yard.site, [])
    assert {device for device, _ in every} == set(yard.site.devices)
    assert selected(yard.site, ["gate"]) == [name for name in every if name[0] == "gate"]
    assert selected(yard.site, ["g?te.pow*"]) == [("gate", "power")]
    assert {device for device, _ in selected(yard.site, ["facilityd"])} == {"facilityd"}
    for wrong in ("gaet", "gate.pwer", "*.nothing"):
        with pytest.raises(UsageError, match="means no signal"):
            selected(yard.site, [wrong])


@given(st.lists(st.text(), min_size=2, max_size=5))
def test_any_words_come_back_from_csv(cells: list[str]) -> None:
    wanted = [cell.replace("\x00", "") for cell in cells]
    assert list(csv.reader(io.StringIO(csv_line(wanted), newline=""), strict=True)) == [wanted]


@pytest.mark.parametrize("word", ["=1+1", "+1+cmd|' /C calc'!A0", "-1+2", "=cmd", "＝1", " @x"])
def test_a_devices_word_is_no_formula_in_a_spreadsheet_and_a_number_stays_one(
    yard: MeterSite, word: str
) -> None:
    asked = ExportQuery((("gate", "power"),), 0, NS)
    people = ExportText(yard.site, asked, "en", people=True)
    value = people.cells(ExportRow(0, "gate", "power", word, "good")).index(word)
    assert people.text(ExportRow(0, "gate", "power", word, "good"))[value] == f"'{word}"
    assert people.text(ExportRow(0, "gate", "power", -5, "good"))[value] == "-5"
    programs = ExportText(yard.site, asked, "en", people=False)
    assert programs.text(ExportRow(0, "gate", "power", word, "good"))[value] == word


@pytest.mark.parametrize("name", ["week.ods", "week.json", "week.db"])
def test_a_name_of_a_format_that_there_is_not_is_no_csv(yard: MeterSite, tmp_path: Path, name: str) -> None:
    words = ["export", yard.site.source, "gate", *SPAN, "-o", str(tmp_path / name), "--lang", "en"]
    found = CliRunner().invoke(facilityd, words)
    assert found.exit_code == 1
    assert "no known format" in str(found.exception)
    assert not list(tmp_path.glob("week*"))
    assert CliRunner().invoke(facilityd, [*words, "--format", "csv"]).exit_code == 0
