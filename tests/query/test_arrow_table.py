"""Exports as Parquet and Arrow, read back by pyarrow: the rows of every other format, with their types."""

from __future__ import annotations

import json
from itertools import count, islice
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from pyarrow import feather, parquet
from support.query_sites import T0, MeterSite

from facilityd.cli.export_file import whole_file
from facilityd.cli.main import facilityd
from facilityd.errors import UsageError
from facilityd.model.quality import Reason
from facilityd.model.sample import NS
from facilityd.query.arrow_table import ArrowTable, write_arrow
from facilityd.query.export import ExportQuery, ExportRow

SPAN = ["--since", "2026-09-21T22:14:00", "--until", "2026-09-21T22:30:00", "--lang", "en"]
POWER = ExportQuery((("gate", "power"),), T0, T0 + 60 * NS)
READ = {".parquet": parquet.read_table, ".arrow": feather.read_table, ".feather": feather.read_table}


def export(yard: MeterSite, *words: str) -> Result:
    return CliRunner().invoke(facilityd, ["export", yard.site.source, *words])


@pytest.mark.parametrize("ending", READ)
@pytest.mark.parametrize("more", [[], ["--bucket", "1min"]])
def test_a_file_has_the_rows_that_json_has(
    yard: MeterSite, tmp_path: Path, ending: str, more: list[str]
) -> None:
    for n in range(10):
        yard.store(n, 1000.125 + n, Reason.TIMEOUT if n == 3 else None)
    said = export(yard, "gate", *SPAN, *more, "--json").stdout
    rows = [json.loads(line) for line in said.splitlines()]
    target = tmp_path / f"week{ending}"
    assert export(yard, "gate", *SPAN, *more, "-o", str(target)).exit_code == 0
    table = READ[ending](target)
    assert table.schema.field("time").type == pa.timestamp("ns", tz="UTC")
    assert table.num_rows == len(rows) > 10
    times = table.column("time").cast(pa.int64()).to_pylist()
    assert times[0] == T0
    for name in table.column_names:
        if name in {"time", "text"}:
            continue
        wanted = [float(row[name]) if isinstance(row[name], bool) else row[name] for row in rows]
        assert table.column(name).to_pylist() == wanted, name
    assert [path.name for path in tmp_path.glob("week*")] == [target.name]


def test_the_file_says_what_units_and_qualities_are(yard: MeterSite, tmp_path: Path) -> None:
    yard.store(0, 1.0)
    assert export(yard, "gate.power", *SPAN, "-o", str(tmp_path / "x.parquet")).exit_code == 0
    about = json.loads(parquet.read_schema(tmp_path / "x.parquet").metadata[b"facilityd"])
    signal = yard.site.devices["gate"].family.signals["power"]
    told = about["signals"]["gate.power"]
    assert (told["type"], told["unit"], told["decimals"]) == ("float", signal.unit, signal.decimals)
    assert told["name"]["zh"] == signal.name.zh
    assert (about["site"], about["timezone"]) == (yard.site.id, yard.site.timezone)
    assert about["since"] == "2026-09-21T22:14:00+08:00"
    assert about["quality"]["not-running"] == {"zh": "监测程序未运行", "en": "facilityd was not running"}
    assert {str(reason) for reason in Reason} <= set(about["quality"])


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_words_and_large_integers_stay_what_they_are(yard: MeterSite, tmp_path: Path, form: str) -> None:
    values = ["升旗", 2**53 + 1, True, 7, None, -0.5]
    table = ArrowTable(yard.site, POWER)
    rows = [ExportRow(T0 + n, "gate", "power", value) for n, value in enumerate(values)]
    with (tmp_path / "x").open("wb") as out:
        assert write_arrow(out, table, rows, form) == 6
    found = READ[f".{form}"](tmp_path / "x")
    assert found.column("text").to_pylist() == ["升旗", str(2**53 + 1), None, None, None, None]
    assert found.column("value").to_pylist() == [None, float(2**53), 1.0, 7.0, None, -0.5]
    assert found.column("time").cast(pa.int64()).to_pylist() == [T0 + n for n in range(6)], "each ns"


def test_rows_go_out_in_groups_and_no_more_than_one_is_held(
    yard: MeterSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("facilityd.query.arrow_table.ROWS", 4)
    read = count(1)
    endless = (ExportRow(T0 + next(read), "gate", "power", 1.0) for _ in count())
    for n, batch in enumerate(islice(ArrowTable(yard.site, POWER).batches(endless), 5), 1):
        assert batch.num_rows == 4
        assert next(read) == 5 * n, "no row is read ahead of its group"
    rows = (ExportRow(T0 + n, "gate", "power", 1.0) for n in range(7))
    with (tmp_path / "x").open("wb") as out:
        write_arrow(out, ArrowTable(yard.site, POWER), rows, "parquet")
    file = parquet.ParquetFile(tmp_path / "x")
    assert [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] == [4, 3]


def test_an_export_without_a_row_is_a_table_all_the_same(yard: MeterSite, tmp_path: Path) -> None:
    for form, read in ((".parquet", parquet.read_table), (".arrow", feather.read_table)):
        with (tmp_path / form).open("wb") as out:
            assert write_arrow(out, ArrowTable(yard.site, POWER), [], form[1:]) == 0
        assert read(tmp_path / form).num_rows == 0


def test_what_is_there_is_not_written_over_and_what_fails_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("mine")
    with pytest.raises(UsageError, match="is there already"), whole_file(tmp_path / "there"):
        pass

    def fail(error: BaseException) -> None:
        with whole_file(tmp_path / "new") as part:
            part.write_text("half")
            raise error

    with pytest.raises(UsageError, match="No space left"):
        fail(OSError(28, "No space left on device"))
    with pytest.raises(KeyboardInterrupt):
        fail(KeyboardInterrupt())
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("there", "mine")]


@pytest.mark.parametrize("kind", ["xlsx", "parquet", "arrow"])
def test_what_only_a_file_can_be_wants_one(yard: MeterSite, kind: str) -> None:
    found = export(yard, "gate", *SPAN, "--format", kind)
    assert f"give -o FILE.{kind}" in str(found.exception.hint or found.exception)
