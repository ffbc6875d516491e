"""Any cells of a register list: what is written can be read by, and what is not understood is named."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from support.fuzz import fuzzed

from devices.tables import load_points
from facilityd.cli.main import facilityd
from facilityd.errors import ConfigError, UsageError

HEAD = ("地址", "名称", "类型", "倍率", "单位", "读写", "备注", "功能码")
ANY = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
CELLS = (
    ANY
    | st.sampled_from(
        ["0", "16-17", "0x10", "40001", "10001", "4x0017", "65535", "65534-65535", "0010H", "FFFF"]
    ),
    ANY
    | st.sampled_from(
        ["A相电压", "on", "null", "yes", "~", "{n}", "x{n}", "电压2", "Total", "Phase 1", "#", "号"]
    ),
    ANY
    | st.sampled_from(["", "u16", "浮点型", "BOOL", "字符串", "BCD", "u64", "coil", "枚举 CDAB", "s32 DCBA"]),
    ANY | st.sampled_from(["", "10^-9", "1E-9", "/3", "0,1", "0.1V", "-0.1", "1e300"]),
    ANY | st.sampled_from(["", "度", "0.1V", "C", "%", "kvarh", "m3", "[", "1/s", "10 m"]),
    ANY | st.sampled_from(["", "R", "W", "只写"]),
    ANY | st.sampled_from(["0xFFFF=无效", "-1 = invalid", "# {", "\u2028x\x85y\x7fz\ufeff"]),
    ANY | st.sampled_from(["", "03", "4", "06", "01"]),
)


@fuzzed
@given(st.lists(st.tuples(*CELLS), max_size=4))
def test_what_is_written_of_any_cells_can_be_read_by(rows: list[tuple[str, ...]]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([HEAD, *rows])
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder) / "list.csv", Path(folder) / "acme.yaml"
        source.write_text(text.getvalue(), "utf-8", newline="")
        done = CliRunner().invoke(facilityd, ["profile", "new", str(made), "--from", str(source)])
        if done.exit_code:
            assert isinstance(done.exception, ConfigError | UsageError), done.exception
            assert not made.exists()
            return
        if "\n  " in made.read_text("utf-8").partition("points:")[2].partition("\n#")[0]:
            load_points(made)
