"""Sites with alarms and states to ask about."""

from __future__ import annotations

from facilityd.model.sample import NS
from support.alarm_history import AlarmHistory

MINUTE, HOUR, DAY = 60 * NS, 3600 * NS, 86_400 * NS


def week(history: AlarmHistory) -> tuple[int, int]:
    return history.at("2026-10-01T00:00"), history.at("2026-10-07T00:00")
