"""What came of a reply over a broker, told where it came from: ``PREFIX/reply/result``, never retained.

    {"reply": "…", "device": "fire", "rule": "active", "accepted": false, "why": {"zh": "…", "en": "…"}}

``reply`` is the beginning of the signature that was sent, by which the sender knows its own.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from facilityd.model.command import AcknowledgeAlarm
from facilityd.model.refusal import read, stored
from facilityd.model.sample import NS
from facilityd.store.reader import JournalReader

LOOK_S = 1.0
WAITS = 120 * NS
"""So long (ns) the daemon may take over a reply; a full disk holds its record back."""
MOST = 50
_SIGNATURE = re.compile(rb'"signature"\s*:\s*"([0-9a-f]{32})[0-9a-f]{32}"')


@dataclass(slots=True)
class ReplyResults:
    """Replies of one channel whose result is not told yet; at most ``MOST`` of each kind are kept."""

    journal: Path
    clock: Callable[[], int]
    _waiting: dict[str, AcknowledgeAlarm] = field(default_factory=dict)
    _due: list[str] = field(default_factory=list)

    @property
    def pending(self) -> tuple[int, int]:
        """How many replies have no result yet, and how many results are not told."""
        return len(self._waiting), len(self._due)

    def taken(self, reply: AcknowledgeAlarm) -> None:
        """Note a reply that the inbox has."""
        if len(self._waiting) < MOST:
            self._waiting[reply.id] = reply

    def refused(self, payload: bytes, why: str) -> None:
        """Note a message that was no reply; nothing of it is told back but the beginning of its signature."""
        found = _SIGNATURE.search(payload)
        told = {"reply": found[1].decode() if found else "", "accepted": False, "why": _texts(stored(why))}
        if len(self._due) < MOST:
            self._due.append(json.dumps(told, ensure_ascii=False))

    async def tell(self, publish: Callable[[str], Awaitable[None]]) -> None:
        """Publish each result as soon as it is on record, until cancelled."""
        with JournalReader.open(self.journal) as reader:
            while True:
                self._look(reader)
                while self._due:
                    await publish(self._due[0])
                    del self._due[0]
                await asyncio.sleep(LOOK_S)

    def _look(self, reader: JournalReader) -> None:
        now = self.clock()
        for name, reply in list(self._waiting.items()):
            result = reader.command_result(name)
            if result is not None:
                told = {
                    "reply": name, "device": reply.device, "rule": reply.rule, "occurrence": reply.occurrence,
                    "accepted": not result, "why": _texts(result),
                }  # fmt: skip
                self._due.append(json.dumps(told, ensure_ascii=False))
            if result is not None or now - reply.at > WAITS:
                del self._waiting[name]


def _texts(kept: str) -> dict[str, str] | str:
    """Return why in both languages, or nothing where there is no reason."""
    found = read(kept) if kept else None
    return {"zh": found.zh, "en": found.en} if found else ""
