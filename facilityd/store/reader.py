"""The journal as other threads and processes see it: read-only, never in the writer's way."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import apsw

from facilityd.errors import UsageError
from facilityd.model.alarm import AlarmState, ChangeKind
from facilityd.model.downtime import Downtime
from facilityd.model.message import Wording
from facilityd.model.sample import Sample, Stream
from facilityd.store import (
    changes,
    downtimes,
    findings,
    history,
    learning,
)
from facilityd.store.batch import DeadLetterLine, LineKind, RuleCheckpoint, Write
from facilityd.store.dead_letters import DeadLetter, dead_letter_lines, dead_letters
from facilityd.store.files import check_regular, closed_to_us, denied
from facilityd.store.forward_reader import ForwardReader
from facilityd.store.history import Bucket, Carrier, Gap, buckets, explained, points
from facilityd.store.last_good import last_good
from facilityd.store.meta import FINDINGS_BEFORE, JUDGED
from facilityd.store.owner import check_owner, other_version
from facilityd.store.packing import layout
from facilityd.store.record_reader import RecordReader
from facilityd.store.rollup import HOUR, Rollup, merged, number_of, roll, stale_after
from facilityd.store.rollup_blocks import Level
from facilityd.store.rollups import RolledHour, is_due, live_rollups, roll_due
from facilityd.store.rows import (
    StoredChange,
    StoredFinding,
    StoredSample,
    built,
    nameless,
    number_in,
    stream_of,
)
from facilityd.store.schema import VERSION, ForeignFile, connect_reader, select, single, version_of
from facilityd.store.sealed import Point
from facilityd.store.sealing import sealing
from facilityd.store.space import SpaceUse, space_use
from facilityd.store.whole_hours import quick_gaps, sound_hours

T = TypeVar("T")
_STEPS = 10_000
"""Of SQLite's machine, between two looks whether a read should be given up; about a millisecond."""
UNREADABLE = (UsageError, apsw.Error)
"""What reading may end in where the file is gone or damaged."""


