"""Answers of the read model are plain data; the command line says the same; asking changes nothing."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from support.query_sites import T0, MeterSite, StoredSite
from support.site import make_square

from devices.unit import MqttLink, SparkplugSettings
from facilityd.app.builtin import all_devices
from facilityd.cli.main import facilityd
from facilityd.model.alarm import AlarmCondition, AlarmState
from facilityd.model.quality import Reason
from facilityd.model.sample import NS, Sample
from facilityd.model.text import Text
from facilityd.query.history import HistoryQuery
from facilityd.query.json_data import to_plain
from facilityd.query.site import SiteQuery
from facilityd.store.changes import AlarmWrite
from facilityd.store.samples import SampleWrite

HOUR = 3600 * NS


QUESTIONS = {
    "status": lambda q, now: q.status().plain(),
    "alarms": lambda q, now: [row.plain() for row in q.alarms()],
    "alarm bridges lamp-failed": lambda q, now: q.alarm("bridges", "lamp-failed").plain(),
    "rules": lambda q, now: [row.plain() for row in q.rules()],
    "ready hoist-1": lambda q, now: q.readiness("hoist-1").plain(),
    "ready hoist-1 --history": lambda q, now: [
        one.plain() for one in q.recorded_checks(now - 7 * 24 * HOUR, "hoist-1")
    ],
    "history hoist-1 tension": lambda q, now: q.history(
        HistoryQuery("hoist-1", "tension", now - HOUR, now)
    ).plain(),
    "history weather wind --bucket 5min": lambda q, now: q.history(
        HistoryQuery("weather", "wind", now - HOUR, now, 300 * NS)
    ).plain(),
}


@pytest.fixture(scope="module")
def same_square(story: StoredSite, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a whole square over the story's journal."""
    made = make_square(tmp_path_factory.mktemp("square") / "site")
    made.journal.parent.mkdir(parents=True, exist_ok=True)
    for file in Path(story.site.store.path).parent.glob("journal.db*"):
        made.journal.with_name(file.name).write_bytes(file.read_bytes())
    return made.folder


@pytest.mark.parametrize("command", QUESTIONS)
def test_an_answer_is_plain_data_and_the_command_line_says_the_same(
    story: StoredSite, same_square: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from facilityd.config.load import load

    with SiteQuery(load(same_square), lambda: story.now) as query:
        answer = QUESTIONS[command](query, story.now)
    monkeypatch.setattr(time, "time_ns", lambda: story.now)
    name, *rest = command.split()
    said = CliRunner().invoke(facilityd, [name, str(same_square), *rest, "--json"])
    assert said.exit_code in (0, 1), said.output
    assert json.loads(json.dumps(answer)) == json.loads(said.stdout), "no JSON encoder of our own is needed"
    assert answer


def test_asking_changes_nothing(story: StoredSite) -> None:
    def state() -> dict[str, str]:
        folder = Path(story.site.store.path).parent
        return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in folder.glob("*.db")}

    before = state()
    with story.ask() as query:
        for question in QUESTIONS.values():
            question(query, story.now)
    assert state() == before


def test_the_read_model_loads_no_terminal_and_no_daemon() -> None:
    code = (
        "import sys, facilityd.query.site;"
        "print([n for n in ('click', 'rich', 'aiomqtt', 'pymodbus',"
        " 'influxdb_client', 'facilityd.app.daemon', 'facilityd.pipeline.flow', 'facilityd.store.journal')"
        " if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


LEAVES: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(),
    st.just(Text(zh="好", en="good")), st.sampled_from(list(Reason)), st.just(Path("a/b")),
)  # fmt: skip


@given(
    st.recursive(LEAVES, lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(st.text(), inner))
)
def test_whatever_an_answer_holds_becomes_json(value: object) -> None:
    told = to_plain(value)
    assert json.loads(json.dumps(told)) == told


@pytest.mark.parametrize(
    ("name", "known", "state", "said"),
    [
        ("channel-", {"taking": False}, "refusing", "不接收通知"),
        ("channel-", {"taking": True}, "normal", "正常"),
        ("link-", {"up": False}, "down", "断开"),
        ("link-", {"up": False, "mute": True}, "mute", "已连通，无应答"),
        ("facilityd", {"sink_held": True}, "held", "转发被拒绝"),
    ],
)
def test_what_facilityd_knows_of_itself_is_not_normal_before_it_is_an_alarm(
    yard: MeterSite, name: str, known: dict[str, bool], state: str, said: str
) -> None:
    device = next(device for one, device in all_devices(yard.site).items() if one.startswith(name))
    (stream,) = device.streams
    values = tuple(known.get(signal) for signal in stream.signals)
    reasons = {n: Reason.MISSING for n, value in enumerate(values) if value is None}
    yard.journal.commit([SampleWrite([Sample(stream, T0, T0, values, reasons)])])
    with yard.ask() as query:
        (row,) = query.devices((device.id,))
    assert (row.state_id, row.state.zh) == (state, said)


def test_a_link_that_is_up_while_its_alarm_clears_is_not_shown_as_down(yard: MeterSite) -> None:
    link = next(device for name, device in all_devices(yard.site).items() if name.startswith("link-"))
    (stream,) = link.streams
    values = tuple({"up": True}.get(name) for name in stream.signals)
    reasons = {n: Reason.MISSING for n, value in enumerate(values) if value is None}
    state = AlarmState(link.id, "down", AlarmCondition.TRUE, occurrence=1, raised_at=T0, acked=False)
    yard.journal.commit([SampleWrite([Sample(stream, T0, T0, values, reasons)]), AlarmWrite([state])])
    with yard.ask() as query:
        (row,) = query.devices((link.id,))
    assert (row.state_id, row.state.en) == ("down", "up again, the alarm is clearing")


def test_a_link_that_is_up_and_waits_for_a_birth_is_not_shown_as_well_again(yard: MeterSite) -> None:
    """Its alarm is not clearing: what its node reports means nothing before the birth."""
    link = MqttLink("broker", "127.0.0.1", sparkplug=SparkplugSettings())
    plant = MeterSite(replace(yard.site, links={**yard.site.links, "broker": link}), yard.journal)
    (stream,) = all_devices(plant.site)["link-broker"].streams
    known = {"up": True, "unborn": 1, "unborn_nodes": "yard/gw"}
    values = tuple(known.get(name) for name in stream.signals)
    reasons = {n: Reason.MISSING for n, value in enumerate(values) if value is None}
    sample = SampleWrite([Sample(stream, T0, T0, values, reasons)])
    yard.journal.commit([sample])
    with plant.ask() as query:
        (calm,) = query.devices(("link-broker",))
    state = AlarmState("link-broker", "unborn", AlarmCondition.TRUE, occurrence=1, raised_at=T0, acked=False)
    yard.journal.commit([AlarmWrite([state])])
    with plant.ask() as query:
        (alarmed,) = query.devices(("link-broker",))
    assert calm.state.zh == "已连通，等待上线报文"
    assert alarmed.state.en == "An edge node's birth was missed, its values are unknown"
