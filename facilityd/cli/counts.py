"""What the daemon counts of its own: what waits, was refused, set aside or lost."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

from rich.text import Text

from facilityd.app.outlets import LOST
from facilityd.cli.when import show_instant, show_span
from facilityd.model.sample import Value
from facilityd.model.text import Language
from facilityd.store.losses import PURGED_UNSENT, Loss
from facilityd.store.reader import Reader

_TITLE = {"zh": "监测程序", "en": "The daemon itself"}
_WORDS: dict[str, dict[Language, str]] = {
    "notices_waiting": {"zh": "待发通知 {n}", "en": "notices waiting {n}"},
    "notices_lost": {"zh": "未送达通知 {n}", "en": "not delivered {n}"},
    "parked": {"zh": "时序库拒收 {n} 行", "en": "lines refused by the store {n}"},
    "dead_letters": {"zh": "损坏并移出的记录 {n}", "en": "damaged records set aside {n}"},
    "purged_unsent": {"zh": "未转发即清除 {n} 个采样", "en": "samples purged unsent {n}"},
    "purged_early": {"zh": "因磁盘已满提前清除 {n} 个采样", "en": "purged early for want of disk {n}"},
    "intake_dropped": {"zh": "来不及保存而丢弃 {n} 条消息", "en": "messages dropped on arrival {n}"},
    "plots_skipped": {"zh": "未附曲线的通知 {n}", "en": "messages without plot {n}"},
}
_OLDEST = {"zh": "（最久 {ago}）", "en": " (the oldest for {ago})"}
_OF = {
    "zh": "（最近一次丢失 {count} 个：{since} 至 {until}）",
    "en": " (the last loss: {count}, of {since} to {until})",
}


@dataclass(frozen=True, slots=True)
class Counts:
    """Totals since the journal was begun; the last two since the daemon's start, None where it never ran.

    ``oldest_notice``: since when the oldest waiting notice waits, ns UTC; None where none waits.
    ``loss``: what was last purged before a sink had it.
    """

    notices_waiting: int
    oldest_notice: int | None
    notices_lost: int
    parked: int
    dead_letters: int
    purged_unsent: int
    loss: Loss | None
    purged_early: int
    intake_dropped: Value | None
    plots_skipped: Value | None

    @classmethod
    def read(cls, reader: Reader, values: dict[str, Value | None]) -> Counts:
        """Return the counts; ``values`` are the daemon's newest signals."""
        counters, waiting = reader.counters(), reader.waiting_on().values()
        return cls(
            notices_waiting=sum(count for count, _ in waiting),
            oldest_notice=min((at for _, at in waiting), default=None),
            notices_lost=sum(n for name, n in counters.items() if name.startswith(LOST)),
            parked=counters.get("parked", 0),
            dead_letters=reader.dead_letter_count(),
            purged_unsent=counters.get(PURGED_UNSENT, 0),
            loss=Loss.from_json(reader.meta(PURGED_UNSENT)),
            purged_early=counters.get("purged_early", 0),
            intake_dropped=values.get("intake_dropped"),
            plots_skipped=values.get("plots_skipped"),
        )

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for JSON; instants in ns UTC."""
        return asdict(self)

    def said(self, language: Language, zone: str, *, brief: bool = False) -> Text:
        """Return one line; what is not nought stands out, or in a ``brief`` one stands alone."""
        names = [name for name in _WORDS if not brief or getattr(self, name)]
        line = Text(f"{_TITLE[language]}: " if names else "")
        for number, name in enumerate(names):
            count = getattr(self, name) or 0
            text = _WORDS[name][language].format(n=f"{count:,}") + self._more(name, language, zone)
            line.append("  ·  " if number else "").append(text, style="yellow" if count else "dim")
        return line

    def _more(self, name: str, language: Language, zone: str) -> str:
        if name == "notices_waiting" and self.oldest_notice is not None:
            ago = show_span(max(0, time.time_ns() - self.oldest_notice))
            return _OLDEST[language].format(ago=ago)
        if name == "purged_unsent" and self.loss:
            since, until = (show_instant(at, zone)[:19] for at in (self.loss.since, self.loss.until))
            return _OF[language].format(count=f"{self.loss.count:,}", since=since, until=until)
        return ""