class JournalReader(RecordReader):
    """Read-only. Every call ends its own transaction, so that the log can be written back."""

    def __init__(self, db: apsw.Connection) -> None:
        super().__init__(db)
        self._streams: dict[int, Stream] = {}
        self._forward = ForwardReader(db)

    @classmethod
    def open(cls, path: Path, site: str = "") -> Self:
        """Open the journal. Raises UsageError where there is none, or it is of another version or site."""
        check_regular(path)
        try:
            db = connect_reader(path)
            version = version_of(db)
        except (apsw.Error, ForeignFile) as error:
            if closed_to_us(path):
                raise denied(path) from error
            what = Wording("store.no-journal-can-read-here", error=error)
            raise UsageError(what, where=str(path), hint=Wording("store.path-right")) from error
        if version != VERSION:
            db.close()
            raise other_version(path, version)
        try:
            check_owner(db, path, site)
        except UsageError:
            db.close()
            raise
        return cls(db)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def give_up_when(self, late: Callable[[], bool]) -> None:
        """End a read with apsw.Error as soon as ``late`` says so."""
        self._db.set_progress_handler(late, _STEPS)

    @property
    def journal(self) -> Self:
        """Itself: see ``HistoryReader``."""
        return self

    def streams(self) -> dict[int, Stream]:
        """Return every stream there ever was, by id."""
        rows = select(self._db, "SELECT * FROM stream WHERE id > ?", (max(self._streams, default=0),))
        for number, device, unit, family, link, signals, types, expected in rows:
            self._streams[number] = stream_of(device, unit, family, link, signals, types, expected)
        return self._streams

    def stream(self, number: int) -> Stream:
        """Return one stream."""
        found = self._streams.get(number) or self.streams().get(number)
        return found or nameless(f"stream {number}")

    def sample(self, row: StoredSample) -> Sample:
        """Return the sample; its steady clock is gone and reads as ``at``."""
        stream = self.stream(row.stream)
        values, reasons = layout(stream.types).unpack(row.data, row.reasons)
        return Sample(stream, row.at, row.at, values, dict(reasons))

    def oldest(self) -> int:
        """Return the beginning of the hour of the oldest sample that is kept (ns UTC); 0 without any."""
        kept = self.samples_after(0, 1)
        return kept[0].at // HOUR * HOUR if kept else 0

    def samples_after(self, after: int, limit: int) -> list[StoredSample]:
        """Return rows in the order they were stored, from the one after id ``after`` on."""
        return self._forward.read(after, limit)

    def before(self, at: int) -> int:
        """Return the id of the last sample stored for an instant before ``at`` (ns UTC), about; 0 if none."""
        return history.before(self._db, at)

    def latest(self) -> list[StoredSample]:
        """Return the last sample of every stream that still has one."""
        return history.latest(self._db)

    def last_good(self, row: StoredSample, wanted: Collection[int]) -> dict[int, int]:
        """Return, by index, when signals of a row's stream had a good value before it (ns UTC), if lately."""
        return last_good(self._db, row.stream, self.stream(row.stream).types, wanted, row.at)

    def last_sample(self) -> int:
        """Return the id of the last sample ever stored; 0 if there was none."""
        return single(self._db, "SELECT max(sample) FROM tail") or 0

    def last_judged(self) -> int:
        """Return the id of the last sample that the rules have seen."""
        return number_in(self.meta(JUDGED))

    def meta(self, name: str) -> str | None:
        """Return a text that was stored under a name."""
        found: str | None = single(self._db, "SELECT value FROM meta WHERE name = ?", (name,))
        return found

    def cursor(self, sink: str, kind: LineKind = LineKind.SAMPLE) -> int:
        """Return the id of the last sample, or change, that a sink has taken."""
        return single(self._db, f"SELECT {kind} FROM sink WHERE name = ?", (sink,)) or 0  # noqa: S608

    def counters(self) -> dict[str, int]:
        """Return all counters."""
        return dict(select(self._db, "SELECT name, value FROM counter"))

    def alarms(self) -> list[AlarmState]:
        """Return the current state of every alarm that ever was."""
        rows = select(self._db, "SELECT state FROM alarm ORDER BY device, rule")
        return built(rows, lambda row: AlarmState.from_json(row[0]), "alarm")

    def changes(
        self, since: int = 0, limit: int = -1, kinds: Collection[ChangeKind] = ()
    ) -> list[StoredChange]:
        """Return changes (only of ``kinds``) from ``since`` (ns UTC) on, in the order they were stored."""
        return changes.changes_since(self._db, since, limit, kinds)

    def changes_after(self, after: int, limit: int = -1) -> list[StoredChange]:
        """Return changes in the order they were stored, from the one after id ``after`` on."""
        return changes.changes_after(self._db, after, limit)

    def findings_after(self, after: int = 0, limit: int = -1) -> list[StoredFinding]:
        """Return verdicts in the order they were stored, from the one after id ``after`` on."""
        return findings.findings_after(self._db, after, limit)

    def verdicts(self) -> list[StoredFinding]:
        """Return the newest finding of every rule on every device that was ever evaluated."""
        return findings.verdicts(self._db)

    def checkpoint(self) -> RuleCheckpoint:
        """Return what the rules kept over a restart; of sample 0 where there is nothing."""
        return learning.load_checkpoint(self._db)

    def downtimes(self, since: int, until: int) -> list[Downtime]:
        """Return the times in which nobody watched that touch a span (ns UTC), in order."""
        return downtimes.downtimes(self._db, since, until)

    def judged_before(self) -> int:
        """Return the id of the last finding that was told before the daemon's last start."""
        return number_in(self.meta(FINDINGS_BEFORE))

    def last_finding(self) -> int:
        """Return the id of the last finding that is kept; 0 where there is none."""
        return findings.last_finding(self._db)

    def last_judged_at(self) -> int:
        """Return the newest instant (ns UTC) of the findings stored last; 0 where there is none."""
        return findings.last_judged_at(self._db)

    def started(self, at: int) -> int:
        """Return the last start of the daemon up to an instant, ns UTC; 0 where none is on record."""
        return downtimes.started(self._db, at)

    def dead_letter_count(self) -> int:
        """Return how many records were set aside."""
        return int(single(self._db, "SELECT count(*) FROM dead_letter") or 0)

    def dead_letters(self) -> list[DeadLetter]:
        """Return the records that could not be read and were set aside, oldest first."""
        return dead_letters(self._db)

    def dead_letter_lines(self, after: int = 0, limit: int = -1) -> list[DeadLetterLine]:
        """Return the lines that sinks refused."""
        return dead_letter_lines(self._db, after, limit)

    def history(self, device: str, signal: str, since: int, until: int) -> Iterator[Point]:
        """Iterate over (at, value, reason) with since <= at < until, in ns UTC."""
        return points(self._db, self._carriers(device, signal), since, until)

    def buckets(self, device: str, signal: str, since: int, until: int, width: int) -> Iterator[Bucket]:
        """Iterate over the buckets of ``width`` ns that hold anything; the first starts at ``since``."""
        return buckets(self.history(device, signal, since, until), since, width)

    def rollups(self, device: str, signal: str, since: int, until: int, level: Level) -> list[Rollup]:
        """Return a signal's buckets of a level that start at since <= start < until (ns UTC), in order.

        Those without samples, and without a value that held into them, are not there.
        """
        parts = [
            live_rollups(self._db, one.stream, one.types, one.expected, one.index, level, since, until)
            for one in self._carriers(device, signal)
        ]
        return parts[0] if len(parts) == 1 else merged(parts)

    def of_signal(
        self, device: str, signal: str, work: Callable[[apsw.Connection, Sequence[Carrier]], T]
    ) -> T:
        """Return what ``work`` makes of the streams that carry a signal."""
        return work(self._db, self._carriers(device, signal))

    def rolled(self, device: str, signal: str, since: int, until: int, width: int) -> list[Rollup]:
        """Return a signal's buckets of any ``width`` (ns) within since..until, from its samples."""
        parts = []
        for one in self._carriers(device, signal):
            stale = stale_after(one.expected)
            samples = (
                (at, number_of(value), reason is None)
                for at, value, reason in points(self._db, [one], since - stale, until)
            )
            parts.append(roll(samples, since, until, width, stale))
        return parts[0] if len(parts) == 1 else merged(parts)

    def rollup_due(self, until: int) -> bool:
        """Return whether an hour that ended before an instant (ns UTC) is to be rolled up."""
        return is_due(self._db, until)

    def roll_due(self, until: int, horizon: int, most: int, budget: float) -> tuple[RolledHour, ...]:
        """Return hours that are due, rolled up, for a ``RolledHoursWrite``; see there and ``RollupWrite``."""
        return roll_due(self._db, until, horizon, most, budget)

    def sealing(self, until: int) -> Iterator[Write | None]:
        """Iterate over what seals the days that end by an instant (ns UTC); see ``store.sealing``."""
        return sealing(self._db, until)

    def space(self) -> SpaceUse:
        """Return what takes the room."""
        return space_use(self._db)

    def gaps(
        self, device: str, signal: str, since: int, until: int, unrecorded: Sequence[Downtime] = ()
    ) -> Iterator[Gap]:
        """Iterate over silences beyond 3 periods and bad values; ``unrecorded``: downtimes not stored yet."""
        carriers, oldest = self._carriers(device, signal), self.oldest()
        expected = max((one.expected for one in carriers), default=0)
        rolled = partial(self.rollups, device, signal)
        known = partial(sound_hours, self._db, carriers[0].stream, rolled) if len(carriers) == 1 else None
        found = quick_gaps(partial(self.history, device, signal), known, expected, (since, until), oldest)
        return explained(found, [*self.downtimes(since, until), *unrecorded], expected)

    def _carriers(self, device: str, signal: str) -> list[Carrier]:
        return [
            Carrier(number, stream.types, stream.signals.index(signal), stream.expected)
            for number, stream in self.streams().items()
            if stream.device == device and signal in stream.signals
        ]
