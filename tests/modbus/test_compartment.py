"""One unit's failure, foreseen or not, is that unit's; and a unit that refuses is there."""

from __future__ import annotations

from typing import Any

import pytest
from support.modbus_harness import link_to, running_bus, served, unit, until
from support.virtual import in_virtual_time

from devices.modbus import bus
from devices.modbus.compiled_unit import CompiledUnit
from devices.modbus.plan import plan_unit
from devices.modbus.poll import poll
from devices.modbus.reader import ReadFailed
from devices.unit import ModbusLink
from facilityd.model.clock import Clock
from facilityd.model.quality import Reason


@in_virtual_time
async def test_a_unit_whose_decoder_fails_is_bad_alone_and_comes_back(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    units, failing = [unit(1), unit(2)], [True]

    async def stumbling(compiled_unit: CompiledUnit, *words: Any) -> Any:
        if failing[0] and compiled_unit.plan.unit.id == "unit-1":
            raise ZeroDivisionError
        return await poll(compiled_unit, *words)

    monkeypatch.setattr(bus, "poll", stumbling)
    async with served(units) as endpoint, running_bus(link_to(endpoint), units) as intake:
        await until(lambda: len(intake.good(2)) >= 5)
        assert intake.good(1) == []
        assert intake.reasons(1) == {Reason.MALFORMED}
        failing[0] = False
        await until(lambda: len(intake.good(1)) >= 2)
    assert intake.reasons(2) == set()
    assert caplog.text.count("Traceback") == 1, "reported once, not at every poll"


class _Says:
    """A reader that says what it was told to say."""

    pause = 0.0

    def __init__(self, *answers: Reason) -> None:
        self._answers = list(answers)

    async def read(self, *_: Any, **__: Any) -> bytes:
        raise ReadFailed(self._answers.pop(0))


@pytest.mark.parametrize(
    ("refusal", "heard"),
    [(Reason.ILLEGAL_ADDRESS, True), (Reason.DEVICE_BUSY, True), (Reason.GATEWAY_PATH, False)],
)
async def test_a_refusal_and_then_silence_is_no_dead_unit(refusal: Reason, heard: bool) -> None:
    compiled_unit = CompiledUnit.of(plan_unit(unit(), ModbusLink("link", "modbus-tcp")))
    result = await poll(compiled_unit, _Says(refusal, Reason.TIMEOUT), Clock())  # type: ignore[arg-type]
    assert result.silent is Reason.TIMEOUT
    assert result.heard is heard
