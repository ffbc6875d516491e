"""Merged reads: legal, complete, and as few as can be."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.modbus_harness import PROFILE, profile, unit

from devices.modbus.decode import register_binding
from devices.modbus.plan import MergedRead, merge, plan_unit
from devices.profile import ModbusProfile
from devices.unit import Binding, ModbusLink, Unit
from facilityd.model.sample import SignalType, Stream

WIDTHS = {"u16": 1, "u32": 2, "u64": 4}


def _reads(
    points: dict[str, dict[str, object]], block: int, gap: int, bound: list[str]
) -> tuple[ModbusProfile, list[MergedRead]]:
    first = next(iter(points))
    model = profile(points=points, max_block=block, max_gap=gap, identity=[{"point": first, "equals": 1}],
                    golden=[{"point": first, "words": [1], "value": 1}])  # fmt: skip
    stream = Stream("d", "f", "u", "l", tuple(bound), (SignalType.FLOAT,) * len(bound))
    bindings = tuple(Binding(n, model.expanded[n], stream, i, SignalType.FLOAT) for i, n in enumerate(bound))
    one = Unit("u", "l", model, (stream,), bindings)
    return model, list(merge([register_binding(b, one) for b in bindings], model))


@st.composite
def layouts(draw: st.DrawFn) -> tuple[dict[str, dict[str, object]], int, int]:
    points: dict[str, dict[str, object]] = {}
    address = draw(st.integers(0, 5))
    for number in range(draw(st.integers(1, 7))):
        kind = draw(st.sampled_from(sorted(WIDTHS)))
        effect = draw(st.integers(0, 9)) == 0
        points[f"p{number}"] = {"address": address, "doc": "x", "type": kind, "side_effect": effect}
        address += WIDTHS[kind] + draw(st.integers(0, 6))
    return points, draw(st.integers(4, 14)), draw(st.integers(0, 5))


@given(layouts(), st.data())
def test_reads_are_legal_complete_and_fewest(
    layout: tuple[dict[str, dict[str, object]], int, int], data: st.DataObject
) -> None:
    points, block, gap = layout
    bound = data.draw(st.lists(st.sampled_from(sorted(points)), min_size=1, unique=True))
    _, reads = _reads(points, block, gap, bound)
    assert sorted(name for read in reads for name in read.names) == sorted(bound)
    spans = {
        n: (int(str(p["address"])), int(str(p["address"])) + WIDTHS[str(p["type"])])
        for n, p in points.items()
    }
    effects = {n for n, p in points.items() if p["side_effect"]}
    for read in reads:
        assert read.count <= block
        inside = sorted(spans[name] for name in read.names)
        assert read.address == inside[0][0]
        assert read.address + read.count == max(end for _, end in inside)
        holes = [b[0] - a[1] for a, b in pairwise(inside)]
        assert all(hole <= gap for hole in holes)
        touched = {
            n for n in effects if spans[n][0] < read.address + read.count and spans[n][1] > read.address
        }
        assert touched <= set(read.names)
        assert not touched or len(read.names) == 1
    assert len(reads) == _fewest(sorted(bound, key=lambda n: spans[n]), spans, effects, block, gap)


def _fewest(
    order: list[str], spans: dict[str, tuple[int, int]], effects: set[str], block: int, gap: int
) -> int:
    """Try every way to cut the ordered points into runs."""

    def legal(run: list[str]) -> bool:
        start, end = spans[run[0]][0], spans[run[-1]][1]
        holes = all(spans[b][0] - spans[a][1] <= gap for a, b in pairwise(run))
        touched = any(spans[n][0] < end and spans[n][1] > start for n in effects)
        return end - start <= block and holes and (not touched or len(run) == 1)

    for cuts in range(len(order)):
        for places in combinations(range(1, len(order)), cuts):
            edges = [0, *places, len(order)]
            if all(legal(order[a:b]) for a, b in pairwise(edges)):
                return cuts + 1
    raise AssertionError("no legal way")


def test_a_value_and_its_sign_come_from_one_read() -> None:
    points = {
        "status": {"address": 0, "doc": "1", "type": "u16"},
        "weight": {"address": 6, "doc": "7", "type": "u32", "sign": {"address": 0, "bit": 7}},
    }
    _, reads = _reads(points, 20, 0, ["weight"])
    assert [(read.address, read.count) for read in reads] == [(0, 8)]


def test_the_base_moves_everything() -> None:
    from dataclasses import replace

    link = ModbusLink("link", "modbus-tcp", "h")
    plain = plan_unit(unit(), link)
    moved = plan_unit(replace(unit(), base=300), link)
    assert [r.address + 300 for r in plain.reads] == [r.address for r in moved.reads]
    assert [r.address + 300 for r in plain.identity] == [r.address for r in moved.identity]
    assert len(plain.reads) == 3
    assert PROFILE["max_gap"] == 2


def test_bus_time_is_that_of_the_wire() -> None:
    (first, *_) = plan_unit(unit(), ModbusLink("l", "modbus-rtu", serial_port="x", baudrate=9600)).reads
    # 8 characters ask, 5 + 2 * 2 answer, two silences of 3.5: 24 characters of 11 bits at 9,600 baud.
    wire = 24 * 11 / 9600
    link = ModbusLink("l", "modbus-rtu", serial_port="x", baudrate=9600)
    assert first.seconds(link) == pytest.approx(wire + 0.010)
