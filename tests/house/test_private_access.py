"""Tests stand on public names, so that what is inside can change without them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from support.private_access import private_accesses

MOST = 10
"""It only ever goes down."""


def test_few_tests_reach_into_what_is_private() -> None:
    files = sorted(Path("tests").rglob("*.py"))
    found = [
        f"{file}:{line}"
        for file in files
        for line in private_accesses(ast.parse(file.read_text(encoding="utf-8")))
    ]
    assert len(found) <= MOST, found


@pytest.mark.parametrize(
    ("code", "count"),
    [
        ("journal._db.execute('SELECT 1')", 1),
        ("made._advance = later", 1),
        ("self.sink._most = 5", 1),
        ("call()._due()", 1),
        ("engine._rules[0]._wake", 2),
        ("self._kept = cls._made()", 0),
        ("super()._channels(settings)", 0),
        ("os._exit(9)", 0),
        ("notice._replace(key='k')", 0),
        ("value.__class__", 0),
    ],
)
def test_what_counts_as_private(code: str, count: int) -> None:
    assert len(list(private_accesses(ast.parse(code)))) == count
