"""What every kind of sink must do, whatever is behind it: each meets each situation."""

import asyncio
from typing import get_args

import pytest
from support.forwarding import expected, fill, forwarder_of, running, wait_for
from support.sinks import NEVER, RIGS, SECRET

from facilityd.config.people import _SINKS
from facilityd.config.schema import FileSinkConfig, InfluxConfig, Sink
from facilityd.model.settings import InfluxSettings, SinkSettings
from facilityd.store.sink import TAKEN, WriteAction
from facilityd.store.sinks import SINKS

LINES = [b"pump,device=p v=%d %d" % (n, n) for n in range(20)]
SITUATIONS = {
    "taken": WriteAction.TAKEN,
    "partial": WriteAction.REFUSED,
    "refused": WriteAction.REFUSED,
    "too large": WriteAction.SPLIT,
    "retry after": WriteAction.RETRY,
    "hang": WriteAction.RETRY,
    "unexpected answer": WriteAction.HELD,
    "secret echoed": WriteAction.HELD,
}
EVERY = [
    pytest.param(kind, situation) for kind in RIGS for situation in SITUATIONS if situation not in NEVER[kind]
]


def test_every_kind_is_in_every_table():
    configs = {model.model_fields["kind"].annotation for model in (InfluxConfig, FileSinkConfig)}
    kinds = {get_args(kind)[0] for kind in configs}
    assert set(get_args(get_args(Sink)[0])) == {InfluxConfig, FileSinkConfig}
    assert kinds == SINKS.keys() == RIGS.keys() == _SINKS.keys()
    assert {settings.kind for settings in get_args(SinkSettings)} == kinds


def test_settings_do_not_show_their_secret():
    assert SECRET not in repr(InfluxSettings("influx", "http://h", "o", "b", SECRET))


@pytest.fixture
async def rig(request, tmp_path):
    folder = tmp_path / "sink"
    folder.mkdir()
    async with RIGS[request.param](folder) as made:
        yield made
        made.mend()


@pytest.mark.parametrize(("rig", "situation"), EVERY, indirect=["rig"])
async def test_every_situation_has_its_outcome(rig, situation):
    async with rig.sink:
        rig.cause(situation)
        lines = [*LINES, b"pump,device=p bad=1 99"] if situation == "partial" else LINES
        async with asyncio.timeout(20):
            outcome = await rig.sink.write(lines)
        assert outcome.action is SITUATIONS[situation], outcome
        assert outcome == TAKEN or outcome.reason
        assert outcome.retry_after == (7.0 if situation == "retry after" else None)
        assert SECRET not in f"{outcome!r}"
        if situation in ("taken", "partial"):
            assert rig.kept() == LINES
        rig.mend()
        while (again := await rig.sink.write(LINES)).reason == "timeout":
            await asyncio.sleep(0.01)
        assert again == TAKEN
        assert rig.kept() == LINES, "what came twice is there once"


@pytest.mark.parametrize(
    ("rig", "situation"), [p for p in EVERY if p.values[1] not in ("partial", "refused")], indirect=["rig"]
)
async def test_the_forwarder_brings_every_line_through_it(rig, situation, keeper, reader):
    fill(keeper, 30)
    lines = expected(reader)
    async with running(forwarder_of(rig.sink, keeper)) as made:
        await wait_for(lambda: reader.cursor("influx") == 90)
        assert rig.kept() == lines
        rig.cause(situation)
        fill(keeper, 30, 30)
        if SITUATIONS[situation] in (WriteAction.RETRY, WriteAction.HELD):
            await wait_for(lambda: made.state.status != "ok")
            assert SECRET not in f"{made.state!r}"
            rig.mend()
        await wait_for(lambda: reader.cursor("influx") == 180)
    letters = reader.dead_letter_lines()
    assert len(letters) == (90 if situation == "too large" else 0)
    assert rig.kept() == (lines if letters else expected(reader))
