"""Whether the daemon watches: what a person reads of its journal is the present only while it does."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from facilityd.app.builtin import DAEMON, PERIOD
from facilityd.cli.when import show_instant
from facilityd.config.site import Site
from facilityd.model.sample import NS
from facilityd.model.text import Language
from facilityd.notify.value_text import format_span
from facilityd.pipeline.spilled import MARK, Spilled
from facilityd.store.files import is_held
from facilityd.store.last_word import last_word
from facilityd.store.reader import JournalReader
from facilityd.store.spill import Spill

HUNG_AFTER = 150 * NS
"""The daemon writes itself down each minute; holding the journal without a word for so long (ns) it hangs."""
_WORDS = {
    ("stopped", "zh"): "监测程序未运行，{since} 起无人监测（{ago}前）；以下为当时的情况",
    (
        "stopped",
        "en",
    ): "NOT RUNNING since {since} ({ago} ago): nobody watches; what follows is of then",
    ("never", "zh"): "监测程序未运行，尚无任何记录",
    ("never", "en"): "NOT RUNNING: nobody watches, and nothing was ever recorded",
    (
        "full",
        "zh",
    ): "磁盘已满，{since} 起的数据未能保存（{ago}前）；监测和通知照常，以下数值为当时的情况；请清理磁盘",
    (
        "full",
        "en",
    ): "DISK FULL: nothing is stored since {since} ({ago} ago); it watches and tells people all the same,"
    " but the values below are of then; free some space",
    ("hung", "zh"): "监测程序无反应，最后一次记录在 {since}（{ago}前）；请查看进程或重启",
    ("hung", "en"): "NOT RESPONDING: last word at {since} ({ago} ago); look at its process, or restart it",
}


@dataclass(frozen=True, slots=True)
class Liveness:
    """``since``: its last word, ns UTC; 0 where there is none."""

    state: Literal["running", "hung", "stopped", "full"]
    since: int

    def warning(self, zone: str, language: Language) -> str:
        """Return the first line of everything shown; nothing while it runs."""
        if self.state == "running":
            return ""
        words = _WORDS["never" if self.state == "stopped" and not self.since else self.state, language]
        ago = format_span(max(0, time.time_ns() - self.since) // NS, language)
        return words.format(since=show_instant(self.since, zone)[:19], ago=ago)


def unwatched(site: Site, language: Language) -> str:
    """Return that nobody watches now; nothing while somebody does, or where there is no journal yet."""
    path = Path(site.store.path)
    if not path.exists():
        return ""
    with JournalReader.open(path, site.id) as reader:
        return liveness(site, reader).warning(site.timezone, language)


def outstanding(site: Site, reader: JournalReader) -> Spilled | None:
    """Return what a full disk has kept out of the journal so far: alarms of which people were told."""
    return Spilled.outstanding(Spill(Path(site.store.path)).read(), reader.meta(MARK))


def liveness(site: Site, reader: JournalReader) -> Liveness:
    """Return whether the daemon of a site watches now."""
    at = {reader.stream(row.stream).device: row.at for row in reader.latest()}
    last = last_word(reader)
    if not is_held(Path(site.store.path)):
        return Liveness("stopped", last)
    word = at.get(DAEMON, last)
    if outstanding(site, reader):
        return Liveness("full", last)
    hung = bool(word) and time.time_ns() - max(word, last) > HUNG_AFTER
    return Liveness("hung" if hung else "running", word)


assert HUNG_AFTER > 2 * PERIOD  # noqa: S101 - one missed word is not a hang
