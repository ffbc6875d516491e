"""What `probe` says of a link that cannot be used is in the reader's language, with what to do."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from facilityd.cli.main import facilityd
from facilityd.errors import LinkOutage
from facilityd.model.message import spoken

SITE = """\
site: {{id: yard, name: {{zh: 场院, en: Yard}}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}}
links:
  bus: {{protocol: modbus-tcp, host: 127.0.0.1, port: {port}}}
  broker: {{protocol: mqtt, host: 127.0.0.1, port: {port}}}
units:
  contacts: {{link: bus, profile: moxa_iologik_e1212, device_id: 1, period: 20s}}
  plug: {{link: broker, profile: shelly_gen2, topic: plug, period: 10min}}
devices:
  fire: {{family: contact, name: {{zh: 火灾报警, en: Fire panel}}, signals: {{active: contacts.input_0}}}}
"""
WORDS = {
    (
        "contacts",
        "en",
    ): "cannot be opened (refused: nothing listens on this port); check power, cable, address and port",
    ("contacts", "zh"): "无法打开（对方拒绝连接：该端口上没有服务）；请检查供电、网线、地址和端口",
    ("plug", "en"): "nothing listens on this port; check the broker's address and port",
    ("plug", "zh"): "该端口上没有服务；请核对 broker 的地址和端口",
}


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.mark.parametrize(("unit", "language"), WORDS)
def test_a_port_on_which_nothing_listens(tmp_path: Path, closed_port: int, unit: str, language: str) -> None:
    (tmp_path / "site.yaml").write_text(SITE.format(port=closed_port), encoding="utf-8")
    shown = CliRunner().invoke(facilityd, ["probe", str(tmp_path), unit, "--lang", language])
    assert isinstance(shown.exception, LinkOutage)
    text = spoken(shown.exception, language)  # type: ignore[arg-type]
    assert WORDS[unit, language] in text
    assert "Errno" not in text
