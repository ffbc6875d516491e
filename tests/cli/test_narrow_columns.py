"""Evidence is never a column of single words: where it would be, a row becomes lines that have names."""

from __future__ import annotations

import pytest

from facilityd.cli import notices, ready
from facilityd.cli.output import table

WHY = (
    "cannot be judged yet: the brake opens slowly (not judged since facilityd last started) / it closes slowly"
    * 3
)
ROWS = {
    "ready": (ready.COLUMNS, ("hoist-1", "The brake keeps its times", "UNKNOWN", WHY, "Measure the lining and the air gap")),
    "notices": (notices.COLUMNS, (
        "2026-06-10 22:14:00", "engineer", "engineer-1-webhook",
        "[CRIT] National flag hoist: brake slow, UNANSWERED", "accepted", "12", "the server cannot be reached",
    )),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_row_is_a_tower(name: str, width: int) -> None:
    columns, row = ROWS[name]
    lines = table("", columns, [row], language="en").laid_out(width)
    text = sum(len(str(cell)) for cell in row)
    assert len(lines) <= 4 + 2 * text // width, [line.plain for line in lines]
    assert max(line.cell_len for line in lines) <= width
