"""Which channels have a connection of their own, for Home Assistant and for replies."""

from __future__ import annotations

from pathlib import Path

import pytest

from facilityd.app.mqtt_bridge import wishes
from facilityd.config.load import load

SITE = """\
site: {id: yard, name: {zh: 场院, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
links: {io: {protocol: modbus-tcp, host: 127.0.0.1, port: 15027}}
units: {contacts: {link: io, profile: moxa_iologik_e1212, device_id: 1, period: 1s}}
devices: {fire: {family: contact, name: {zh: 火灾报警, en: Fire panel}, signals: {active: contacts.input_0}}}
recipients:
  li: {name: {zh: 李工, en: Li}, language: zh, channels: [{kind: mqtt, host: 127.0.0.1, FIRST}]}
  wang: {name: {zh: 王工, en: Wang}, language: en, channels: [{kind: mqtt, host: 127.0.0.1, SECOND}]}
"""
SHOWN, REPLIES = "home_assistant: homeassistant", 'secret: "${S}"'


@pytest.mark.parametrize(
    ("first", "second", "shows"),
    [
        ("port: 1", "port: 1", {}),
        (SHOWN, "port: 1", {"li-1-mqtt": True}),
        (REPLIES, "port: 1", {"li-1-mqtt": False}),
        (SHOWN, SHOWN, {"li-1-mqtt": True}),
        (SHOWN, f"{SHOWN}, {REPLIES}", {"li-1-mqtt": True, "wang-1-mqtt": False}),
        (SHOWN, f"{SHOWN}, prefix: other", {"li-1-mqtt": True, "wang-1-mqtt": True}),
    ],
)
def test_what_would_be_shown_twice_is_shown_by_the_first(
    first: str, second: str, shows: dict[str, bool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("S", "reply-secret")
    text = SITE.replace("FIRST", first).replace("SECOND", second)
    (tmp_path / "site.yaml").write_text(text, encoding="utf-8")
    assert {name: shown for name, (_, _, shown) in wishes(load(tmp_path)).items()} == shows
