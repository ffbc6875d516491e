"""Any hardware table beside a site: `check` says where it is wrong, or the site compiles and can be planned."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import example, given
from hypothesis import strategies as st
from support.fuzz import fuzzed

from facilityd.cli.main import facilityd

SITE = """\
site: {id: yard, name: {zh: 院子, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
links:
  net: {protocol: modbus-tcp, host: 192.0.2.1}
  broker: {protocol: mqtt, host: 192.0.2.2}
units:
  meter: {link: net, profile: own_meter, device_id: 1, period: 2s}
  plug: {link: broker, profile: own_plug, topic: yard/plug, period: 10s}
devices:
  gate: {family: contact, name: {zh: 城门, en: Gate}, signals: {active: meter.ready}}
  lamp: {family: contact, name: {zh: 灯, en: Lamp}, signals: {active: plug.state}}
"""
METER = """\
profile: own_meter
protocol: modbus
maker: X
model: Y
manual: Z
evidence: C
table: input-register
max_block: 80
points:
  power: {address: 0x0000, doc: "30001", type: f32, unit: W, range: [0, 500]}
  current_{n}: {address: 0x0010, doc: "3", type: u16, unit: A, scale: 0.1, repeat: {first: 1, count: 3, step: 2}}
  ready: {address: 0x0030, doc: "4", type: u16, bit: 3}
identity:
  - {point: power, between: [0, 65], why: it is there}
golden:
  - {point: power, words: [0x4145, 0x0000], value: 12.3125}
  - {point: ready, words: [0x0008], value: true}
  - {point: current_1, words: [0x0008], value: 0.8}
"""
PLUG = """\
profile: own_plug
protocol: mqtt
maker: X
model: Y
manual: Z
evidence: C
availability: {topic: online, online: "true", offline: "false"}
points:
  state: {type: bool, sources: [{topic: status, pointer: /state}]}
  power: {unit: W, range: [0, 500], sources: [{topic: status, pointer: /power}]}
golden:
  - {point: power, topic: status, payload: '{"power":42}', value: 42}
"""
SCALARS = st.sampled_from([
    ".nan", ".inf", "-.inf", "1e999", "0", "-1", "true", "null", "~", "65536", "9" * 30, "0x", "[]", "{}", "''", "[65, -45]",
    "!!binary x", "*a", "&a b", "f32", "u64", "bcd", "string", "bool", "'/a~2'", "'#'", "'+/x'", "1_000", "１", "[0, 1, 2, 3]",
]) | st.text(max_size=6)  # fmt: skip
EDITS = st.lists(
    st.tuples(st.integers(0, 400), st.sampled_from(["value", "key", "drop", "double", "char"]), SCALARS),
    max_size=4,
)


def spoilt(text: str, edits: list[tuple[int, str, str]]) -> str:
    """Return a table with values and keys replaced, lines dropped or doubled, characters put in."""
    for at, how, new in edits:
        lines = text.splitlines(keepends=True)
        row = at % len(lines) if lines else 0
        if how == "char" or not lines:
            text = text[: at % (len(text) + 1)] + new + text[at % (len(text) + 1) :]
            continue
        pairs = list(re.finditer(r"([\w{}]+): ([^,{}\n]+)", lines[row]))
        if how in ("value", "key") and pairs:
            found = pairs[at % len(pairs)]
            begin, end = found.span(2 if how == "value" else 1)
            lines[row] = lines[row][:begin] + new + lines[row][end:]
        elif how == "drop":
            del lines[row]
        else:
            lines.insert(row, lines[row])
        text = "".join(lines)
    return text


@given(EDITS, st.booleans())
@example([], True)
@fuzzed
def test_any_table_is_sound_or_told_wrong_with_its_place(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, str, str]], meter: bool
) -> None:
    folder = tmp_path_factory.mktemp("site")
    (folder / "profiles").mkdir()
    (folder / "site.yaml").write_text(SITE, encoding="utf-8")
    for name, text in (("own_meter", METER), ("own_plug", PLUG)):
        mine = spoilt(text, edits) if meter == (name == "own_meter") else text
        (folder / "profiles" / f"{name}.yaml").write_bytes(mine.encode("utf-8", "surrogatepass"))
    checked = _run("check", folder)
    lines = checked.stdout.splitlines()
    assert checked.exit_code in (0, 1), (checked.output, checked.exception)
    if checked.exit_code:
        assert re.match(r".+:\d+:\d+: ", lines[0]), lines
        return
    assert _run("plan", folder).exit_code == 0


def _run(command: str, folder: Path) -> Result:
    return CliRunner().invoke(facilityd, [command, str(folder)])


def test_the_tables_that_are_spoilt_are_sound(tmp_path: Path) -> None:
    (tmp_path / "profiles").mkdir()
    (tmp_path / "site.yaml").write_text(SITE, encoding="utf-8")
    for name, text in (("own_meter", METER), ("own_plug", PLUG)):
        (tmp_path / "profiles" / f"{name}.yaml").write_text(text, encoding="utf-8")
    checked = _run("check", tmp_path)
    assert checked.exit_code == 0, checked.output
