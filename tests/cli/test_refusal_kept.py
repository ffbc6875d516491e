"""Why a command was refused is kept in both languages, and read also where an older facilityd kept it."""

from __future__ import annotations

import json

import pytest

from facilityd.errors import FacilitydError
from facilityd.model.message import Wording, spoken
from facilityd.model.refusal import LONGEST, read, stored


@pytest.mark.parametrize(
    ("kept", "zh", "en"),
    [
        (stored(Wording("command.no-mark", mark=7)), "没有生效的标记 7", "no mark 7 is in force"),
        (stored("hoist drag: it is not latched / 报警没有锁存"), "hoist drag：报警没有锁存", "hoist drag: it is not latched"),
        ("hoist drag: it is not latched / 报警没有锁存", "hoist drag：报警没有锁存", "hoist drag: it is not latched"),
        ("unreadable", "unreadable", "unreadable"),
        ('{"zh": 1}', '{"zh": 1}', '{"zh": 1}'),
    ],
)  # fmt: skip
def test_it_is_read_in_either_language(kept: str, zh: str, en: str) -> None:
    assert (read(kept).zh, read(kept).en) == (zh, en)
    error = FacilitydError(Wording("command.refused", why=read(kept)))
    assert (spoken(error, "zh"), str(error)) == (zh, en)


def test_what_is_kept_is_bounded_and_holds_nothing_that_a_terminal_obeys() -> None:
    kept = json.loads(stored("\x1b[31m" + "x" * 10 * LONGEST))
    assert len(kept["en"]) <= LONGEST
    assert "\x1b" not in kept["en"]
    assert stored("") == ""
