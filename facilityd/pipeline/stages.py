"""What the pipeline needs of the stages that evaluate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from facilityd.alarm.table import AlarmEvent
from facilityd.model.alarm import AlarmState, Change
from facilityd.model.baseline import Baseline
from facilityd.model.command import AlarmCommand
from facilityd.model.finding import Evidence, Finding
from facilityd.model.sample import Sample


class RuleStage(Protocol):
    """Rules over devices (facilityd.detect)."""

    def evaluate(self, samples: Sequence[Sample]) -> list[Finding]:
        """Return the findings whose verdict changed."""

    def tick(self, steady: int, at: int) -> list[Finding]:
        """Return what changed by time alone."""

    def checkpoint(self) -> Mapping[tuple[str, str], Any]:
        """Return what a restart must not lose."""

    def service(self, device: str, rules: Sequence[str]) -> None:
        """Let rules forget what was before a service."""

    def checkpoint_serviced(self, device: str, rules: Sequence[str]) -> Mapping[tuple[str, str], Any]:
        """Return what a restart must not lose after ``service``."""

    def set_baseline(self, device: str, rule: str, baseline: Baseline | None) -> None:
        """Let a rule evaluate against a baseline from now on."""


class AlarmStage(Protocol):
    """The alarms' lives (facilityd.alarm)."""

    def apply(self, finding: Finding) -> Sequence[Change]:
        """Return the transitions that a finding causes, those of what it explains included."""

    def tick(self, at: int) -> list[Change]:
        """Return the transitions that time alone causes."""

    def clock_set(self, by: int, at: int) -> list[Change]:
        """Return what keeps every wait as long, where the clock was put forward by ``by`` ns by ``at``."""

    def operate(self, event: AlarmEvent, command: AlarmCommand, at: int) -> Change:
        """Return the transition that a person asks for. Raises UsageError where it is not allowed."""

    def retire(self, device: str, rule: str, why: Evidence, at: int) -> Change | None:
        """Return the transition of an alarm that nothing watches any more."""

    def state(self, device: str, rule: str) -> AlarmState:
        """Return the present state."""
