"""Whether the daemon watches: what a person reads of its journal is the present only while it does."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from facilityd.app.builtin import DAEMON, PERIOD
from facilityd.config.fingerprint import META, LoadedConfiguration
from facilityd.config.site import Site
from facilityd.model.sample import NS
from facilityd.model.text import Language
from facilityd.notify.value_text import format_span
from facilityd.query.instants import show_second
from facilityd.query.unsaved import outstanding
from facilityd.query.words import sentence
from facilityd.store.files import is_held
from facilityd.store.last_word import last_word
from facilityd.store.reader import JournalReader

HUNG_AFTER = 150 * NS
"""The daemon writes itself down each minute; holding the journal without a word for so long (ns) it hangs."""


@dataclass(frozen=True, slots=True)
class Liveness:
    """Whether the daemon watches at ``at``. ``since``: its last word; 0 where there is none. Both ns UTC.

    ``outdated``: when it read the site's files, ns UTC, where they are not as they were; else 0.
    """

    state: Literal["running", "hung", "stopped", "full"]
    since: int
    at: int
    outdated: int = 0

    def warning(self, zone: str, language: Language) -> str:
        """Return the first line of everything shown; nothing while it runs, by the files as they are."""
        if self.state == "running":
            return self.outdated_warning(zone, language)
        name = "never" if self.state == "stopped" and not self.since else self.state
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
    last = last_word(reader)
    if not is_held(Path(site.store.path)):
        return Liveness("stopped", last, now)
    word = at.get(DAEMON, last)
    known = LoadedConfiguration.from_json(reader.meta(META))
    outdated = known.at if known and known.outdated else 0
    if outstanding(site, reader):
        return Liveness("full", last, now, outdated)
    hung = bool(word) and now - max(word, last) > HUNG_AFTER
    return Liveness("hung" if hung else "running", word, now, outdated)


def outdated_warning(site: Site, language: Language) -> str:
    """Return that the daemon of a site, where one runs, goes by files that have changed since."""
    path = Path(site.store.path)
    if not path.exists() or not is_held(path):
        return ""
    with JournalReader.open(path, site.id) as reader:
        return liveness(site, reader).outdated_warning(site.timezone, language)


def liveness_warning(site: Site, language: Language) -> str:
    """Return that nobody watches now; nothing while somebody does, or where there is no journal yet."""
    path = Path(site.store.path)
    if not path.exists():
        return ""
    with JournalReader.open(path, site.id) as reader:
        return liveness(site, reader).warning(site.timezone, language)


assert HUNG_AFTER > 2 * PERIOD  # noqa: S101 - one missed word is not a hang
