"""Tests wait for what they wait for, not for a time to pass: the suite stays quick, and its verdict the machine's."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from support.real_sleeps import real_sleeps

MOST = 8
"""It only ever goes down."""


def test_few_tests_wait_in_real_time() -> None:
    """Peers that are slow on purpose (``tests/support``) are no waits of a test."""
    files = sorted(Path("tests").rglob("test_*.py"))
    found = [
        f"{file}:{line}"
        for file in files
        for line in real_sleeps(ast.parse(file.read_text(encoding="utf-8")))
    ]
    assert len(found) <= MOST, found


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("async def test():\n    await asyncio.sleep(1)", [2]),
        ("def test():\n    time.sleep(0.1)", [2]),
        ("async def test():\n    await sleep(seconds)", [2]),
        ("async def test():\n    await asyncio.sleep(0)", []),
        ("@in_virtual_time\nasync def test():\n    await asyncio.sleep(3600)", []),
        ("async def until():\n    while not found:\n        await asyncio.sleep(0.02)", []),
        (
            "async def test():\n    while True:\n        async def inner():\n            await asyncio.sleep(1)",
            [4],
        ),
        ("async def test():\n    for _ in range(9):\n        await asyncio.sleep(1)", [3]),
    ],
)
def test_what_counts_as_a_wait(code: str, lines: list[int]) -> None:
    assert list(real_sleeps(ast.parse(code))) == lines
