"""Which signal an alarm rests on."""

from __future__ import annotations

from collections.abc import Container

from facilityd.model.finding import Evidence
from facilityd.model.rule import Rule


def guilty_signal(bound: Container[str], rule: Rule, evidence: Evidence | None) -> str:
    """Return the signal of those ``bound`` that an alarm rests on, or "" where there is none."""
    wanted = (*((evidence.signal,) if evidence else ()), *rule.detect.inputs)
    return next((signal for signal in wanted if signal in bound), "")
