"""What a signal was at an instant: its last value up to then, how old, and whether it still held."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from facilityd.app.builtin import all_devices
from facilityd.config.site import Site
from facilityd.model.sample import NS, STALE_PERIODS, Value
from facilityd.query.history import DAY, HOUR
from facilityd.query.instants import iso_instant
from facilityd.query.selection import SignalName
from facilityd.store.history_reader import HistoryReader
from facilityd.store.reader import JournalReader

_STEPS = (HOUR, DAY, 8 * DAY, 64 * DAY, 400 * DAY)
"""How far back is looked, one step after the other."""
_SHORT_STEPS = (*(HOUR << n for n in range(14)), 400 * DAY)
"""The same in the journal, where a step costs what it finds and not a question to another machine."""


@dataclass(frozen=True, slots=True)
class ValueAsOf:
    """The last sample of a signal up to an instant, at ``at`` (ns UTC); without one ``at`` is None.

    ``quality`` is ``good`` or the reason why not; ``age`` in ns; ``held``: it was a value, and not yet stale.
    """

    device: str
    signal: str
    at: int | None
    value: Value | None
    quality: str
    age: int | None
    held: bool

    def plain(self, zone: str) -> dict[str, Any]:
        """Return data for JSON; ``time`` in the site's zone."""
        return {
            "device": self.device, "signal": self.signal,
            "time": None if self.at is None else iso_instant(self.at, zone), "value": self.value,
            "quality": self.quality, "age_s": None if self.age is None else self.age / NS, "held": self.held,
        }  # fmt: skip


def read_as_of(
    site: Site, reader: HistoryReader, names: Iterable[SignalName], at: int
) -> list[ValueAsOf]:  # fmt: skip
    """Return what each signal was at an instant (ns UTC). It is looked for at most 400 days back."""
    known, steps = all_devices(site), _SHORT_STEPS if isinstance(reader, JournalReader) else _STEPS
    found: list[ValueAsOf] = []
    last: dict[tuple[str, str], int] = {}
    for device, signal in names:
        streams = [one for one in known[device].streams if signal in one.signals]
        stale = STALE_PERIODS * max((one.expected for one in streams), default=0)
        # What one unit says comes at once: where its last word on another signal was, this one's is too.
        ago = [at - last[key] for key in ((device, one.unit) for one in streams) if key in last]
        one = _one(reader, (device, signal), at, stale, [*sorted(ago), *steps])
        found.append(one)
        for stream in streams if one.at is not None else ():
            last[device, stream.unit] = one.at or 0
    return found


def _one(reader: HistoryReader, name: SignalName, at: int, stale: int, steps: Iterable[int]) -> ValueAsOf:
    device, signal = name
    until = at + 1
    for step in steps:
        since = at - step
        if since >= until:
            continue
        last = deque(reader.history(device, signal, since, until), 1)
        if last:
            when, value, reason = last[0]
            held = value is not None and at - when <= stale
            return ValueAsOf(device, signal, when, value, str(reason or "good"), at - when, held)
        until = since
    return ValueAsOf(device, signal, None, None, "nothing-stored", None, held=False)
