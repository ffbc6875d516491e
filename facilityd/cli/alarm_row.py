"""One alarm as a line of a list, also where nothing is known any more of its device or rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from facilityd.config.site import Device
from facilityd.model.alarm import AlarmState, AlarmStateName
from facilityd.model.text import Text

UNWATCHED = Text(zh="不再监测", en="no longer watched")
NOTHING_FIRST = Text(zh="—", en="—")
UNWATCHED_ID = "no-longer-watched"
"""How an alarm is shown that ended because nothing watches it any more."""


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """One alarm with its record. ``since`` in ns UTC."""

    device: str
    rule: str
    state: Text
    priority: str
    occurrence: int
    since: int
    what: Text
    first: Text
    acked_by: str
    level: int
    state_id: str
    active: bool

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for JSON; texts in both languages."""
        plain = asdict(self)
        return plain | {"state": self.state_id, "state_text": self.state}


def alarm_row(state: AlarmState, devices: Mapping[str, Device]) -> AlarmRow | None:
    """Return the line of an alarm; None where it was never raised.

    One whose device or rule left the site is named by its ids: the daemon ends it at its next start.
    """
    if state.state_name is AlarmStateName.NORMAL and not state.occurrence:
        return None
    device = devices.get(state.device)
    rule = device.family.rules.get(state.rule) if device else None
    ended = state.unwatched and state.state_name is AlarmStateName.NORMAL
    return AlarmRow(
        state.device,
        state.rule,
        UNWATCHED if ended else state.state_name.wording,
        rule.priority.name.lower() if rule else "",
        state.occurrence,
        state.raised_at or 0,
        rule.name if rule else Text(zh=state.rule, en=state.rule),
        rule.action[0] if rule else NOTHING_FIRST,
        state.acked_by,
        int(rule.priority) if rule else 0,
        UNWATCHED_ID if ended else state.state_name.value,
        state.active,
    )
