"""Section ``page``: places of devices that there are, and a simulated site that leads to nothing real."""

from __future__ import annotations

from pathlib import Path

import pytest

from facilityd.config.load import load
from facilityd.config.site import Site
from facilityd.errors import ConfigError

SITE = """\
site: {{id: yard, name: {{zh: 场院, en: Yard}}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}}
links: {{io: {link}}}
units: {{drive: {{link: io, profile: abb_acs380_acs580, device_id: 2, period: 1s}}}}
devices:
  hoist-1: {{family: hoist, name: {{zh: 升降机, en: Hoist}}, signals: {{torque: drive.torque}}}}
  hoist-2: {{family: hoist, name: {{zh: 升降机, en: Hoist}}, signals: {{torque: drive.torque}}}}
page: {page}
"""
HERE = "{protocol: modbus-tcp, host: 127.0.0.1}"


def _load(folder: Path, page: str, link: str = HERE) -> Site:
    file = folder / "site.yaml"
    file.write_text(SITE.format(page=page, link=link), encoding="utf-8")
    return load(file)


def _mistake(folder: Path, page: str, link: str = HERE) -> str:
    with pytest.raises(ConfigError) as error:
        _load(folder, page, link)
    return str(error.value)


def test_places_are_read_and_without_them_there_are_none(tmp_path: Path) -> None:
    assert _load(tmp_path, "{at: {hoist-1: [6, 2], hoist-2: [1, 12]}}").page.at == {
        "hoist-1": (6, 2),
        "hoist-2": (1, 12),
    }
    assert _load(tmp_path, "{}").page.at == {}


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("{at: {hoist-9: [1, 1]}}", "hoist-9"),
        ("{at: {hoist-1: [2, 2], hoist-2: [2, 2]}}", "hoist-2 stands where hoist-1 stands"),
        ("{at: {hoist-1: [13, 1]}}", "12"),
        ("{at: {hoist-1: [0, 1]}}", "1"),
        ("{at: {hoist-1: [1]}}", ""),
        ("{at: {hoist-1: [1.5, 2]}}", "a whole number is expected"),
    ],
)
def test_a_place_that_cannot_be_is_told_with_its_line(tmp_path: Path, page: str, said: str) -> None:
    told = _mistake(tmp_path, page)
    assert "site.yaml:7:" in told
    assert said in told


@pytest.mark.parametrize(
    "link",
    [
        "{protocol: modbus-tcp, host: 192.168.1.20}",
        "{protocol: modbus-tcp, host: gateway.local}",
        "{protocol: modbus-rtu, serial_port: /dev/ttyUSB0}",
        "{protocol: modbus-rtu, serial_port: /dev/serial/by-id/usb-1}",
        "{protocol: modbus-rtu, serial_port: /tmp/../dev/ttyS0}",
    ],
)
def test_a_site_that_leads_to_something_real_is_not_simulated(tmp_path: Path, link: str) -> None:
    assert "a simulated site has links of this machine only, and io leads to" in _mistake(
        tmp_path, "{simulated: true}", link
    )
    assert not _load(tmp_path, "{simulated: false}", link).page.simulated


@pytest.mark.parametrize(
    "link",
    [HERE, "{protocol: modbus-tcp, host: localhost}", "{protocol: modbus-rtu, serial_port: /tmp/tty/a}"],
)
def test_a_site_of_this_machine_may_be_simulated(tmp_path: Path, link: str) -> None:
    assert _load(tmp_path, "{simulated: true}", link).page.simulated


@pytest.mark.parametrize(("url", "fine"), [("https://a.example", True), ("https://a.example/", True),
                                           ("https://a.example:8443", True), ("https://a.example/square/", False)])  # fmt: skip
def test_the_page_is_reached_at_the_root_of_a_host(tmp_path: Path, url: str, fine: bool) -> None:
    text = f"{{}}\nweb: {{public_url: {url}}}"
    if fine:
        assert _load(tmp_path, text).web.public_url == url.rstrip("/")
    else:
        assert "leave 'square' out" in _mistake(tmp_path, text)
