"""What identity checks found in the same bytes is known; other bytes, or other reads, are decoded anew."""

from __future__ import annotations

from modbus.test_parts import unit

from devices.modbus.compiled_unit import CompiledUnit, compile_reads
from devices.modbus.identity import recognised
from devices.modbus.plan import plan_unit
from devices.unit import ModbusLink

LINK = ModbusLink("link", "modbus-tcp", "192.0.2.1", 502)


def _unit() -> CompiledUnit:
    return CompiledUnit.of(plan_unit(unit(), LINK))


def _payloads(compiled: CompiledUnit, byte: int) -> list[bytes]:
    return [bytes([byte]) * 2 * read.count for read, _ in compiled.probes]


def test_the_same_bytes_are_decoded_once_and_others_anew() -> None:
    compiled = _unit()
    first = compiled.probed(_payloads(compiled, 0))
    assert len(first) == len(compiled.plan.profile.identity) > 0
    assert compiled.probed(_payloads(compiled, 0)) is first
    other = compiled.probed(_payloads(compiled, 1))
    assert other != first
    assert compiled.probed(_payloads(compiled, 0)) == first


def test_what_was_found_by_other_reads_is_forgotten() -> None:
    compiled = _unit()
    first = compiled.probed(_payloads(compiled, 0))
    compiled.probe_as(compile_reads(compiled.plan.identity))
    assert compiled.probed(_payloads(compiled, 0)) is not first
    again = compiled.probed(_payloads(compiled, 0))
    compiled.forget()
    assert compiled.probed(_payloads(compiled, 0)) is not again


def test_whether_it_is_recognised_is_what_the_probe_says_however_often_it_is_asked() -> None:
    compiled = _unit()
    for byte in (0, 1, 0, 1, 1):
        answers = compiled.probed(_payloads(compiled, byte))
        for again in (False, True, True, False):
            found = compiled.recognised(answers, constants_only=again)
            assert found == recognised(answers, constants_only=again)
        assert compiled.recognised((), constants_only=False) is None, "answers of other reads are looked at"
