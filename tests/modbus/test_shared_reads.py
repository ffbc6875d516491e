"""Units of one model share what decodes their answers; one that is bound otherwise has its own."""

from __future__ import annotations

from dataclasses import replace

from modbus.test_parts import unit

from devices.modbus.compiled_unit import CompiledUnit
from devices.modbus.plan import plan_unit
from devices.modbus.unit_decode import compile_poll_decoder
from devices.unit import ModbusLink, Unit

LINKS = [ModbusLink(name, "modbus-tcp", "192.0.2.1", 502) for name in ("one", "two")]


def _compiled(one: Unit, link: ModbusLink) -> CompiledUnit:
    return CompiledUnit.of(plan_unit(one, link))


def _decode(compiled: CompiledUnit) -> object:
    blocks = [(read.fields, decoder) for read, decoder in compiled.blocks]
    return compile_poll_decoder(compiled.plan.unit.streams, blocks)


def test_units_of_one_model_share_their_decoders() -> None:
    first, second = (_compiled(replace(unit(), id=link.id, link=link.id), link) for link in LINKS)
    assert first.blocks
    for (_, mine), (_, theirs) in zip(
        first.blocks + first.probes, second.blocks + second.probes, strict=True
    ):
        assert mine is theirs
    assert _decode(first) is _decode(second)


def test_another_bound_or_base_address_is_another_decoder() -> None:
    one = unit()
    binding = one.bindings[0]
    bounded = replace(one, bindings=(replace(binding, high=1.5), *one.bindings[1:]))
    moved = replace(one, base=one.base + 100)
    known = {id(decoder) for _, decoder in _compiled(one, LINKS[0]).blocks}
    for other in (bounded, moved):
        compiled = _compiled(other, LINKS[1])
        assert not known >= {id(decoder) for _, decoder in compiled.blocks}
        assert _decode(compiled) is not _decode(_compiled(one, LINKS[0]))
