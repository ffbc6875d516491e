"""A site with a meter of its own: its profile and its family stand beside it."""

from __future__ import annotations

from pathlib import Path

PROFILE = """\
profile: own_water
protocol: modbus
maker: Somebody
model: Meter
manual: written on its lid
evidence: C
points: {flow: {address: 0, doc: "0", type: u16, scale: 0.1, unit: m³/h}}
identity: [{point: flow, between: [0, 100]}]
golden: [{point: flow, words: [12], value: 1.2}]
"""
SITE = """\
site: {id: yard, name: {zh: 院子, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
links: {bus: {protocol: modbus-tcp, host: 192.0.2.1}}
units: {meter: {link: bus, profile: own_water, device_id: 1, period: PERIOD}}
devices:
  make-up: {family: water, name: {zh: 补水, en: Make-up}, signals: {flow: meter.flow}}
"""


def write_water_site(folder: Path, family: str, period: str) -> None:
    """Write the site; ``family``: the text of its family ``water``; ``period``: of the meter."""
    texts = {"families/water": family, "profiles/own_water": PROFILE, "site": SITE.replace("PERIOD", period)}
    for name, text in texts.items():
        path = folder / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
