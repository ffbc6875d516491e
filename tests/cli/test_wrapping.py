"""Lines are broken where a reader expects it: a value stays with its unit, a head is never cut."""

from __future__ import annotations

import re

import pytest
from rich.cells import cell_len

from facilityd.cli.text_table import Column, TextTable, whole
from facilityd.cli.wrapping import joined, wrapped
from facilityd.model.text import LANGUAGES


def test_a_value_and_its_unit_are_not_parted() -> None:
    shown = wrapped(joined(["Running no", "Speed 1450 rpm", "Head 0.00 bar"], "en"), 20)
    assert shown == ["Running no,", "Speed 1450 rpm,", "Head 0.00 bar"]
    assert wrapped(joined(["有功功率 1475 W", "电压 229 V"], "zh"), 18) == ["有功功率 1475 W，", "电压 229 V"]
    lines = wrapped("判断变化速度需要 12 分钟的数据，目前不高于 110.0 °C", 12)
    assert {"12 分钟", "110.0 °C"} <= {
        part for line in lines for part in re.findall(r"[\d.]+ (?:分钟|°C)", line)
    }


@pytest.mark.parametrize("width", [40, 80])
def test_a_head_is_broken_between_words_and_never_cut(width: int) -> None:
    columns = [
        whole("rule", "规则"),
        Column("evidence or what it needs", "依据／缺少的信号"),
        Column("name", "名称"),
    ]
    rows = [("a-rule-of-some-length", "it stands", "The truck ran past the upper limit")]
    for language in LANGUAGES:
        lines = [line.plain for line in TextTable("", columns, rows, language=language).laid_out(width)]
        assert max(map(cell_len, lines)) <= width
        text = "".join("".join(lines).split())
        assert "…" not in text
        assert {"zh": "依据／缺少的信号", "en": "needs"}[language] in text
