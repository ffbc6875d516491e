"""The units of a new site: from a scan's file, or told one by one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from devices.profile import ModbusProfile
from devices.unit import HIGHEST_ID, MQTT_PORT, Link, ModbusLink, MqttLink
from facilityd.cli.init_files import AnyProfile, NewUnit
from facilityd.cli.scan_targets import HIGHEST, PORT, endpoint
from facilityd.errors import UsageError, system_reason
from facilityd.model.message import Wording
from facilityd.model.scan_result import ScannedLink, ScanResult
from facilityd.yaml_source import suggestion

if TYPE_CHECKING:
    from facilityd.config.site import Site

_DEVICE = re.compile(r"tty[A-Z]+\d+|serial/\S+")
"""What is no host: a serial port without its folder."""
LONGEST_SCAN = 2**22
"""Bytes of a scan's file."""


def units_of_scan(path: Path, known: Mapping[str, AnyProfile]) -> Iterator[NewUnit]:
    """Yield what a scan found, but for what nobody could make out. Raises UsageError."""
    found = _read(path)
    links = found.links
    for broker in found.brokers:
        for heard in broker.units:
            _check_known(heard.fits, known)
            link_to = MqttLink("", broker.host, broker.port)
            yield NewUnit(link_to, heard.topic, heard.fits, sure=heard.certain)
    for link in links:
        # A bus is written with the settings at which most units answered.
        port = [one for one in links if one.serial_port == link.serial_port] if link.serial_port else [link]
        usual = max(port, key=lambda one: len(one.units))
        made, aside = _link(usual), "" if usual is link else link.where.removeprefix(link.serial_port).strip()
        for unit in link.units:
            _check_known(unit.fits, known)
            if unit.garbled:
                continue
            yield NewUnit.of_scan(made, unit, aside)


def _check_known(profiles: Iterable[str], known: Mapping[str, AnyProfile]) -> None:
    for profile in profiles:
        if profile not in known:
            raise _no_profile(profile, known)


def _read(path: Path) -> ScanResult:
    try:
        with path.open("rb") as file:
            return ScanResult.model_validate_json(file.read(LONGEST_SCAN))
    except OSError as error:
        what = Wording("ask.cannot-be-read", error=system_reason(error))
        raise UsageError(what, where=str(path)) from error
    except ValidationError as error:
        what, hint = Wording("ask.no-scan"), Wording("ask.scan-into-file")
        raise UsageError(what, where=str(path), hint=hint) from error


def _link(link: ScannedLink) -> ModbusLink:
    serial = {"serial_port": link.serial_port, "baudrate": link.baudrate, "parity": link.parity}
    if link.serial_port:
        return ModbusLink("", link.protocol, **serial)  # type: ignore[arg-type]
    return ModbusLink("", link.protocol, link.host, link.port)


def unit_told(
    profile: str, where: str, address: str, known: Mapping[str, AnyProfile], before: Iterable[NewUnit]
) -> NewUnit:
    """Return a unit that was told: model, where it is connected, and its device id or topic.

    ``before``: units told already; those on the same serial port share its settings. Raises UsageError.
    """
    if profile not in known:
        raise _no_profile(profile, known)
    model = known[profile]
    if not isinstance(model, ModbusProfile):
        host, port = endpoint(where)
        return NewUnit(MqttLink("", host, port or MQTT_PORT), address, (profile,))
    link = next((one.link for one in before if one.link.where == where), None) or _modbus(where, model)
    highest = HIGHEST_ID if isinstance(link, ModbusLink) and link.is_serial_line else HIGHEST
    if not (address.isdigit() and 1 <= int(address) <= highest):
        raise UsageError(Wording("ask.not-device-id", address=address), hint=Wording("ask.number-from"))
    return NewUnit(link, address, (profile,))


def _modbus(where: str, model: ModbusProfile) -> Link:
    if where.startswith(("/", ".")):
        factory = re.match(r"(\d+) 8([NEO])", model.serial)
        speed, parity = (int(factory[1]), factory[2]) if factory else (9600, "N")
        return ModbusLink("", "modbus-rtu", serial_port=where, baudrate=speed, parity=parity)
    if _DEVICE.fullmatch(where):
        raise UsageError(
            Wording("ask.no-host", where=where), hint=Wording("ask.serial-port", where=f"/dev/{where}")
        )
    host, port = endpoint(where)
    return ModbusLink("", "modbus-tcp", host, port or PORT)


def fresh_units(units: Iterable[NewUnit], there: Site) -> list[NewUnit]:
    """Return the units that a site has not yet: by where they are connected, and device id or topic."""
    known = {
        (there.links[unit.link].where, unit.topic or str(unit.device_id)) for unit in there.units.values()
    }
    return [one for one in units if (one.link.where, one.address) not in known]


def _no_profile(profile: str, known: Mapping[str, AnyProfile]) -> UsageError:
    return UsageError(Wording("ask.no-profile", profile=profile), hint=suggestion(profile, known))
