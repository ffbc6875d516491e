"""facilityd hardware try: whether a unit is the model that its nameplate says, before there is a site."""

from __future__ import annotations

from collections.abc import Mapping

from devices.unit import ModbusLink, Unit, every_point
from facilityd.cli.hardware_table import AnyProfile
from facilityd.cli.init_units import unit_told
from facilityd.cli.output import say
from facilityd.cli.probe import LISTEN_S, ask, listen
from facilityd.cli.words import sentence
from facilityd.doctor.ports import refuse_taken
from facilityd.model.text import Language


def try_unit(
    where: str, address: str, profile: str, known: Mapping[str, AnyProfile], language: Language | None
) -> bool:
    """Ask the unit with a device id at a host or serial port, or listen to a topic at a broker.

    Without a ``language`` the answer is JSON. Return whether it is a ``profile``. Raises UsageError.
    """
    link = unit_told(profile, where, address, known, ()).link
    if isinstance(link, ModbusLink):
        refuse_taken(link.serial_port)
        unit = Unit(f"{where}/{address}", "", known[profile], (), (), device_id=int(address))
        good = ask(link, unit, known, language)
    else:
        good = listen(link, every_point(address, "", known[profile]), LISTEN_S, language)
    if good and language:
        say(sentence("hardware-tried", language, unit=f"{profile} {where} {address}"))
    return good
