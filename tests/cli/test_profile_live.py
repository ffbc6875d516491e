"""facilityd profile live: every point with its words, all four orders, against simulated units."""

from __future__ import annotations

import asyncio
import json
import os
import pty
from pathlib import Path

import pytest
from support.cupboard import cupboard
from support.daemon import facilityd

from devices.profile import ModbusProfile
from devices.tables import SHELF, profiles
from facilityd.scenario.real_runtime import free_ports
from simulators.endpoint import READS

METER = "eastron_sdm630"


async def answers(*words: object, code: int = 0) -> dict[str, dict[str, object]]:
    told = await facilityd("profile", "live", *words, "--json", code=code)
    return {one["point"]: one for one in json.loads(told)}


async def test_every_point_stands_there_in_all_four_orders() -> None:
    async with cupboard({3: METER}) as endpoint:
        found = await answers(METER, endpoint.address, 3)
        shown = await facilityd("profile", "live", METER, endpoint.address, 3, "--lang", "en")
        chinese = await facilityd("profile", "live", METER, endpoint.address, 3, "--lang", "zh")
        assert set(endpoint.witness) <= READS
    profile = profiles()[METER]
    assert isinstance(profile, ModbusProfile)
    assert found.keys() == profile.expanded.keys()
    own = [one for one in found.values() if len(one["words"]) == 2]
    assert own
    for one in own:
        assert list(one["values"]) == ["ABCD", "CDAB", "BADC", "DCBA"]
        assert one["order"] == "ABCD"
    assert "CDAB" in shown
    assert "word_order: little" in shown
    assert "测点" in chinese


async def test_a_profile_with_a_false_word_order_shows_what_is_right(tmp_path: Path) -> None:
    text = (SHELF / "profiles" / f"{METER}.yaml").read_text("utf-8")
    mine = tmp_path / "mine.yaml"
    mine.write_text(text.replace(f"profile: {METER}", "profile: mine"), "utf-8")
    async with cupboard({3: METER}) as endpoint:
        right = await answers(mine, endpoint.address, 3)
    name, one = next((name, one) for name, one in right.items() if one["values"]["ABCD"] not in (0, 0.0))
    words = one["words"]
    assert one["values"]["CDAB"] != one["values"]["ABCD"]
    assert isinstance(words, list)
    assert len(words) == 2, name


async def test_an_unfinished_profile_is_read_as_soon_as_its_points_are(tmp_path: Path) -> None:
    source, mine = tmp_path / "list.csv", tmp_path / "mine.yaml"
    source.write_text("地址,名称,类型\n30001-30002,A相电压,浮点型\n30071-30072,频率,浮点型\n", "utf-8")
    await facilityd("profile", "new", mine, "--from", source)
    async with cupboard({3: METER}) as endpoint:
        found = await answers(mine, endpoint.address, 3)
        mine.write_text(f"{mine.read_text('utf-8')}nonsense: 1\n", "utf-8")
        said = await facilityd("profile", "live", mine, endpoint.address, 3, "--lang", "en", code=1)
    assert list(found) == ["voltage_l1", "frequency"]
    assert all(len(one["words"]) == 2 for one in found.values() if isinstance(one["words"], list))
    assert "nonsense" in said


async def test_where_nobody_answers_it_ends_soon_and_says_so() -> None:
    async with cupboard({3: METER}) as endpoint:
        found = await answers(METER, endpoint.address, 9, code=1)
        said = await facilityd("profile", "live", METER, endpoint.address, 9, "--lang", "en", code=1)
    assert len(found) == 3
    assert "Nothing answers" in said
    (closed,) = free_ports(1)
    assert "cannot be opened" in await facilityd(
        "profile", "live", METER, f"127.0.0.1:{closed}", 3, "--lang", "en", code=1
    )


async def test_a_port_that_another_program_has_open_is_left_alone() -> None:
    ours, theirs = pty.openpty()
    try:
        holder = await asyncio.create_subprocess_exec("sleep", "60", stdin=theirs)
        said = await facilityd("profile", "live", METER, os.ttyname(theirs), 3, "--lang", "en", code=1)
        holder.kill()
        await holder.wait()
    finally:
        os.close(ours)
        os.close(theirs)
    assert "is in use" in said or "has it open" in said
    assert "one master" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["eastron_sdm63", "127.0.0.1", "3"], "eastron_sdm630"), ([METER, "127.0.0.1", "x"], "1"),
        ([METER, "127.0.0.1", "3", "--serial", "fast"], "9600 8N1"), (["shelly_gen2", "127.0.0.1", "3"], "registers"),
    ],
)  # fmt: skip
async def test_what_cannot_be_asked_is_said(words: list[str], said: str) -> None:
    assert said in await facilityd("profile", "live", *words, "--lang", "en", code=1)
