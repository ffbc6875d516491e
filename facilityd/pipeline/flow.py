"""The stages of the pipeline in order; ``samples`` is the way of everything that is read.

    intake ─> journal (commit) ─> detect ─> alarm ─> journal (changes with their notices)

Nothing here reads a clock: instants come with the samples, or are handed in with a tick.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress

from facilityd.alarm.clock_set import STEP
from facilityd.alarm.table import AlarmEvent
from facilityd.errors import StoreFull, UsageError
from facilityd.model.alarm import AlarmState, Change
from facilityd.model.baseline import Baseline
from facilityd.model.command import AlarmCommand
from facilityd.model.command_record import CommandRecord
from facilityd.model.finding import Evidence, Finding
from facilityd.model.notice import Notice
from facilityd.model.readiness import Check
from facilityd.model.sample import Sample
from facilityd.model.task import TaskEvent
from facilityd.pipeline.ingest_queue import IngestBatch, IngestQueue
from facilityd.pipeline.pending_writes import PendingWrites, WriteGroup
from facilityd.pipeline.spilled import Spilled
from facilityd.pipeline.stages import AlarmStage, RuleStage
from facilityd.pipeline.writer import Commits, Keeps, Writer
from facilityd.store.batch import Attempt, Batch, ChangeRecord, FindingRecord, Receipt, RuleCheckpoint
from facilityd.store.commands import CommandWrite
from facilityd.store.learning import BaselineWrite, CheckpointWrite
from facilityd.store.meta import JudgedWrite
from facilityd.store.outbox import AttemptWrite
from facilityd.store.samples import SampleWrite
from facilityd.store.spill import ROOM

log = logging.getLogger(__name__)


class Flow:
    """One direction, small stages."""

    def __init__(
        self,
        ingest_queue: IngestQueue,
        journal: Commits,
        writer: Writer,
        engine: RuleStage,
        alarms: AlarmStage,
        told: Callable[[Change], Awaitable[Sequence[Notice]]],
        spill: Keeps | None = None,
        spilled: Spilled | None = None,
        priority: Callable[[str, str], str] = lambda _device, _rule: "",
    ) -> None:
        self._priority = priority
        self._spill, self._held = spill, PendingWrites()
        if spilled and spilled.token:
            self._held.take_back(spilled)
        self._ingest_queue, self._journal, self._writer = ingest_queue, journal, writer
        self._engine, self._alarms, self._told = engine, alarms, told
        self._order = asyncio.Lock()
        self._judged: int | None = None
        self.drift: int | None = None
        self.held, self.unwritten = self._held, self._held.unwritten
        self.full = False
        self.on_notices: Callable[[], None] = lambda: None
        self.on_judged: Callable[[], None] = lambda: None

    async def run(self) -> None:
        """Work until the ingest queue is closed, then take what is left."""
        while not self._ingest_queue.closed:
            await self.samples(await self._ingest_queue.take())
        await self.samples(self._ingest_queue.take_now())

    async def samples(self, intake: IngestBatch) -> None:
        """Commit first, then evaluate. A full disk loses history, never an alarm."""
        async with self._order:
            try:
                receipt = await self._commit([SampleWrite(intake.samples), JudgedWrite(self._judged)])
            except StoreFull as full:
                intake.done(full)
                causes: dict[str, int] = {}
            else:
                intake.done()
                causes = _causes(intake.samples, receipt)
                if intake.samples:
                    self._judged = receipt.ids[-1]
            await self._record(self._engine.evaluate(intake.samples), causes)
        self.on_judged()

    async def tick(self, steady: int, at: int) -> None:
        """Let time pass: holds, silence, what expires, and what could not be written before."""
        async with self._order:
            await self._change(self._clock_set(at - steady, at))
            await self._record(self._engine.tick(steady, at), {})
            await self._change(self._alarms.tick(at))

    def _clock_set(self, drift: int, at: int) -> Sequence[Change]:
        """Return the changes where somebody has set the clock: no alarm waits longer for it."""
        by, self.drift = 0 if self.drift is None else drift - self.drift, drift
        return self._alarms.clock_set(by, at) if abs(by) >= STEP else ()

    async def _change(self, changes: Sequence[Change]) -> None:
        if recorded := [await self._recorded(change) for change in changes]:
            await self._write(WriteGroup(recorded=recorded))

    async def rejudge(self, samples: Sequence[Sample], ids: Sequence[int]) -> None:
        """Evaluate what was committed before a crash and not evaluated any more."""
        async with self._order:
            causes = {sample.stream.device: id_ for sample, id_ in zip(samples, ids, strict=True)}
            if ids:
                self._judged = ids[-1]
            await self._record(self._engine.evaluate(samples), causes)

    async def remember(self) -> None:
        """Store what the rules must not lose, together with the last sample that is in it."""
        async with self._order:
            if self._judged is None:
                return  # what was stored before still holds
            checkpoint = RuleCheckpoint(self._judged, self._engine.checkpoint())
            with suppress(StoreFull):  # the older memory is as true, and goes on from its own sample
                await self._commit([JudgedWrite(self._judged), CheckpointWrite(checkpoint)])

    async def operate(self, event: AlarmEvent, command: AlarmCommand, record: CommandRecord) -> str:
        """Carry out what a person asks of an alarm; return why it was refused, or nothing.

        ``record`` becomes durable together with the change: at once, or when the disk has room again.
        """
        async with self._order:
            try:
                change = self._alarms.operate(event, command, record.done_at)
            except UsageError as refused:
                return str(refused)
            recorded = await self._recorded(change)
            await self._write(WriteGroup(recorded=[recorded], commands=[record]))
            return ""

    async def work(
        self,
        events: Sequence[TaskEvent],
        notices: Sequence[Notice] = (),
        record: CommandRecord | None = None,
        asked: Sequence[tuple[AlarmEvent, AlarmCommand]] = (),
    ) -> None:
        """Store what happened to tasks, and what that asks of their alarms; what an alarm refuses is left."""
        async with self._order:
            recorded = []
            for event, command in asked:
                with suppress(UsageError):
                    change = self._alarms.operate(event, command, events[0].at)
                    recorded.append(await self._recorded(change))
            commands = [record] if record else []
            await self._write(WriteGroup((), recorded, (), notices, commands, events))

    def pending_notices(self) -> Sequence[Notice]:
        """Return the notices that the journal may not have yet, without those that were refused for good."""
        return self._held.notices

    async def carry_out(self, move: Callable[[], Sequence[Change]], record: CommandRecord) -> bool:
        """Make the changes that a person asks for, with the record; return whether there are any."""
        async with self._order:
            recorded = [await self._recorded(change) for change in move()]
            if recorded:
                await self._write(WriteGroup(recorded=recorded, commands=[record]))
            return bool(recorded)

    def holds(self, command: str) -> bool:
        """Return whether a command, by its id, was carried out and waits for room on the disk."""
        return any(record.id == command for record in self._held.commands)

    async def tell(self, checks: Sequence[Check], notices: Sequence[Notice]) -> None:
        """Store checks with their notices; on a full disk the notices leave all the same."""
        async with self._order:
            await self._write(WriteGroup(checks=checks, notices=notices))

    async def retire(self, ended: Iterable[tuple[AlarmState, Evidence]], at: int) -> None:
        """End alarms that nothing watches any more, each for its reason, at an instant in ns UTC."""
        async with self._order:
            changes = [self._alarms.retire(state.device, state.rule, why, at) for state, why in ended]
            recorded = [await self._recorded(c) for c in changes if c]
            if recorded:
                await self._write(WriteGroup(recorded=recorded))

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Within, nothing is committed and nothing evaluated; what comes in waits."""
        async with self._order:
            yield

    def adopt(
        self,
        alarms: AlarmStage,
        told: Callable[[Change], Awaitable[Sequence[Notice]]],
        priority: Callable[[str, str], str],
    ) -> None:
        """Go on with other alarms and other people to tell; call within ``paused``."""
        self._alarms, self._told, self._priority = alarms, told, priority

    async def record(self, commands: Sequence[CommandRecord]) -> None:
        """Store what people asked and what came of it: at once, or when the disk has room again."""
        async with self._order:
            await self._write(WriteGroup(commands=commands))

    async def learn(self, baseline: Baseline, record: CommandRecord) -> None:
        """Evaluate against a baseline from now on, once it is durable. Raises StoreFull."""
        async with self._order:
            await self._commit([BaselineWrite((baseline,)), CommandWrite((record,))])
            self._engine.set_baseline(baseline.device, baseline.rule, baseline)

    async def service(self, batch: Batch, device: str, rules: Sequence[str]) -> None:
        """Let rules forget what was before a service, once it is durable. Raises StoreFull."""
        async with self._order:
            if self._judged is not None:  # a crash must not bring back what was forgotten
                kept = self._engine.checkpoint_serviced(device, rules)
                checkpoint = CheckpointWrite(RuleCheckpoint(self._judged, kept))
                batch = [*batch, JudgedWrite(self._judged), checkpoint]
            await self._commit(batch)
            self._engine.service(device, rules)

    async def note(self, attempt: Attempt) -> bool:
        """Remember an attempt at a notice that only memory has; False where the journal has it."""
        async with self._order:
            noted = self.unwritten.note(attempt)
            if noted:
                await self._keep()
            return noted

    async def commit(self, batch: Batch) -> Receipt:
        """Write something that is nobody's sample: cursors, delivery attempts."""
        self._held.written += 1
        async with self._order:
            return await self._commit(batch)

    async def _record(self, findings: Iterable[Finding], causes: dict[str, int]) -> None:
        judged, recorded = [], []
        for finding in findings:
            cause = causes.get(finding.device)
            judged.append(FindingRecord(finding, cause))
            recorded += [await self._recorded(change, cause) for change in self._alarms.apply(finding)]
        if judged or self._held.parts:
            await self._write(WriteGroup(judged, recorded))

    async def _recorded(self, change: Change, cause: int | None = None) -> ChangeRecord:
        """Return a change that was just made, with its notices and the alarm's state after it."""
        after = self._alarms.state(change.device, change.rule)
        priority = self._priority(change.device, change.rule)
        notices = tuple(await self._told(change))
        self._held.planned += notices
        return ChangeRecord(change, cause, notices, after.state_name, after.condition, priority)

    async def _write(self, part: WriteGroup) -> None:
        held = self._held
        held.add(part)
        tried = self.unwritten.attempts()
        try:
            await self._commit(held.batch(self._alarms.state, tried, self._judged))
        except StoreFull:
            held.keep(part)
            if part.all_notices or part.recorded or part.commands or part.tasks:
                await self._keep()
            self.on_notices()  # people are notified although the disk is full
            return
        except BaseException:
            held.parts.pop()  # what can never be written must not take every later alarm with it
            raise
        told = any(part.all_notices for part in held.parts)
        held.parts.clear()
        if held.token:
            held.token = ""
            await self._keep()
        if later := self.unwritten.settle(tried):
            with suppress(StoreFull):  # then somebody gets a double, with the same key
                await self._commit([AttemptWrite(later)])
        if told:
            self.on_notices()

    async def _keep(self) -> None:
        """Let what memory alone has outlive a crash: nobody is left without the end of what was told."""
        spill, spilled = self._spill, self._held.spilled(self._alarms.state)
        if spill:  # packing takes as long as a poll, or longer: not in the loop
            await self._writer.call(lambda: spill.write(spilled.pack(ROOM) if spilled else b""))

    async def _commit(self, batch: Batch) -> Receipt:
        try:
            receipt = await self._writer.call(self._journal.commit, batch)
        except StoreFull as full:
            log.log(logging.DEBUG if self.full else logging.WARNING, "%s", full)
            self.full = True
            raise
        if self.full:
            log.info("the journal has room again")
        self.full = False
        return receipt


def _causes(samples: Sequence[Sample], receipt: Receipt) -> dict[str, int]:
    return {sample.stream.device: id_ for sample, id_ in zip(samples, receipt.ids, strict=True)}
