"""Which signals are meant: ``hoist-1``, ``fountain-*``, ``*.current_l?``, ``hoist-1.torque``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from facilityd.app.builtin import all_devices
from facilityd.config.site import Device, Site
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.sample import SignalType
from facilityd.yaml_source import suggestion

SignalName = tuple[str, str]
"""(device, signal)."""


def selected(site: Site, patterns: Sequence[str]) -> list[SignalName]:
    """Return the signals that patterns mean, device by device in the site's order, each once.

    Without a pattern those of all devices of the site. A pattern is a device, or a device and a signal with
    a dot between; ``*``, ``?`` and ``[…]`` stand for letters. What facilityd tells of itself is meant only
    where the name does not begin with ``*``. Raises UsageError for a pattern that means nothing.
    """
    every, found = all_devices(site), dict[SignalName, None]()
    for pattern in patterns or ("*",):
        device, _, signal = pattern.partition(".")
        known: Mapping[str, Device] = site.devices if device.startswith("*") else every
        own = [
            (name, one)
            for name in known
            if fnmatchcase(name, device)
            for one in signals_of(known[name])
            if fnmatchcase(one, signal or "*")
        ]
        if not own:
            raise UsageError(
                Wording("ask.means-no-signal", pattern=pattern), hint=_hint(known, device, signal)
            )
        found.update(dict.fromkeys(own))
    order = {name: place for place, name in enumerate(every)}
    return sorted(found, key=lambda one: order[one[0]])


def selected_numbers(site: Site, patterns: Sequence[str]) -> list[SignalName]:
    """Return the same without texts, which have no mean. Raises UsageError for what means nothing."""
    every = all_devices(site)
    return [
        one
        for one in selected(site, patterns)
        if every[one[0]].family.signals[one[1]].type is not SignalType.TEXT
    ]


def _hint(known: Mapping[str, Device], device: str, signal: str) -> str:
    if device in known:
        return suggestion(signal, signals_of(known[device]))
    return suggestion(device, known)


def signals_of(device: Device) -> list[str]:
    """Return the signals that a device brings, in the order of its family."""
    bound = {name for stream in device.streams for name in stream.signals}
    return [name for name in device.family.signals if name in bound]
