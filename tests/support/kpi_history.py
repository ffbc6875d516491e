"""A history to count alarms of."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from facilityd.model.sample import NS
from facilityd.query.calendar_span import month_span
from facilityd.query.kpi_answer import KpiAnswer
from support.alarm_history import AlarmHistory

MINUTE, HOUR, DAY = 60 * NS, 3600 * NS, 86_400 * NS
SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
OCTOBER = month_span("2026-10", SHANGHAI)


def ask(history: AlarmHistory, span: tuple[int, int] = OCTOBER, now: int | None = None) -> KpiAnswer:
    with history.ask(span[1] if now is None else now) as query:
        return query.kpi(*span)
