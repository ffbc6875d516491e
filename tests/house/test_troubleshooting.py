"""docs/troubleshooting.md and its Chinese page: every reason has a line, and both have the same commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from facilityd.model.quality import Reason

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {
    one: (DOCS / one).read_text(encoding="utf-8") for one in ("troubleshooting.md", "troubleshooting.zh.md")
}


def _rows(page: str) -> list[str]:
    rows = [line for line in PAGES[page].splitlines() if line.startswith("| ")]
    return [row for row in rows if not row.startswith(("| what you see", "| reason", "| 现象", "| 原因"))]


@pytest.mark.parametrize("page", PAGES)
def test_every_reason_has_a_line(page: str) -> None:
    assert {reason.value for reason in Reason} <= set(re.findall(r"`([\w-]+)`", PAGES[page]))


def test_both_pages_have_the_same_lines_with_the_same_commands() -> None:
    english, chinese = (_rows(page) for page in PAGES)
    assert len(english) == len(chinese) > 25
    for one, other in zip(english, chinese, strict=True):
        commands = [set(re.findall(r"`facilityd [^`]+ SITE[^`]*`", row)) for row in (one, other)]
        assert commands[0] == commands[1], one
        assert re.search(r"[a-z]{3} [a-z]{2}", one), one
        assert re.search(r"[\u4e00-\u9fff]{3}", other), other
        assert not re.search(r"[\u4e00-\u9fff]", one), one
