"""What the daemon counts of its own: what waits, was refused, set aside or lost."""

from __future__ import annotations

import time

from rich.cells import cell_len
from rich.text import Text

from facilityd.app.totals import Totals
from facilityd.cli.words import show_span
from facilityd.model.text import Language
from facilityd.query.counts import Counts
from facilityd.query.instants import show_second

_TITLE = {"zh": "监测程序：", "en": "The daemon itself: "}
_WORDS: dict[str, dict[Language, str]] = {
    "notices_waiting": {"zh": "待发通知 {n}", "en": "notices waiting {n}"},
    "notices_lost": {"zh": "未送达通知 {n}", "en": "not delivered {n}"},
    "dead_letter_lines": {"zh": "时序库拒收 {n} 行", "en": "lines refused by the store {n}"},
    "dead_letters": {"zh": "损坏并移出的记录 {n}", "en": "damaged records set aside {n}"},
    "purged_unsent": {"zh": "未转发即清除 {n} 个采样", "en": "samples purged unsent {n}"},
    "purged_early": {"zh": "因磁盘已满提前清除 {n} 个采样", "en": "purged early for want of disk {n}"},
    "intake_dropped": {"zh": "来不及保存而丢弃 {n} 条消息", "en": "messages dropped on arrival {n}"},
    "plots_skipped": {"zh": "未附曲线的通知 {n}", "en": "messages without plot {n}"},
}
_BETWEEN = "  ·  "
_OLDEST = {"zh": "（最久 {ago}）", "en": " (the oldest for {ago})"}
_OF = {
    "zh": "（最近一次丢失 {count} 个：{since} 至 {until}）",
    "en": " (the last loss: {count}, of {since} to {until})",
}


def count_lines(
    counts: Counts, language: Language, zone: str, *, width: int, brief: bool = False
) -> list[Text]:
    """Return lines of at most ``width`` cells, broken between counts; what is not nought stands out.

    A ``brief`` answer has only what is not nought, and may be empty.
    """
    numbers = counts.plain()
    names = [name for name in _WORDS if not brief or numbers[name]]
    lines = [Text(_TITLE[language])] if names else []
    for number, name in enumerate(names):
        count = numbers[name] or 0
        text = _WORDS[name][language].format(n=f"{count:,}") + _more(counts.totals, name, language, zone)
        if number and lines[-1].cell_len + len(_BETWEEN) + cell_len(text) > width:
            lines.append(Text("  "))
        elif number:
            lines[-1].append(_BETWEEN)
        lines[-1].append(text, style="yellow" if count else "dim")
    return lines


def _more(totals: Totals, name: str, language: Language, zone: str) -> str:
    if name == "notices_waiting" and totals.oldest_notice is not None:
        ago = show_span(max(0, time.time_ns() - totals.oldest_notice), language)
        return _OLDEST[language].format(ago=ago)
    if name == "purged_unsent" and (loss := totals.loss):
        since, until = (show_second(at, zone) for at in (loss.since, loss.until))
        return _OF[language].format(count=f"{loss.count:,}", since=since, until=until)
    return ""
