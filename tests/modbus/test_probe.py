"""The probe tells a technician which of address, word order and model is wrong."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from support.modbus_harness import MODEL, PROFILE, link_to, profile, served, unit
from support.virtual import in_virtual_time

from devices.modbus.probe import Diagnosis, ProbeReport, probe
from devices.profile import ModbusProfile
from devices.unit import ModbusLink, Unit
from simulators.hazards import hazard

HARNESS = profile()
OTHER = profile(profile="other", identity=[{"point": "first", "equals": 77}],
                points={"first": {"address": 900, "doc": "901", "type": "u16"}},
                golden=[{"point": "first", "words": [1], "value": 1}])  # fmt: skip
KNOWN = {"harness": HARNESS, "other": OTHER}


async def _probe(
    asked: ModbusProfile = HARNESS, device_id: int = 1, spoil: str = ""
) -> tuple[ProbeReport, set[int]]:
    async with served([unit(1), unit(4)]) as endpoint:
        if spoil:
            endpoint.inject(None, hazard(spoil))
        report = await probe(link_to(endpoint), replace(unit(model=asked), device_id=device_id), KNOWN)
        return report, set(endpoint.witness)


@in_virtual_time
async def test_the_right_unit_is_told_right() -> None:
    report, functions = await _probe()
    assert report.diagnosis is Diagnosis.OK
    assert [(line.point, line.value, line.ok) for line in report.lines] == [("model", float(MODEL), True)]
    assert functions <= {1, 2, 3, 4}


@in_virtual_time
async def test_a_wrong_word_order_is_named() -> None:
    report, _ = await _probe(spoil="word-order")
    assert report.diagnosis is Diagnosis.WORD_ORDER
    assert "word order" in report.advice[0].en
    assert "字序" in report.advice[0].zh


@in_virtual_time
async def test_off_by_one_is_named_with_its_direction() -> None:
    points = {n: {**p, "address": p["address"] + 1} for n, p in profile().model_dump()["points"].items()}
    shifted = profile(points=points)
    report, _ = await _probe(shifted)
    assert report.diagnosis is Diagnosis.OFF_BY_ONE
    assert "one lower" in report.advice[0].en


@in_virtual_time
async def test_a_wrong_device_id_is_named_with_those_that_answer() -> None:
    report, functions = await _probe(device_id=2)
    assert report.diagnosis is Diagnosis.OTHER_ID
    assert "answers at 1, 4" in report.advice[0].en
    assert functions <= {1, 2, 3, 4}


@in_virtual_time
async def test_another_model_is_named() -> None:
    report, _ = await _probe(OTHER)
    assert report.diagnosis is Diagnosis.OTHER_MODEL
    assert "harness" in report.advice[0].en


@in_virtual_time
async def test_a_model_that_zeros_answer_like_is_no_hint_beside_one_that_says_more() -> None:
    calm = profile(profile="calm", identity=[{"point": "first", "between": [0, 10**5]}])
    async with served([unit(1)]) as endpoint:
        report = await probe(link_to(endpoint), unit(model=OTHER), KNOWN | {"calm": calm})
        alone = await probe(link_to(endpoint), unit(model=OTHER), {"other": OTHER, "calm": calm})
    assert [text.en for text in report.advice if "calm" in text.en] == []
    assert "harness" in report.advice[0].en
    assert "calm" in alone.advice[0].en, "where nothing says more it is named"


@in_virtual_time
async def test_a_unit_that_is_none_of_these_is_told_so() -> None:
    async with served([unit(1)]) as endpoint:
        report = await probe(link_to(endpoint), unit(model=OTHER), {"other": OTHER})
    assert report.diagnosis is Diagnosis.NOT_RECOGNISED
    assert "exception 02" in report.advice[0].en


@in_virtual_time
async def test_silence_is_told_with_what_to_check() -> None:
    report, _ = await _probe(spoil="silent")
    assert report.diagnosis is Diagnosis.SILENT
    assert "id switches" in report.advice[1].en
    assert "one connection only" in report.advice[0].en


async def test_a_device_that_hangs_up_on_a_second_master_is_told_so() -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        report = await probe(ModbusLink("link", "modbus-tcp", "127.0.0.1", port), unit(), KNOWN)
    assert report.diagnosis is Diagnosis.HUNG_UP
    assert "one connection only" in report.advice[0].en


@in_virtual_time
async def test_a_gateway_that_rewrites_ids_is_told_and_no_id_claimed() -> None:
    async with served([unit(1), unit(2), unit(3)]) as endpoint:
        endpoint.inject(None, hazard("wrong-unit"))
        report = await probe(link_to(endpoint), unit(), KNOWN)
    assert report.diagnosis is Diagnosis.STRAY_ANSWER
    assert "Whatever device id is asked, the answer says 247" in report.advice[0].en


@pytest.mark.parametrize("spoil", ["transaction-wrong", "transaction-zero"])
@in_virtual_time
async def test_an_answer_with_another_transaction_id_is_no_silence(spoil: str) -> None:
    report, _ = await _probe(spoil=spoil)
    assert report.diagnosis is Diagnosis.STRAY_ANSWER
    assert "It answers, but with transaction id" in report.advice[0].en


def _partial(**changes: Any) -> Unit:
    points = {name: point for name, point in PROFILE["points"].items() if name != "second"}
    return unit(model=profile(max_gap=0, **{"points": points, **changes}))


@in_virtual_time
async def test_the_planned_reads_are_tried_too() -> None:
    async with served([_partial()]) as endpoint:
        report = await probe(link_to(endpoint), unit(), KNOWN)
    assert report.diagnosis is Diagnosis.READS_REFUSED
    said = "\n".join(text.en for text in report.advice)
    assert "The merged read 2 × holding-register @ 0 is refused and will be made in 2 parts" in said
    assert "These signals cannot be read: device-1.second (exception-02)" in said


@in_virtual_time
async def test_a_merged_read_that_works_in_parts_is_right_with_a_hint() -> None:
    async with served([_partial(points=PROFILE["points"], max_block=2)]) as endpoint:
        report = await probe(link_to(endpoint), unit(model=profile(max_gap=60, max_block=70)), KNOWN)
    assert report.diagnosis is Diagnosis.OK
    assert "will be made in 3 parts" in report.advice[1].en
