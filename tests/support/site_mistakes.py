"""A valid site with a register and a topic profile of its own; tests make one mistake in it and run ``check``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from facilityd.cli.main import facilityd

FILES: Mapping[str, str] = {
    "site.yaml": """\
site: {id: yard, name: {zh: 院子, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
links:
  net: {protocol: modbus-tcp, host: 192.0.2.1}
  bus: {protocol: modbus-rtu, serial_port: /dev/ttyNone0, baudrate: 9600}
  broker: {protocol: mqtt, host: 192.0.2.7}
units:
  meter: {link: net, profile: meter_1, device_id: 1, period: 2s}
  spare: {link: bus, profile: meter_1, device_id: 2, period: 2s}
  plug: {link: broker, profile: plug_1, period: 60s, topic: z/plug}
devices:
  gate: {family: lighting, name: {zh: 城楼, en: Gate}, signals: {power: meter.power, commanded: meter.on}}
  tower: {family: lighting, name: {zh: 塔, en: Tower}, signals: {power: spare.power, commanded: spare.on}}
  shed: {family: lighting, name: {zh: 棚, en: Shed}, signals: {power: plug.power, commanded: plug.on}}
sinks:
  influx: {kind: influxdb, url: "http://h:8086", org: o, bucket: b, token: "${YARD_TOKEN}"}
recipients:
  crew: {name: {zh: 值班, en: Crew}, language: zh, channels: [{kind: webhook, url: "https://crew.example/hook"}]}
  li:
    name: {zh: 李, en: Li}
    language: zh
    channels:
      - {kind: email, host: mail.example, sender: f@h.example, to: t@h.example}
""",
    "profiles/meter_1.yaml": """\
profile: meter_1
protocol: modbus
maker: M
model: M1
manual: page 1
evidence: A
timeout: 1s
points:
  power: {address: 0, doc: "1", type: u16, unit: W, range: [0, 60000]}
  state: {address: 1, doc: "2", type: u16, enum: {0: off, 1: on}}
  on: {address: 3, doc: "4", type: u16, bit: 0}
  serial: {address: 5, doc: "6", type: u16}
  total: {address: 100, doc: "9", type: u32}
identity: [{point: serial, equals: 7}]
golden: [{point: power, words: [5], value: 5}]
""",
    "profiles/plug_1.yaml": """\
profile: plug_1
protocol: mqtt
maker: M
model: Q1
manual: page 1
evidence: A
points:
  power: {unit: W, sources: [{topic: state, pointer: /p}]}
  on: {type: bool, sources: [{topic: state, pointer: /on}]}
  mode: {type: enum, enum: {0: off, 1: on}, sources: [{topic: state, pointer: /mode}]}
golden: [{point: power, topic: state, payload: '{"p": 5}', value: 5}]
""",
}


# Pieces of the site that mistakes are made in.
HOST, TCP = "host: 192.0.2.1", "{protocol: modbus-tcp, host: 192.0.2.1}"
BROKER, TOPIC = "{protocol: mqtt, host: 192.0.2.7}", "topic: z/plug"
METER, PLUG = "device_id: 1, period: 2s", "period: 60s, topic: z/plug"
POWER, ON = "power: meter.power", "commanded: meter.on"
MAIL, URL, HOOK = "to: t@h.example", '"http://h:8086"', '"https://crew.example/hook"'
ZONE = "timezone: Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class SiteMistake:
    """One replacement in one of the files, and what is to be said of it, where it was made."""

    file: str
    old: str
    new: str
    said: str

    @property
    def text(self) -> str:
        """The file with the mistake in it."""
        assert self.old in FILES[self.file], self.old
        return FILES[self.file].replace(self.old, self.new, 1)

    @property
    def line(self) -> int:
        """The line of the mistake, from 1."""
        before, _, _ = FILES[self.file].partition(self.old)
        kept = next((n for n, (a, b) in enumerate(zip(self.old, self.new, strict=False)) if a != b), 0)
        return before.count("\n") + self.new[:kept].count("\n") + 1

    def places(self, *further: int) -> tuple[str, ...]:
        """How a message may begin: with the line where the mistake begins, where it ends, or a further one."""
        lines = {self.line, self.line + self.new.count("\n"), *further}
        return tuple(f"{self.file}:{line}:" for line in lines)


def mistakes(file: str, cases: Iterable[tuple[str, str, str, str]]) -> list[Any]:
    """Return a parameter for each (name, old, new, said) in one of the files."""
    return [pytest.param(SiteMistake(file, *case), id=name) for name, *case in cases]


def write_site(folder: Path, changed: Mapping[str, str]) -> None:
    """Write the site into a folder, some of its files changed."""
    (folder / "profiles").mkdir(parents=True, exist_ok=True)
    for name, text in {**FILES, **changed}.items():
        (folder / name).write_text(text, encoding="utf-8")


def check_output(folder: Path) -> tuple[int, list[str]]:
    """Return the exit status of ``check`` and its lines, without the folder's own name."""
    done = CliRunner().invoke(facilityd, ["check", str(folder)], catch_exceptions=False)
    return done.exit_code, done.output.replace(f"{folder}/", "").splitlines()


def refused_once(folder: Path, mistake: SiteMistake, further: Iterable[int] = ()) -> None:
    """Assert that ``check`` refuses the site for this mistake alone, where it stands or at a further line."""
    write_site(folder, {mistake.file: mistake.text})
    code, lines = check_output(folder)
    assert code == 1, lines
    *problems, count = lines
    assert count == "1 problem", lines
    _, _, what = problems[0].partition(": ")
    assert any(said in what for said in mistake.said.split("|")), problems
    assert problems[0].startswith(mistake.places(*further)), problems
    assert "s3cret" not in problems[0]
