"""The life of alarms: a pure, event-sourced state machine. Knows no clock, device or store."""

from facilityd.alarm.alarms import AlarmManager
from facilityd.alarm.machine import apply

__all__ = ["AlarmManager", "apply"]
