"""facilityd hardware try: before there is a site, is the unit at this address the model on its nameplate?"""

from __future__ import annotations

import json
import os
import pty

import pytest
from support.cupboard import cupboard
from support.daemon import facilityd

from simulators.endpoint import READS

METER, OTHER = "eastron_sdm630", "chint_dtsu666"


async def test_the_right_model_is_confirmed_and_goes_into_a_site_as_it_was_tried(tmp_path) -> None:
    async with cupboard({3: METER}) as endpoint:
        said = await facilityd("hardware", "try", METER, endpoint.address, 3, "--lang", "en")
        chinese = await facilityd("hardware", "try", "SDM630", endpoint.address, 3, "--lang", "zh")
        assert set(endpoint.witness) <= READS
        line = next(line for line in said.splitlines() if "facilityd init FOLDER --unit" in line)
        unit = line.partition("--unit ")[2].split()
        assert unit == [METER, endpoint.address, "3"]
        where = ("--name", "x", "--latitude", 39.9, "--longitude", 116.4)
        await facilityd("init", tmp_path / "site", *where, "--unit", *unit)
    assert "写入站点文件" in chinese


async def test_another_model_is_named(tmp_path) -> None:
    async with cupboard({3: METER}) as endpoint:
        told = json.loads(await facilityd("hardware", "try", OTHER, endpoint.address, 3, "--json", code=1))
        said = await facilityd("hardware", "try", OTHER, endpoint.address, 3, "--lang", "en", code=1)
    assert told["diagnosis"] != "ok"
    assert METER in json.dumps(told)
    assert "facilityd init" not in said


async def test_a_unit_that_has_another_id_is_found_on_its_line() -> None:
    async with cupboard({3: METER}) as endpoint:
        told = json.loads(await facilityd("hardware", "try", METER, endpoint.address, 9, "--json", code=1))
    assert told["diagnosis"] == "other-device-id"
    assert "3" in told["advice"][0]["en"]


@pytest.mark.parametrize("words", [(), (METER,), (METER, "192.0.2.1")])
async def test_what_is_missing_is_told_before_anything_is_asked(words: tuple[str, ...]) -> None:
    assert "try goes with a MODEL" in await facilityd("hardware", "try", *words, "--lang", "en", code=1)


async def test_a_port_that_another_program_has_is_left_to_it() -> None:
    near, far = pty.openpty()
    try:
        port = os.ttyname(far)
        said = await facilityd("hardware", "try", METER, port, 3, "--lang", "en", code=1)
    finally:
        os.close(near)
        os.close(far)
    assert "has it open" in said
