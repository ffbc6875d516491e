"""The life of alarms: a pure, event-sourced state machine. Knows no clock, device or store."""

from facilityd.alarm.alarms import Alarms
from facilityd.alarm.machine import evolve

__all__ = ["Alarms", "evolve"]
