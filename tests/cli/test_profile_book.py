"""facilityd profile new from a maker's workbook: the sheet and its columns are found, shown, confirmed or told."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.typed import typed
from xlsxwriter import Workbook

from facilityd.cli.main import facilityd
from facilityd.cli.profile_list import read_list
from facilityd.cli.profile_rows import UNPACKED, column_name
from facilityd.errors import ConfigError, UsageError

HEAD = ("No.", "Modbus address", "Parameter", "Format", "Factor", "Unit")
SHEET = [
    HEAD,
    ("Measured values",),
    *((n, 40001 + 2 * n, f"Phase {n} voltage", "UINT16", 0.1, "V") for n in range(58)),
    ("Counters",),
    (59, "40200-40201", "Energy", "UINT32", "1/100", "kWh"),
    (60, "0x0120", "Runs", "UINT16", "", ""),
]


def _book(path: Path, sheets: dict[str, list[tuple[object, ...]]]) -> Path:
    with Workbook(str(path)) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for n, row in enumerate(rows):
                sheet.write_row(n, 0, row)
    return path


@pytest.fixture
def book(tmp_path: Path) -> Path:
    cover = [("Acme 630",), ("Modbus map", "rev. 3")]
    return _book(tmp_path / "acme.xlsx", {"Cover": cover, "Registers": SHEET})


def _refused(source: Path, *words: str) -> str:
    made = source.parent / "acme_630.yaml"
    done = CliRunner().invoke(
        facilityd, ["profile", "new", str(made), "--from", str(source), *words, "--lang", "en"]
    )
    assert done.exit_code != 0
    assert not made.exists()
    return str(done.exception) if isinstance(done.exception, UsageError | ConfigError) else done.output


def test_sixty_rows_on_the_second_sheet_become_sixty_points(book: Path, tmp_path: Path) -> None:
    made = tmp_path / "acme_630.yaml"
    done = CliRunner().invoke(facilityd, ["profile", "new", str(made), "--from", str(book), "--json"])
    assert done.exit_code == 0, done.exception
    told = json.loads(done.output)
    assert len(told["points"]) == 60
    assert told["columns"] == {"address": "B", "name": "C", "type": "D", "scale": "E", "unit": "F"}
    assert told["left"] == 2
    text = made.read_text("utf-8")
    assert '  phase_0_voltage: {address: 0, doc: "40001", type: u16, scale: 0.1, unit: V}' in text
    assert '  energy: {address: 199, doc: "40200-40201", type: u32, scale: 0.01, unit: kWh}' in text
    assert '  runs: {address: 288, doc: "0x0120", type: u16}' in text


def test_a_row_that_cannot_be_understood_is_named_with_its_sheet(tmp_path: Path) -> None:
    source = _book(
        tmp_path / "a.xlsx", {"Map": [HEAD, (1, 40001, "x", "UINT16"), (2, "four", "y", "UINT16")]}
    )
    assert "a.xlsx[Map]:3:B: 'four' is no register address" in _refused(source)


def test_columns_are_told_by_letter_or_heading_where_the_guess_is_wrong(tmp_path: Path) -> None:
    head = ("Register", "Dec", "Bezeichnung", "Reg. name")
    source = _book(tmp_path / "a.xlsx", {"Map": [head, ("A/1", 16, "Leistung", "power")]})
    assert "'A/1' is no register address" in _refused(source)
    for columns in ({"address": "B", "name": "D"}, {"address": "dec", "name": "Reg. name"}):
        (point,) = read_list(source, columns).points
        assert (point.address, point.name) == (16, "power")
    assert "no line names the columns" in _refused(source, "--columns", "address=K,name=D")
    assert "is not such as address=B,name=C" in _refused(source, "--columns", "adress=B")


def test_in_a_terminal_the_columns_are_shown_and_a_no_writes_nothing(book: Path, tmp_path: Path) -> None:
    made = tmp_path / "acme_630.yaml"
    words = ["profile", "new", str(made), "--from", str(book), "--lang", "en"]
    shown, status = typed(words, [("Are these columns right", "n")])
    assert status == 1
    shown = " ".join(shown.split())
    assert "acme.xlsx[Registers]: address=B (Modbus address), name=C (Parameter)" in shown
    assert "40001 phase_0_voltage u16 × 0.1 V" in shown
    assert "--columns address=B,name=C" in shown
    assert not made.exists()
    shown, status = typed(words, [("Are these columns right", "")])
    assert (status, made.exists()) == (0, True)


@pytest.mark.parametrize("content", [b"PK\x03\x04 no book", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 no book"])
def test_a_damaged_workbook_is_told(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.xls").write_bytes(content)
    assert "a.xls: is no workbook that can be read; save it as CSV" in _refused(tmp_path / "a.xls")


def test_a_workbook_that_unpacks_to_too_much_is_not_opened(book: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(book, "a", zipfile.ZIP_DEFLATED) as parts, parts.open("more.xml", "w") as more:
        for _ in range(UNPACKED // 2**20 + 1):
            more.write(bytes(2**20))
    assert "is too large for a register list" in _refused(book)


def test_columns_are_named_as_spreadsheets_do() -> None:
    assert [column_name(n) for n in (0, 25, 26, 27, 51, 52, 701)] == ["A", "Z", "AA", "AB", "AZ", "BA", "ZZ"]
