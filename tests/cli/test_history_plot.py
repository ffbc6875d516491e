"""A plot has no line over a gap."""

from __future__ import annotations

import pytest

from facilityd.cli.history import _runs


@pytest.mark.parametrize(
    ("gaps", "runs"),
    [
        ([], [[10, 20, 30, 40]]),
        ([25], [[10, 20], [30, 40]]),
        ([10, 12], [[10], [20, 30, 40]]),
        ([0, 40, 50], [[10, 20, 30, 40]]),
        ([15, 35], [[10], [20, 30], [40]]),
    ],
)
def test_a_gap_interrupts_the_line(gaps, runs):
    points = [(at, 1.0) for at in (10, 20, 30, 40)]
    assert [[at for at, _ in run] for run in _runs(points, gaps)] == runs


def test_nothing_stored_draws_nothing():
    assert _runs([], [5]) == []
