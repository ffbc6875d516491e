"""What the figures and the report cost: `python benchmarks/alarm_figures.py`; in docs/benchmarks.md.

A month of 100,000 changes of two alarms, raised, acknowledged and cleared every 25 s.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time
from zoneinfo import ZoneInfo

from facilityd.app.builtin import all_devices
from facilityd.config.load import load
from facilityd.model.alarm import Change, ChangeKind
from facilityd.model.finding import Evidence
from facilityd.model.sample import NS
from facilityd.model.text import Text
from facilityd.query.calendar_span import month_span
from facilityd.query.report_tables import report_page
from facilityd.query.site import SiteQuery
from facilityd.report.html import html_page
from facilityd.report.workbook import workbook
from facilityd.store.batch import ChangeRecord
from facilityd.store.changes import ChangeWrite
from facilityd.store.journal import Journal
from facilityd.store.last_word import WATCHED
from facilityd.store.meta import MetaWrite

SITE = """\
site: {id: yard, name: {zh: 场院, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
store: {path: journal.db}
links: {io: {protocol: modbus-tcp, host: 127.0.0.1, port: 1}}
units: {contacts: {link: io, profile: moxa_iologik_e1212, device_id: 1, period: 30s}}
devices:
  fire: {family: contact, name: {zh: 火灾报警, en: Fire panel}, signals: {active: contacts.input_0}}
"""
CHANGES, EVERY = 100_000, 25 * NS
SINCE, UNTIL = month_span("2026-10", ZoneInfo("Asia/Shanghai"))
STEPS = (
    (ChangeKind.RAISE, "unacknowledged", 0),
    (ChangeKind.ACKNOWLEDGE, "acknowledged", 8),
    (ChangeKind.CLEAR, "normal", 16),
)


def changes() -> Iterator[ChangeRecord]:
    evidence = Evidence("limit-above", {"value": 12.5, "limit": 10.0, "unit": "A"}, "active")
    for n in range(CHANGES):
        occurrence, (kind, state, after) = n // 3, STEPS[n % 3]
        at, rule = SINCE + occurrence * EVERY + after * NS, ("active", "silent")[occurrence % 2]
        one = Change(at, "fire", rule, occurrence, kind, evidence if not after else None, "anna")
        yield ChangeRecord(one, state=state, condition="true", priority="high")


def timed(name: str, work: Callable[[], object]) -> None:
    begun = process_time()
    work()
    print(f"{name}: {process_time() - begun:.2f} s CPU")


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    (folder / "site.yaml").write_text(SITE, encoding="utf-8")
    site = load(folder)
    with Journal.open(Path(site.store.path), max_bytes=2**30, max_age=10**18, site=site.id) as journal:
        journal.commit([ChangeWrite(tuple(changes())), MetaWrite({WATCHED: str(UNTIL)})])
    with SiteQuery(site, lambda: UNTIL) as query:
        timed("kpi", lambda: query.kpi(SINCE, UNTIL))
        timed("report", lambda: query.report(Text(zh="十月", en="October"), SINCE, UNTIL))
        report = query.report(Text(zh="十月", en="October"), SINCE, UNTIL)
    page = report_page(report, all_devices(site), "zh")
    timed("html", lambda: html_page(report, page, "zh"))
    timed("xlsx", lambda: workbook(report, page))


if __name__ == "__main__":
    main()
