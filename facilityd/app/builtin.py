"""Links, channels and the daemon itself as devices: their troubles are alarms like all others."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping

from devices.family import Family
from devices.unit import Link, MqttLink
from facilityd.app.forecast_values import FORECAST, own_family
from facilityd.config.groups import members_of
from facilityd.config.site import Device, Site, SiteGroup
from facilityd.detect.rule_inputs import missed
from facilityd.model.group import LOST, group_name
from facilityd.model.rule import Rule, may_explain
from facilityd.model.sample import NS, Stream
from facilityd.model.settings import ChannelSettings, RecipientSettings
from facilityd.model.text import Text

DAEMON = "facilityd"
PERIOD = 60 * NS
"""How often the daemon's own health is written down, in ns."""
LINK_PERIOD = 600 * NS
"""How often a link's or a channel's health is written down while nothing changes, in ns."""
_CHANNEL = "channel-"
_KINDS = {
    "webhook": Text(zh="网络推送", en="webhook"),
    "email": Text(zh="邮件", en="e-mail"),
    "wecom-robot": Text(zh="企业微信群机器人", en="WeCom robot"),
    "wecom-app": Text(zh="企业微信应用", en="WeCom app"),
    "dingtalk-robot": Text(zh="钉钉机器人", en="DingTalk robot"),
    "feishu-robot": Text(zh="飞书机器人", en="Feishu robot"),
    "mqtt": Text(zh="MQTT 消息", en="MQTT"),
}


_OF_QUESTIONS = frozenset({"answered", "latency", "retries", "lateness_p50", "lateness_p99", "load"})
"""Signals of a link on which units are asked; a broker's speak on their own."""
_OF_EDGE_NODES = frozenset({"unborn", "unborn_nodes", "rebirths", "gaps", "malformed"})
"""Signals of a link with Sparkplug edge nodes."""


def _stream(
    device: str, family: Family, link: str, period: int, without: Container[str] = frozenset()
) -> Stream:
    signals = tuple(name for name in family.signals if name not in without)
    types = tuple(family.signals[name].type for name in signals)
    return Stream(device, family.family, DAEMON, link, signals, types, period)


def link_device(
    link: str, family: Family, devices: Iterable[Device] = (), without: Container[str] = _OF_EDGE_NODES
) -> Device:
    """Return the device that stands for a link; its failure is as grave as the gravest that it hides.

    ``without``: the signals that its protocol cannot bring.
    """
    for rule in _hidden(link, devices):
        grave = {name: _raised(down, rule) for name, down in family.rules.items()}
        family = family.model_copy(update={"rules": grave})
    name = link_name(link)
    shown = Text(zh=f"链路 {link}", en=f"Link {link}")
    stream = _stream(name, family, link, LINK_PERIOD, without)
    return Device(name, family, shown, (stream,))


def _without(link: Link) -> frozenset[str]:
    """Return the signals that a link cannot bring: of a broker, no share of answers."""
    if not isinstance(link, MqttLink):
        return _OF_EDGE_NODES
    return _OF_QUESTIONS if link.sparkplug else _OF_QUESTIONS | _OF_EDGE_NODES


def _hidden(link: str, devices: Iterable[Device]) -> Iterator[Rule]:
    """Yield the rules that would tell of signals that come over a link, if they could not be read."""
    for device in devices:
        brought = {s for stream in device.streams if stream.link == link for s in stream.signals}
        bound = device.bound if brought else frozenset()
        for rule in device.family.rules.values() if brought else ():
            if not brought.isdisjoint(missed(rule, device.family, bound)):
                yield rule


def _raised(down: Rule, hidden: Rule) -> Rule:
    """Return a link's rule, raised to the class and the urgency of one whose signals it hides."""
    if may_explain(down, hidden):
        return down
    safety = "safety" in (down.at_stake, hidden.at_stake)
    respond = min(down.respond, hidden.respond)
    return down.model_copy(update={"at_stake": "safety" if safety else down.at_stake, "respond": respond})


def group_device(group: SiteGroup, family: Family, devices: Mapping[str, Device]) -> Device:
    """Return the device that stands for a group; its loss is as grave as the gravest that it explains."""
    lost = family.rules[LOST]
    for device, rule in members_of(group, devices):
        lost = _raised(lost, devices[device].family.rules[rule])
    own = family.model_copy(update={"rules": {LOST: lost}})
    name = group_name(group.id)
    return Device(name, own, group.name, (_stream(name, own, DAEMON, LINK_PERIOD),), group.id)


def link_name(link: str) -> str:
    """Return the id of the device that stands for a link."""
    return f"link-{link}"


def channel_name(channel: str) -> str:
    """Return the id of the device that stands for a channel."""
    return f"{_CHANNEL}{channel}"


def channel_of(device: str) -> str:
    """Return the id of the channel that a device stands for, or "" where it stands for none."""
    return device.removeprefix(_CHANNEL) if device.startswith(_CHANNEL) else ""


def scope_of(device: str, site: Site) -> tuple[tuple[str, str], ...]:
    """Return the site's devices that one is about, each with its family: of a link, those behind it.

    Of the daemon and of channels there are none: they concern everybody.
    """
    if device in site.devices:
        return ((device, site.devices[device].family.family),)
    group = next((one for one in site.groups.values() if group_name(one.id) == device), None)
    if group:
        return tuple(pair for member in group.members for pair in scope_of(member, site))
    link = device.removeprefix("link-")
    behind = (one for one in site.devices.values() if any(s.link == link for s in one.streams))
    return tuple((one.id, one.family.family) for one in behind) if link != device else ()


def channel_device(person: RecipientSettings, channel: ChannelSettings, family: Family) -> Device:
    """Return the device that stands for the way to a person."""
    kind = _KINDS.get(channel.kind, Text(zh=channel.kind, en=channel.kind))
    shown = Text(zh=f"通知渠道 {person.name.zh}（{kind.zh}）", en=f"{person.name.en}'s {kind.en}")
    name = channel_name(channel.id)
    return Device(name, family, shown, (_stream(name, family, DAEMON, LINK_PERIOD),))


def daemon_device(family: Family) -> Device:
    """Return the device that stands for the daemon."""
    shown = Text(zh="监测程序", en="facilityd itself")
    return Device(DAEMON, family, shown, (_stream(DAEMON, family, DAEMON, PERIOD),))


def forecast_device(family: Family, site: Site) -> Device:
    """Return the device that stands for the site's forecasts and warnings."""
    own = own_family(family, site)
    return Device(FORECAST, own, family.name, (_stream(FORECAST, own, DAEMON, LINK_PERIOD),))


def all_devices(site: Site) -> dict[str, Device]:
    """Return the site's devices and the built-in ones."""
    family, behind = site.families["link"], dict[str, list[Device]]()
    for device in site.devices.values():
        for name in {stream.link for stream in device.streams}:
            behind.setdefault(name, []).append(device)
    links = [
        link_device(name, family, behind.get(name, ()), _without(link)) for name, link in site.links.items()
    ]
    built_in = [*links, daemon_device(site.families["daemon"])]
    if site.forecasts:
        built_in.append(forecast_device(site.families["forecast"], site))
    channels = [
        channel_device(person, channel, site.families["channel"])
        for person in site.recipients.values()
        for channel in person.channels
    ]
    known = {**site.devices, **{device.id: device for device in (*built_in, *channels)}}
    groups = [group_device(group, site.families["group"], known) for group in site.groups.values()]
    return known | {group.id: group for group in groups if site.groups[group.group].least}
