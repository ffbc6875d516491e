"""A small site whose months of alarms, notices and tasks a test writes by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

from facilityd.config.load import load
from facilityd.config.site import Site
from facilityd.model.alarm import Change, ChangeKind
from facilityd.model.downtime import Downtime, Pause
from facilityd.model.finding import Evidence, Finding
from facilityd.model.notice import Notice, Purpose
from facilityd.model.sample import NS
from facilityd.query.site import SiteQuery
from facilityd.store.batch import Attempt, ChangeRecord, Delivery, FindingRecord, Write
from facilityd.store.changes import ChangeWrite
from facilityd.store.downtimes import DowntimeWrite
from facilityd.store.findings import FindingWrite
from facilityd.store.journal import Journal
from facilityd.store.last_word import WATCHED
from facilityd.store.meta import MetaWrite
from facilityd.store.outbox import AttemptWrite, NoticeWrite

SITE = """\
site: {id: yard, name: {zh: 场院, en: Yard}, latitude: LATITUDE, longitude: 116.4, timezone: ZONE}
store: {path: journal.db, keep: KEEP, retention: {notices: KEEP, findings: KEEP}}
links: {io: {protocol: modbus-tcp, host: 127.0.0.1, port: 1}}
units:
  contacts: {link: io, profile: moxa_iologik_e1212, device_id: 1, period: 30s}
  drive: {link: io, profile: abb_acs380_acs580, device_id: 2, period: 30s}
devices:
  fire: {family: contact, name: {zh: 火灾报警, en: Fire panel}, signals: {active: contacts.input_0}}
  water: {family: contact, name: {zh: 水浸, en: Water sensor}, signals: {active: contacts.input_1}}
  hoist-1:
    family: hoist
    name: {zh: 国旗升降机, en: National flag hoist}
    signals:
      output_frequency: drive.output_frequency
      tripped: drive.tripped
      upper_limit: contacts.input_2
      lower_limit: contacts.input_3
recipients:
  anna: {name: {zh: 安娜, en: Anna}, language: en, channels: [{kind: webhook, url: "http://127.0.0.1:1/a"}]}
  bo: {name: {zh: 小薄, en: Bo}, language: zh, channels: [{kind: webhook, url: "http://127.0.0.1:1/b"}]}
"""
DEAD = {ChangeKind.CLEAR: "normal", ChangeKind.RETIRE: "normal", ChangeKind.RESET: "normal"}
STATES = DEAD | {
    ChangeKind.RAISE: "unacknowledged", ChangeKind.ACKNOWLEDGE: "acknowledged",
    ChangeKind.REALARM: "unacknowledged", ChangeKind.SHELVE: "shelved",
    ChangeKind.SUPPRESS: "suppressed-by-design", ChangeKind.UNSUPPRESS: "unacknowledged",
    ChangeKind.LOSE: "unacknowledged", ChangeKind.LATCH: "latched-unacknowledged",
}  # fmt: skip


class AlarmHistory:
    """Writes a site's journal; what is written is kept until ``store`` and then one transaction."""

    def __init__(self, site: Site, journal: Journal) -> None:
        self.site, self.journal = site, journal
        self.zone = ZoneInfo(site.timezone)
        self._writes: list[Write] = []
        self._raised: Counter[tuple[str, str]] = Counter()
        self._keys = count()

    def at(self, text: str, seconds: float = 0.0) -> int:
        """Return the instant (ns UTC) that the site's clock shows as ``2026-10-01T08:00``."""
        return round((datetime.fromisoformat(text).replace(tzinfo=self.zone).timestamp() + seconds) * NS)

    def change(
        self, at: int, kind: ChangeKind, device: str = "fire", rule: str = "active", *, state: str = "",
        priority: str = "high", person: str = "", comment: str = "",
    ) -> None:  # fmt: skip
        """Add a change; the alarm is then in ``state``, or in that which the kind leads to."""
        self._raised[device, rule] += kind is ChangeKind.RAISE
        made = Change(at, device, rule, self._raised[device, rule], kind, person=person, comment=comment)
        record = ChangeRecord(made, state=state or STATES[kind], condition="true", priority=priority)
        self._writes.append(ChangeWrite((record,)))

    def alarm(
        self, at: int, device: str = "fire", rule: str = "active", *, acked: float | None = None,
        cleared: float | None = None, priority: str = "high", state: str = "",
    ) -> None:  # fmt: skip
        """Add an occurrence, acknowledged and cleared so many seconds after it was raised."""
        self.change(at, ChangeKind.RAISE, device, rule, priority=priority, state=state)
        steps = [(acked, ChangeKind.ACKNOWLEDGE), (cleared, ChangeKind.CLEAR)]
        done: set[ChangeKind] = set()
        for after, kind in sorted((after, kind) for after, kind in steps if after is not None):
            told = "normal" if done else "returned-unacknowledged" if kind is ChangeKind.CLEAR else ""
            when = at + round(after * NS)
            self.change(when, kind, device, rule, priority=priority, state=state or told, person="anna")
            done.add(kind)

    def notice(
        self, at: int, person: str = "anna", purpose: Purpose = Purpose.RAISED,
        state: Delivery = Delivery.ACCEPTED,
    ) -> None:  # fmt: skip
        """Add a notice that came to ``state``."""
        key = f"fire/active/{next(self._keys)}/{purpose}"
        made = Notice(
            key, person, f"{person}-1", purpose, "en", "subject", "body", "fire", "active", 1, 3, at
        )
        self._writes += [NoticeWrite((made,)), AttemptWrite((Attempt(0, state, 1, key=key),))]

    def away(self, since: int, until: int, why: Pause = Pause.STOPPED) -> None:
        """Add a time in which nobody watched."""
        self._writes.append(DowntimeWrite((Downtime(since, until, why),)))

    def watched(self, since: int, until: int) -> None:
        """Say that the journal begins at ``since`` and the daemon's last word is of ``until``."""
        first = Finding("fire", "active", False, since, since, Evidence("limit-below", {}))
        self.write(FindingWrite((FindingRecord(first),)), MetaWrite({WATCHED: str(until)}))

    def write(self, *writes: Write) -> None:
        """Add any write."""
        self._writes += writes

    def store(self) -> None:
        """Commit what was added."""
        self.journal.commit(self._writes)
        self._writes = []

    def ask(self, now: int) -> SiteQuery:
        """Store what was added and open the journal as somebody does at ``now``."""
        self.store()
        return SiteQuery(self.site, lambda: now)


@contextmanager
def alarm_history(
    folder: Path, zone: str = "Asia/Shanghai", keep: str = "3650d", latitude: float = 39.9
) -> Iterator[AlarmHistory]:
    """The site in a zone, its journal empty."""
    (folder / "site.yaml").write_text(
        SITE.replace("ZONE", zone).replace("KEEP", keep).replace("LATITUDE", str(latitude)), encoding="utf-8"
    )
    site = load(folder, secrets=False)
    path = Path(site.store.path)
    with Journal.open(path, max_bytes=2**30, max_age=10**18, ballast_bytes=65536, site=site.id) as journal:
        yield AlarmHistory(site, journal)
