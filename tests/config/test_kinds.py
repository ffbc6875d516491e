"""Texts and states from a site's file to status, history and stories: said in words, never guessed."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from facilityd.cli.main import facilityd
from facilityd.config.load import load
from facilityd.model.quality import Reason
from facilityd.model.sample import Sample
from facilityd.store.journal import Journal
from facilityd.store.samples import SampleWrite
from simulators.register_map import RegisterMap

FAMILY = """\
family: mixer
name: {zh: 混合器, en: Mixer}
signals:
  state:
    type: enum
    name: {zh: 状态, en: State}
    values: {0: {zh: 停止, en: Stopped}, 1: {zh: 运行, en: Running}, 5: {zh: 变频器 减速, en: Slowing down}}
  word: {type: text, name: {zh: 状态字, en: State word}, words: {running: {zh: 运行中, en: It runs}}}
  serial: {type: text, name: {zh: 序列号, en: Serial number}}
  speed: {unit: Hz, name: {zh: 转速, en: Speed}}
"""
PROFILE = """\
profile: mixer_drive
protocol: modbus
maker: Test
model: Drive with words
manual: none, made for this test
evidence: C
points:
  state: {address: 1, doc: "1", type: u16, bits: [4, 7], enum: {0: stopped, 3: running, 4: slowing-down}}
  serial: {address: 2, doc: "2", type: string, length: 4, encoding: gbk}
  speed: {address: 6, doc: "6", type: u16, unit: Hz}
identity: [{point: speed, between: [0, 100]}]
golden:
  - {point: state, words: [0x0030], value: running}
  - {point: serial, words: [0xC9FD, 0x2D31, 0, 0], value: 升-1}
