"""From bound points to the fewest legal reads, compiled once per unit."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from devices.modbus.decode import BlockDecoder, RegisterBinding, compile_block, register_binding
from devices.profile import ModbusProfile, Point, Table
from devices.unit import Binding, ModbusLink, Unit
from facilityd.model.sample import NS, SignalType

MAX_BITS = 2000  # coils or discrete inputs in one read (Modbus V1.1b3, 6.1)
TURNAROUND_S = 0.010  # assumed time a unit takes to start its answer
TCP_ROUND_S = 0.005  # assumed round trip on a local network
RTU_CHARACTER_BITS = 11  # start, 8 data, parity or second stop, stop


@dataclass(frozen=True, slots=True)
class RegisterSpan:
    """Neighbouring registers that must come from one read: a value with its sign word."""

    start: int
    end: int  # exclusive
    fields: tuple[RegisterBinding, ...]
    alone: bool = False


@dataclass(frozen=True, slots=True)
class MergedRead:
    """One request: ``count`` registers (or bits) of a table, and what to do with them."""

    table: Table
    address: int
    count: int
    fields: tuple[RegisterBinding, ...]
    _decoder: list[BlockDecoder] = dataclasses.field(
        default_factory=list, init=False, compare=False, repr=False
    )

    @property
    def decoder(self) -> BlockDecoder:
        """What decodes its answers, compiled when it is first asked for."""
        if not self._decoder:
            self._decoder.append(compile_block(self.table, self.address, self.count, self.fields))
        return self._decoder[0]

    @property
    def names(self) -> tuple[str, ...]:
        """Points this read brings."""
        return tuple(field.name for field in self.fields)

    def seconds(self, link: ModbusLink) -> float:
        """Return the bus time of request, turnaround and answer (Modbus over Serial Line V1.02, 2.5)."""
        if link.protocol == "modbus-tcp":
            return TCP_ROUND_S
        data = (self.count + 7) // 8 if self.table.is_bits else 2 * self.count
        characters = 8 + (5 + data) + 2 * 3.5
        return characters * RTU_CHARACTER_BITS / link.baudrate + TURNAROUND_S


@dataclass(frozen=True, slots=True)
class UnitPlan:
    """Every read of a unit, the probe that proves it is the right one, and its timings in s."""

    unit: Unit
    profile: ModbusProfile
    reads: tuple[MergedRead, ...]
    identity: tuple[MergedRead, ...]
    timeout: float
    min_interval: float
    has_side_effect: bool = dataclasses.field(init=False)
    """Whether reading changes the device."""

    def __post_init__(self) -> None:
        found = any(binding.side_effect for read in self.reads for binding in read.fields)
        object.__setattr__(self, "has_side_effect", found)

    def busy(self, link: ModbusLink) -> float:
        """Return the bus time in s of one whole poll."""
        return sum(read.seconds(link) for read in self.reads)


def plan_unit(unit: Unit, link: ModbusLink) -> UnitPlan:
    """Compile a unit's bindings into reads."""
    profile = unit.profile
    if not isinstance(profile, ModbusProfile):
        raise TypeError(f"{unit.id} is not a Modbus unit")
    points = profile.expanded
    fields = [register_binding(binding, unit) for binding in unit.bindings]
    probes = [
        Binding(expect.point, points[expect.point], unit.streams[0], number, SignalType.FLOAT)
        for number, expect in enumerate(profile.identity)
    ]
    wait = link.timeout or profile.timeout
    return UnitPlan(
        unit,
        profile,
        reads=tuple(map(shared, merge(fields, profile, unit.base))),
        identity=tuple(map(shared, merge([register_binding(b, unit) for b in probes], profile, unit.base))),
        timeout=wait / NS,
        min_interval=profile.min_interval / NS,
    )


_SHARED: dict[tuple[Table, int, int], list[MergedRead]] = {}
MOST_SHARED = 16
"""So many different reads of one span of registers are remembered."""


