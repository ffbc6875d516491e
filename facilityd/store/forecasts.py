"""The newest forecast or warnings of each source, as a text under a name."""

from __future__ import annotations

import json

from facilityd.model.forecast import ForecastReport
from facilityd.store.meta import MetaWrite
from facilityd.store.reader import JournalReader

_NAME = "forecast/{0}"


def report_write(report: ForecastReport) -> MetaWrite:
    """Return what puts a report in the place of its source's last one."""
    text = json.dumps(report.plain(), ensure_ascii=False, separators=(",", ":"))
    return MetaWrite({_NAME.format(report.source): text})


def stored_report(reader: JournalReader, source: str) -> ForecastReport:
    """Return the newest report of a source; an empty one where there is none that is sound."""
    try:
        return ForecastReport.from_plain(json.loads(reader.meta(_NAME.format(source)) or ""))
    except (ValueError, KeyError, TypeError):
        return ForecastReport(source)
