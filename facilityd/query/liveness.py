"""Whether the daemon watches: what a person reads of its journal is the present only while it does."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from facilityd.app.builtin import DAEMON
from facilityd.config.fingerprint import META, LoadedConfiguration
from facilityd.config.site import Site
from facilityd.model.downtime import Downtime, Pause
from facilityd.model.sample import NS
from facilityd.model.text import Language
from facilityd.notify.value_text import format_span
from facilityd.query.instants import show_second
from facilityd.query.unsaved import outstanding
from facilityd.query.words import sentence
from facilityd.store.files import is_held
from facilityd.store.heartbeat_file import WRITER_STUCK, HeartbeatRecord, read_heartbeat
from facilityd.store.last_word import last_word
from facilityd.store.reader import JournalReader

HUNG_AFTER = 12 * NS
"""The daemon's event loop beats every two seconds; holding the journal without that so long (ns) it hangs."""
STARTING = 300 * NS
"""Opening a large journal after a crash takes a while, and its beat waits (ns)."""
SILENT_AFTER = 150 * NS
"""Without beats (its file cannot be written) the daemon still writes itself down each minute (ns)."""
State = Literal["starting", "running", "hung", "stopped", "full"]


@dataclass(frozen=True, slots=True)
class Liveness:
    """Whether the daemon watches at ``at``. ``since``: its last word; 0 where there is none. Both ns UTC.

    ``outdated``: when it read the site's files, ns UTC, where they are not as they were; else 0.
    ``stuck``: it hangs because the writer of its journal does, since then.
    """

    state: State
    since: int
    at: int
    outdated: int = 0
    stuck: bool = False

    @property
    def judging(self) -> bool:
        """Whether what the rules said last is said of now: the daemon watches, or did just now."""
        return self.state in ("running", "full") or (not self.stuck and self.at - self.since <= HUNG_AFTER)

    def warning(self, zone: str, language: Language) -> str:
        """Return the first line of everything shown; nothing while it runs, by the files as they are."""
        if self.state == "running":
            return self.outdated_warning(zone, language)
        name: str = "stuck" if self.stuck else self.state
        if not self.since:
            name = {"stopped": "never", "starting": "starting-first"}.get(name, name)
        ago = format_span(max(0, self.at - self.since) // NS, language)
        return sentence(name, language, since=show_second(self.since, zone), ago=ago)

    def outdated_warning(self, zone: str, language: Language) -> str:
        """Return that the daemon runs by files that have changed since; nothing where they have not."""
        if not self.outdated:
            return ""
        return sentence("outdated", language, since=show_second(self.outdated, zone))

    def plain(self) -> dict[str, Any]:
        """Return data for JSON; instants in ns UTC, None for a daemon that never said a word."""
        return {
            "state": self.state,
            "since": self.since or None,
            "at": self.at,
            "outdated_since": self.outdated or None,
        }


def liveness(site: Site, reader: JournalReader, now: int | None = None) -> Liveness:
    """Return whether the daemon of a site watches at ``now`` (ns UTC)."""
    now = time.time_ns() if now is None else now
    at = {reader.stream(row.stream).device: row.at for row in reader.latest()}
    last, path = last_word(reader), Path(site.store.path)
    if not is_held(path):
        return Liveness("stopped", last, now)
    beat = read_heartbeat(path)
    if beat and (found := _hanging(beat, last, now)):
        return found
    if beat and beat.phase == "starting":
        return Liveness("starting", last, now)
    word = max(beat.at, last) if beat else at.get(DAEMON, last)
    known = LoadedConfiguration.from_json(reader.meta(META))
    outdated = known.at if known and known.outdated else 0
    if outstanding(site, reader):
        return Liveness("full", last, now, outdated)
    hung = not beat and bool(word) and now - max(word, last) > SILENT_AFTER
    return Liveness("hung" if hung else "running", word, now, outdated)


def _hanging(beat: HeartbeatRecord, last: int, now: int) -> Liveness | None:
    """Return that the daemon hangs, or the writer of its journal; None where it does not."""
    age = beat.age(now)
    if beat.phase == "starting":
        return Liveness("hung", beat.at, now) if age > STARTING else None
    if age > HUNG_AFTER:  # with a sample from just now only the beat's file cannot be written
        return None if 0 <= now - last <= HUNG_AFTER else Liveness("hung", max(beat.at, last), now)
    silent = age + beat.writer
    return Liveness("hung", now - silent, now, stuck=True) if silent > WRITER_STUCK else None


def present_downtime(site: Site, reader: JournalReader, now: int) -> Downtime | None:
    """Return since when nobody has watched, up to ``now`` (ns UTC): no start has recorded that yet."""
    found = liveness(site, reader, now)
    stopped = found.state in ("stopped", "starting")
    if found.state in ("running", "full") or not 0 < found.since < now:
        return None
    return Downtime(found.since, now, Pause.STOPPED if stopped else Pause.STOOD_STILL)


def read_liveness(site: Site) -> Liveness:
    """Return whether the daemon of a site watches now; where there is no journal yet none ever did."""
    path = Path(site.store.path)
    if not path.exists():
        return Liveness("stopped", 0, time.time_ns())
    with JournalReader.open(path, site.id) as reader:
        return liveness(site, reader)


def outdated_warning(site: Site, language: Language) -> str:
    """Return that the daemon of a site, where one runs, goes by files that have changed since."""
    path = Path(site.store.path)
    if not path.exists() or not is_held(path):
        return ""
    with JournalReader.open(path, site.id) as reader:
        return liveness(site, reader).outdated_warning(site.timezone, language)


def liveness_warning(site: Site, language: Language) -> str:
    """Return that nobody watches now; nothing while somebody does, or where there is no journal yet."""
    if not Path(site.store.path).exists():
        return ""
    return read_liveness(site).warning(site.timezone, language)
