"""Fuzz tests: 300 cases each in ``make test``, 10,000 in ``make fuzz`` (FACILITYD_FUZZ says how many)."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import pytest
from hypothesis import HealthCheck, settings

P = ParamSpec("P")
R = TypeVar("R")

CASES = int(os.environ.get("FACILITYD_FUZZ", "300"))


def fuzzed(test: Callable[P, R]) -> Callable[P, R]:
    """Mark a hypothesis test as the fuzz of a border: many cases, however long one takes."""
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    patient = pytest.mark.timeout(max(120, CASES))
    return pytest.mark.fuzz(
        patient(settings(max_examples=CASES, deadline=None, suppress_health_check=checks)(test))
    )
