"""Downtime: a time in which nobody watched."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from facilityd.model.sample import NS
from facilityd.model.text import Language


class Pause(StrEnum):
    """Why nobody watched."""

    STOPPED = "stopped"  # the daemon was not running; the end of it is a start
    STOOD_STILL = "stood-still"  # the process, or its machine, was suspended
    CLOCK = "clock"  # the label of time leapt: no such time has passed here


_WORDS: dict[tuple[Pause, Language], str] = {
    (Pause.STOPPED, "zh"): "监测程序未运行：{since} 至 {until}",
    (Pause.STOPPED, "en"): "facilityd was not running from {since} to {until}",
    (Pause.STOOD_STILL, "zh"): "监测程序停顿：{since} 至 {until}",
    (Pause.STOOD_STILL, "en"): "facilityd stood still from {since} to {until}",
    (Pause.CLOCK, "zh"): "主机时钟从 {since} 跳到 {until}（改时间，或主机曾休眠）",
    (Pause.CLOCK, "en"): "the clock leapt from {since} to {until} (it was set, or the computer had slept)",
}


@dataclass(frozen=True, slots=True)
class Downtime:
    """From ``since`` to ``until``, ns UTC."""

    since: int
    until: int
    why: Pause = Pause.STOPPED

    @property
    def seconds(self) -> float:
        """How long it was."""
        return (self.until - self.since) / NS

    def sentence(self, since: str, until: str, language: Language) -> str:
        """Return it in words; the two instants as the reader's clock shows them."""
        return _WORDS[self.why, language].format(since=since, until=until)
