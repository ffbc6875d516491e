"""Killed between the commit of a notice and its receipt: none is lost, a double is marked, no end comes first."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.notice_kills import notice_kills

KILLS = 5
"""``benchmarks/notice_kills.py`` does 200."""


@pytest.mark.timeout(200)
async def test_nothing_is_lost_and_doubles_are_marked(tmp_path: Path) -> None:
    came = await notice_kills(tmp_path, KILLS, seed=7)
    assert came.kills == KILLS
    assert came.notices >= 3 * KILLS, came.text()
    assert not any(came.zeros.values()), came.text()
