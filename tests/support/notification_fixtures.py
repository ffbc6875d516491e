"""Recipients, notices, the context of an alarm, and a ledger and an outbox in memory."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from facilityd.errors import StoreFull
from facilityd.model.notice import DeliveryResult, Notice, Purpose
from facilityd.model.rule import Priority
from facilityd.model.settings import ChannelSettings, RecipientSettings
from facilityd.model.text import Language, Text
from facilityd.notify.render import AlarmContext, SiteContext
from support.rule_harness import rule, text

KEY = ("hoist", "drag")
SITE_CONTEXT = SiteContext(Text(zh="广场", en="Square"), ZoneInfo("Asia/Shanghai"))


@dataclass(frozen=True)
class PlainSignalWords:
    name: Text
    decimals: int = 1
    values: dict[int, Text] = field(default_factory=dict)
    unit: str = ""
    active: Text | None = None
    inactive: Text | None = None


ALARM_CONTEXT = AlarmContext(
    Text(zh="国旗旗杆", en="Flag hoist"),
    rule({"kind": "limit", "signal": "current", "above": 10.0}),
    {
        "current": PlainSignalWords(Text(zh="电机电流", en="Motor current")),
        "on": PlainSignalWords(Text(zh="合闸指令", en="Close command")),
        "power": PlainSignalWords(Text(zh="功率", en="Power")),
        "mode": PlainSignalWords(Text(zh="方式", en="Mode"), 0, {1: text("local"), 2: text("remote")}),
    },
)


def person(
    name: str, language: Language = "zh", minimum: Priority = Priority.LOW, channels: int = 1,
    every_channel: bool = True,
) -> RecipientSettings:  # fmt: skip
    ways = tuple(ChannelSettings(f"{name}-{n + 1}", "webhook", {}) for n in range(channels))
    return RecipientSettings(
        name, Text(zh=f"{name}师傅", en=name.title()), language, minimum, ways, every_channel
    )


def notice(channel: str = "li-1", key: str = "hoist/drag/1/raised/li/li-1/5", **more) -> Notice:
    fields = {"subject": "【紧急】国旗旗杆：抱闸拖滞", "body": "电机电流 12.5 A\n先做：停机", "device": "hoist", "rule": "drag",
              "occurrence": 1, "priority": 4, "at": 1_790_000_000_000_000_000}  # fmt: skip
    return Notice(key, "li", channel, Purpose.RAISED, "zh", **fields | more)


@dataclass
class RecordedEntry:
    id: int
    notice: Notice
    attempts: int = 0
    next_at: int = 0
    outcomes: list[DeliveryResult] = field(default_factory=list)
    open: bool = True


class RecordedLedger:
    """Who was told what, in memory; as JournalLedger, which reads it from the journal."""

    def __init__(self) -> None:
        self.sent: list[Notice] = []

    def notices(self, device: str, rule: str, occurrence: int) -> list[Notice]:
        mine = (device, rule, occurrence)
        return [one for one in self.sent if (one.device, one.rule, one.occurrence) == mine]

    def pushes(self, recipient: str, since: int) -> list[Notice]:
        return [one for one in self.sent if one.recipient == recipient and one.at >= since]


class RecordingOutbox:
    """What the journal does, in memory; ``full`` refuses to note anything."""

    def __init__(self, *notices: Notice) -> None:
        self.entries = [RecordedEntry(n, one) for n, one in enumerate(notices, start=1)]
        self.full = False

    def add(self, one: Notice) -> RecordedEntry:
        self.entries.append(RecordedEntry(len(self.entries) + 1, one))
        return self.entries[-1]

    async def take(self, now: int, resting: Collection[str] = ()) -> list[RecordedEntry]:
        due = [e for e in self.entries if e.open and e.next_at <= now and e.notice.channel not in resting]
        return [entry for entry in due if not self._is_early(entry, now)]

    def _is_early(self, entry: RecordedEntry, now: int) -> bool:
        one = entry.notice
        thread = one.channel, one.device, one.rule, one.occurrence
        return any(
            (n.channel, n.device, n.rule, n.occurrence) == thread and e.next_at > now
            for e in self.entries
            if e.open and e.id < entry.id and (n := e.notice)
        )

    async def next_due(self) -> int | None:
        return min((entry.next_at for entry in self.entries if entry.open), default=None)

    async def report(self, entry: RecordedEntry, outcome: DeliveryResult, next_at: int | None) -> None:
        if self.full:
            raise StoreFull("no room")
        entry.attempts += 1
        entry.outcomes.append(outcome)
        entry.open, entry.next_at = next_at is not None, next_at or 0