"""
SITE = """\
site: {id: yard, name: {zh: 院子, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
store: {path: journal.db}
links: {net: {protocol: modbus-tcp, host: 127.0.0.1, port: 1}}
units: {drive: {link: net, profile: mixer_drive, device_id: 1, period: 30s}}
devices:
  mixer:
    family: mixer
    name: {zh: 混合器, en: Mixer}
    signals: {state: drive.state, word: drive.state, serial: drive.serial, speed: drive.speed}
"""


@pytest.fixture
def yard(tmp_path: Path) -> Path:
    for name, text in {"families/mixer": FAMILY, "profiles/mixer_drive": PROFILE, "site": SITE}.items():
        file = tmp_path / f"{name}.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return tmp_path


def _edit(yard: Path, name: str, old: str, new: str) -> None:
    file = yard / name
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def _run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(facilityd, [*words])
    return done.exit_code, done.stdout or done.output


def _stored(yard: Path, *values: object, **reasons: Reason) -> None:
    site = load(yard)
    (stream,) = site.devices["mixer"].streams
    at = time.time_ns()
    why = {stream.signals.index(name): reason for name, reason in reasons.items()}
    with Journal.open(Path(site.store.path), max_bytes=2**26, max_age=10**18, site="yard") as journal:
        journal.commit([SampleWrite([Sample(stream, at, at, values, why)])])  # type: ignore[arg-type]


def test_a_code_means_to_each_signal_what_its_family_says(yard: Path) -> None:
    codes = {b.stream.signals[b.slot]: b.codes for b in load(yard).units["drive"].bindings}
    assert codes["state"] == {0: 0, 3: 1, 4: 5}
    assert codes["word"] == {0: "stopped", 3: "running", 4: "slowing-down"}
    assert codes["serial"] is codes["speed"] is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("state: drive.state", "state: drive.serial", "signal state is enum, point serial is a text"),
        ("serial: drive.serial", "serial: drive.speed", "signal serial is text, point speed is a number"),
        ("speed: drive.speed", "speed: drive.serial", "signal speed is float, point serial is a text"),
    ],
)
def test_a_signal_of_another_kind_is_told(yard: Path, old: str, new: str, said: str) -> None:
    _edit(yard, "site.yaml", old, new)
    code, out = _run("check", str(yard))
    assert code == 1
    assert said in out


def test_a_word_that_the_family_does_not_know_is_told(yard: Path) -> None:
    _edit(yard, "profiles/mixer_drive.yaml", "0: stopped", "0: stoped")
    code, out = _run("check", str(yard))
    assert code == 1
    assert "may say 'stoped', which signal state does not know" in out
    assert "did you mean 'stopped'" in out


def test_a_golden_word_that_is_wrong_is_told(yard: Path) -> None:
    _edit(yard, "profiles/mixer_drive.yaml", "value: running", "value: stopped")
    _edit(yard, "profiles/mixer_drive.yaml", "value: 升-1", "value: 降-1")
    code, out = _run("check", str(yard))
    assert code == 1
    assert "give 'running', not 'stopped'" in out
    assert "give '升-1', not '降-1'" in out


def test_a_rule_cannot_judge_a_text(yard: Path) -> None:
    rule = "states: {busy: {name: {zh: 忙, en: Busy}, when: [{signal: serial, above: 1}]}}\n"
    (yard / "families/mixer.yaml").write_text(FAMILY + rule, encoding="utf-8")
    code, out = _run("check", str(yard))
    assert code == 1
    assert "is a text: texts are shown, not judged" in out


def test_status_says_words_in_the_readers_language(yard: Path) -> None:
    _stored(yard, 5, "running", "升-1", 20.0)
    code, out = _run("status", str(yard), "--json")
    assert code == 0, out
    mixer = next(one for one in json.loads(out) if one["device"] == "mixer")
    for language, shown in {
        "zh": ["变频器 减速", "运行中", "升-1"],
        "en": ["Slowing down", "It runs", "升-1"],
    }.items():
        assert [signal["shown"][language] for signal in mixer["signals"]][:3] == shown
        _, out = _run("status", str(yard), "-d", "mixer", "--lang", language)
        assert [word for word in shown if word not in out] == []


def test_an_unknown_code_is_bad_and_named(yard: Path) -> None:
    _stored(yard, None, None, "升-1", 20.0, state=Reason.unknown(9), word=Reason.unknown(9))
    _, out = _run("status", str(yard), "--json")
    mixer = next(one for one in json.loads(out) if one["device"] == "mixer")
    assert [signal["quality"] for signal in mixer["signals"]] == ["unknown-code-9"] * 2 + ["good"] * 2
    _, out = _run("history", str(yard), "mixer", "state", "--json")
    assert json.loads(out)["rows"][0]["quality"] == "unknown-code-9"


@pytest.mark.parametrize(
    ("language", "said"), [("zh", ["变频器 减速", "运行中"]), ("en", ["Slowing down", "It runs"])]
)
def test_history_says_words_to_people_and_codes_to_programs(
    yard: Path, language: str, said: list[str]
) -> None:
    _stored(yard, 5, "running", "升-1", 20.0)
    for signal, word, raw in zip(("state", "word"), said, (5, "running"), strict=True):
        _, out = _run("history", str(yard), "mixer", signal, "--lang", language)
        assert word in out
        _, out = _run("history", str(yard), "mixer", signal, "--lang", language, "--json")
        assert json.loads(out)["rows"][0]["value"] == raw


def test_history_of_a_text(yard: Path) -> None:
    _stored(yard, 5, "running", "升-1", 20.0)
    _, out = _run("history", str(yard), "mixer", "serial", "--json")
    assert [row["value"] for row in json.loads(out)["rows"]] == ["升-1"]
    done = CliRunner().invoke(facilityd, ["history", str(yard), "mixer", "serial", "--bucket", "1min"])
    assert "is a text" in str(done.exception)


@pytest.mark.parametrize(("state", "code"), [(0, 0), (1, 3), (5, 4)])
def test_the_simulator_says_the_code_of_a_state(yard: Path, state: int, code: int) -> None:
    unit = load(yard).units["drive"]
    image = RegisterMap(unit)
    image.update({("mixer", "state"): state, ("mixer", "serial"): "升-1"})
    table = unit.profile.expanded["state"].table  # type: ignore[union-attr]
    assert image.words(table, 1, 3) == (code << 4, 0xC9FD, 0x2D31)  # type: ignore[arg-type]
