"""A history to tell as a timeline."""

from __future__ import annotations

from facilityd.model.sample import NS
from facilityd.query.timeline import Timeline, TimelineQuery
from support.alarm_history import AlarmHistory

MINUTE, HOUR, DAY = 60 * NS, 3600 * NS, 86_400 * NS
EVENING = "2026-10-05T20:00"


def asked(
    history: AlarmHistory, since: str = EVENING, until: str = "2026-10-06T08:00", *devices: str
) -> Timeline:
    with history.ask(history.at("2026-10-06T12:00")) as query:
        return query.timeline(TimelineQuery(history.at(since), history.at(until), devices))
