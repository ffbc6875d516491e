"""What a journal holds, sealed hours too, into an InfluxDB that does not have it yet: slowly, and once.

How far it has come stands in a file beside the journal, never in it: the journal has one writer. After a kill
the last portion is sent again, the same bytes: InfluxDB makes one point of both.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.plain import plain
from facilityd.model.settings import InfluxSettings
from facilityd.model.whole_file import write_whole
from facilityd.store.batch import LineKind
from facilityd.store.forward import SinkRetryPolicy
from facilityd.store.line_source import ChangeSource, JournalLine, LineSource, SampleSource
from facilityd.store.pending_lines import NextStep, PendingLines
from facilityd.store.reader import JournalReader
from facilityd.store.sink import Sink, WriteAction, WriteOutcome

PORTION = 1000
"""Lines in one write: what is in memory, and what a kill sends again."""
BEHIND = 2000
"""Samples that the daemon itself may have before it; with more it goes first."""
LONGEST_COURTESY_S = 60
"""How long the daemon is let go first, at a time."""
PATIENCE = 12
"""Failures in a row (about ten minutes) after which it is left for another time."""
_POLICY = SinkRetryPolicy(first=1.0, held=1.0, longest=120.0)


@dataclass
class BackfillState:
    """How far a backfill has come; ids of samples and changes.

    ``target`` is which InfluxDB it is for. ``sent`` counts lines that were taken, by stream (``device unit``)
    or ``alarm``; ``refused`` those that it will never take. ``first_at`` and ``last_at`` (ns UTC) enclose
    the samples' instants.
    """

    target: list[str]
    sample_until: int
    change_until: int
    sample: int = 0
    change: int = 0
    sent: dict[str, int] = field(default_factory=dict)
    refused: int = 0
    first_at: int = 0
    last_at: int = 0

    @property
    def lines(self) -> int:
        """How many lines were taken."""
        return sum(self.sent.values())


def target_of(settings: InfluxSettings) -> list[str]:
    """Return what tells one InfluxDB from another; no secret."""
    return [settings.url, settings.org, settings.bucket]


def begin_or_go_on(path: Path, settings: InfluxSettings, reader: JournalReader) -> tuple[BackfillState, bool]:
    """Return where to begin, and whether an earlier run is gone on with.

    Of what the daemon forwards to this sink itself, only what it has passed already is filled in: the rest
    it brings. Raises UsageError where the file of an earlier run cannot be read.
    """
    try:
        told: Any = json.loads(path.read_text(encoding="utf-8"))
        state = BackfillState(**told)
        if state.target == target_of(settings):
            return state, True
    except FileNotFoundError:
        pass
    except (OSError, ValueError, TypeError) as error:
        what = Wording("store.backfill-state-unreadable")
        raise UsageError(what, where=str(path), hint=Wording("store.backfill-again")) from error
    samples, changes = (reader.cursor(settings.id, kind) for kind in (LineKind.SAMPLE, LineKind.CHANGE))
    fresh = BackfillState(
        target_of(settings), samples or reader.last_sample(), changes or reader.last_change()
    )
    return fresh, False


class Backfill:
    """One run. ``rate``: lines a second at most. ``refused``: where lines go that will never be taken.

    ``told`` is called with the state after each portion.
    """

    def __init__(
        self, reader: JournalReader, site: str, sink: Sink, settings: InfluxSettings, state: BackfillState,
        path: Path, *, rate: float, told: Callable[[BackfillState], None] = lambda _: None,
        policy: SinkRetryPolicy = _POLICY,
    ) -> None:  # fmt: skip
        self._reader, self._site, self._sink, self._settings = reader, site, sink, settings
        self._state, self._path, self._rate, self._told, self._policy = state, path, rate, told, policy
        self._shared = reader.cursor(settings.id) > 0

    async def run(self) -> None:
        """Send everything up to where the state says. Raises UsageError where it cannot go on now."""
        changes = ChangeSource(self._reader, self._site, most=PORTION)
        samples = SampleSource(self._reader, self._site, most=PORTION)
        async with self._sink:
            await self._all(changes)
            await self._all(samples)

    async def _all(self, source: LineSource) -> None:
        kind, state = source.kind, self._state
        until = getattr(state, f"{kind}_until")
        while (after := getattr(state, kind)) < until:
            begun = asyncio.get_running_loop().time()
            found, _ = source.read(after)
            lines = [line for line in found if line.id <= until]
            if not lines:
                setattr(state, kind, until)
                break
            refused = await self._deliver(lines)
            self._count(kind, [line for line in lines if line.id not in refused])
            state.refused += len(refused)
            setattr(state, kind, lines[-1].id)
            self._save()
            self._told(state)
            await self._pause(len(lines) / self._rate - (asyncio.get_running_loop().time() - begun))
        self._save()

    def _count(self, kind: LineKind, lines: Sequence[JournalLine]) -> None:
        state = self._state
        for name, count in Counter(_series(kind, line) for line in lines).items():
            state.sent[name] = state.sent.get(name, 0) + count
        if kind is LineKind.SAMPLE and lines:
            ats = [line.at for line in lines]
            state.first_at = min(ats) if not state.last_at else min(state.first_at, *ats)
            state.last_at = max(state.last_at, *ats)

    async def _pause(self, seconds: float) -> None:
        """Keep to the rate, and let the daemon's own forwarding go first while it is behind."""
        await asyncio.sleep(max(0.0, seconds))
        for _ in range(LONGEST_COURTESY_S):
            behind = self._reader.last_sample() - self._reader.cursor(self._settings.id)
            if not self._shared or behind <= BEHIND:
                return
            await asyncio.sleep(1.0)

    async def _deliver(self, lines: Sequence[JournalLine]) -> set[int]:
        """Have each line taken or refused for good; return the ids of those."""
        pending, refused, failures = PendingLines(lines), set[int](), 0
        while (portion := pending.take()) is not None:
            outcome = await self._sink.write([line.text for line in portion])
            taken = outcome.action is WriteAction.TAKEN
            if outcome.action is WriteAction.HELD:
                raise self._stopped(outcome)
            if outcome.action is WriteAction.RETRY:
                step = pending.refused(portion, outcome)
                if step is NextStep.WAIT:
                    failures += 1
                    if failures > PATIENCE:
                        raise self._stopped(outcome)
                    await asyncio.sleep(self._policy.after(outcome, failures))
                if step is not NextStep.PARK:
                    continue
            failures = 0
            if not taken and len(portion) > 1:
                pending.halve(portion)
                continue
            if not taken:
                refused.add(portion[0].id)
                self._set_aside(portion[0], outcome)
            pending.settled(portion, taken=taken)
        return refused

    def _set_aside(self, line: JournalLine, outcome: WriteOutcome) -> None:
        """Write a refused line and why beside the state; twice after a kill, which harms nobody."""
        path = refused_file(self._path)
        try:
            with path.open("ab") as file:
                file.write(f"# {plain(f'{outcome.reason}: {outcome.text}')}\n".encode() + line.text + b"\n")
        except OSError as error:
            raise _no_place(path, error) from error

    def _save(self) -> None:
        try:
            write_whole(self._path, json.dumps(asdict(self._state)).encode(), 0o644)
        except OSError as error:
            raise _no_place(self._path, error) from error

    def _stopped(self, outcome: WriteOutcome) -> UsageError:
        text = plain(f"{outcome.reason}: {outcome.text}" if outcome.text else outcome.reason)
        what = Wording("store.backfill-stopped", text=text)
        return UsageError(what, where=self._settings.place, hint=Wording("store.backfill-goes-on"))


def _no_place(path: Path, error: OSError) -> UsageError:
    what = Wording("store.backfill-no-place", strerror=error.strerror)
    return UsageError(what, where=str(path), hint=Wording("store.backfill-folder"))


def _series(kind: LineKind, line: JournalLine) -> str:
    """Return the head of a line: its measurement and tags."""
    return "alarm" if kind is LineKind.CHANGE else line.series


def refused_file(path: Path) -> Path:
    """Return where the lines are that were refused, by the path of the state."""
    return path.with_name(path.name.removesuffix(".json") + ".refused.lp")