def shared(read: MergedRead) -> MergedRead:
    """Return the read that an earlier unit has, where it is the same: a thousand units of one model keep one.

    Equal reads have equal decoders, which nothing changes.
    """
    known = _SHARED.setdefault((read.table, read.address, read.count), [])
    for other in known:
        if other == read:
            return other
    known.append(read)
    del known[:-MOST_SHARED]
    return read


def merge(fields: Iterable[RegisterBinding], profile: ModbusProfile, base: int = 0) -> Iterator[MergedRead]:
    """Yield the fewest reads that cover the fields within the profile's block and gap limits.

    Left to right is optimal for intervals. A register that changes the device when read
    stands alone and is never bridged over.
    """
    by_table: dict[Table, list[RegisterSpan]] = {}
    for field in fields:
        by_table.setdefault(field.table, []).append(_span(field))
    for table, spans in by_table.items():
        limit = MAX_BITS if table.is_bits else profile.max_block
        untouchable = _side_effects(profile, table, base)
        yield from _merge_table(
            table, sorted(spans, key=lambda s: (s.start, s.end)), limit, profile.max_gap, untouchable
        )


def _side_effects(profile: ModbusProfile, table: Table, base: int) -> set[int]:
    points: Iterable[Point] = profile.expanded.values()
    return {
        point.address + base + n
        for point in points
        if point.side_effect and point.table is table
        for n in range(point.words)
    }


def _span(field: RegisterBinding) -> RegisterSpan:
    start = min(field.address, field.sign_address if field.sign_address is not None else field.address)
    last = field.address + field.words
    end = max(last, field.sign_address + 1 if field.sign_address is not None else last)
    return RegisterSpan(start, end, (field,), alone=field.side_effect)


def _merge_table(
    table: Table, spans: list[RegisterSpan], limit: int, gap: int, untouchable: set[int]
) -> Iterator[MergedRead]:
    current: RegisterSpan | None = None
    for span in spans:
        joined = current and _join(current, span, limit, gap, untouchable)
        if joined:
            current = joined
            continue
        if current:
            yield _read(table, current)
        current = span
    if current:
        yield _read(table, current)


def _join(
    left: RegisterSpan, right: RegisterSpan, limit: int, gap: int, untouchable: set[int]
) -> RegisterSpan | None:
    end = max(left.end, right.end)
    if end - left.start > limit or right.start - left.end > gap:
        return None
    same = (left.start, left.end) == (right.start, right.end)
    if (left.alone or right.alone) and not (same and left.alone and right.alone):
        return None
    if not left.alone and untouchable.intersection(range(left.end, right.start)):
        return None
    return RegisterSpan(left.start, end, left.fields + right.fields, left.alone)


def _read(table: Table, span: RegisterSpan) -> MergedRead:
    return MergedRead(table, span.start, span.end - span.start, span.fields)


def halves(read: MergedRead) -> tuple[MergedRead, MergedRead] | None:
    """Return a read in two, cut near its middle where no value lies across; None where it is one value."""
    spans = sorted(map(_span, read.fields), key=lambda span: (span.start, span.end))
    middle, best, end = read.address + read.count / 2, None, spans[0].end
    for number, span in enumerate(spans[1:], 1):
        nearer = best is None or abs(span.start - middle) < abs(spans[best].start - middle)
        if span.start >= end and nearer:
            best = number
        end = max(end, span.end)
    if best is None:
        return None
    first, second = spans[:best], spans[best:]
    return _whole(read.table, first), _whole(read.table, second)


def _whole(table: Table, spans: list[RegisterSpan]) -> MergedRead:
    start, end = spans[0].start, max(span.end for span in spans)
    return MergedRead(table, start, end - start, tuple(field for span in spans for field in span.fields))


__all__ = ["MergedRead", "UnitPlan", "halves", "merge", "plan_unit"]
