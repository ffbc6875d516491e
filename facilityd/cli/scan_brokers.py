"""Scanning brokers: who speaks there, as a result that `init` reads, and as a table."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from devices.mqtt.scan import BrokerScan
from devices.profile import MqttProfile
from devices.unit import MQTT_PORT, MqttLink
from facilityd.cli.output import console, say, styled, table
from facilityd.cli.text_table import Column, whole
from facilityd.cli.words import counted, sentence
from facilityd.errors import LinkOutage
from facilityd.model.message import spoken
from facilityd.model.scan_result import HeardTopic, HeardUnit, ScannedBroker
from facilityd.model.text import Language, Text

T = TypeVar("T")
PASSWORD = "FACILITYD_MQTT_PASSWORD"  # noqa: S105 - the variable's name
SHOWN, VALUES = 40, 4
"""Topics that no model understands, and values of a unit, that are shown."""
HEARD = (
    whole("topic", "主题", named=True),
    Column("speaks like", "消息符合", least=20),
    Column("says itself", "自报", gives=2),
    Column("read", "读数", gives=1),
    Column("broker", "Broker", gives=3),
)
OTHERS = (
    whole("topic", "主题", named=True),
    Column("message", "消息", least=20),
    Column("says itself", "自报", gives=1),
)


def broker_links(targets: Sequence[tuple[str, int]], username: str) -> list[MqttLink]:
    """Return the brokers to listen to; a password comes from the environment, never from the command line."""
    password = os.environ.get(PASSWORD, "")
    return [
        MqttLink("", host, port or MQTT_PORT, username=username, password=password) for host, port in targets
    ]


async def listen_to(
    links: Sequence[MqttLink], known: Mapping[str, MqttProfile], seconds: float, language: Language
) -> tuple[ScannedBroker, ...]:
    """Listen to brokers side by side, for some seconds or until somebody pressed Ctrl-C."""
    if links:
        say(sentence("scan-listening", language, seconds=f"{seconds:g}"), err=True)
    tasks = [asyncio.create_task(_one(link, known, seconds)) for link in links]
    return tuple([await task for task in await to_their_end(tasks)])


async def to_their_end(tasks: Sequence[asyncio.Task[T]]) -> Sequence[asyncio.Task[T]]:
    """Wait for tasks that return what they have where they are cancelled; Ctrl-C cancels them all."""
    try:
        if tasks:
            await asyncio.wait(tasks)
    except asyncio.CancelledError:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    return tasks


async def _one(link: MqttLink, known: Mapping[str, MqttProfile], seconds: float) -> ScannedBroker:
    work, reason = BrokerScan(known), None
    try:
        with contextlib.suppress(asyncio.CancelledError):
            await work.run(link, seconds)
    except LinkOutage as outage:
        why = LinkOutage(outage.what, hint=outage.hint)  # where it is, is said beside it
        reason = Text(zh=spoken(why, "zh"), en=spoken(why, "en"))
    units, others = work.result()
    heard = tuple(
        HeardUnit(
            topic=one.topic, fits=one.fits, certain=one.certain, announced=one.announced, read=one.values
        )
        for one in units
    )
    rest = tuple(HeardTopic(topic=one.topic, shape=one.shape, announced=one.announced) for one in others)
    return ScannedBroker(
        host=link.host, port=link.port, messages=work.messages, more=work.unkept, reason=reason, units=heard,
        others=rest,
    )  # fmt: skip


def show_brokers(
    brokers: Sequence[ScannedBroker], known: Mapping[str, MqttProfile], language: Language
) -> None:
    """Print who speaks, what else is said, and what to do next."""
    rows = [
        (one.topic, _like(one, known, language), one.announced, _read(one, known), broker.where)
        for broker in brokers
        for one in broker.units
    ]
    if rows:
        console().print(table(counted(len(rows), "speaking", language), HEARD, rows, language=language))
    others = [(one.topic, one.shape, one.announced) for broker in brokers for one in broker.others]
    if others:
        title = counted(len(others), "other-topic", language)
        console().print(table(title, OTHERS, others[:SHOWN], language=language))
        if len(others) > SHOWN:
            say(sentence("scan-more-topics", language, count=len(others) - SHOWN))
    for line in _ends(brokers, language):
        say(line)


def _like(unit: HeardUnit, known: Mapping[str, MqttProfile], language: Language) -> object:
    if not unit.certain:
        return styled(sentence("scan-speaks-one-of", language, models=", ".join(unit.fits)), "low")
    model = known.get(unit.fits[0])
    return styled(f"{unit.fits[0]} ({model.maker} {model.model})" if model else unit.fits[0], calm=True)


def _read(unit: HeardUnit, known: Mapping[str, MqttProfile]) -> str:
    model = known.get(unit.fits[0])
    units = {name: point.unit for name, point in model.expanded.items()} if model else {}
    shown = (
        f"{name} {value if isinstance(value, str | bool) else f'{value:.6g}'} {units.get(name, '')}".rstrip()
        for name, value in list(unit.read.items())[:VALUES]
    )
    return ", ".join(shown) + (" …" if len(unit.read) > VALUES else "")


def _ends(brokers: Sequence[ScannedBroker], language: Language) -> Iterator[str]:
    """Yield what kept a broker from being heard, or that nobody spoke, and what comes next."""
    for one in brokers:
        if one.reason is not None:
            yield f"{one.where}: {one.reason.in_(language)}"
        elif not one.messages:
            yield sentence("scan-broker-silent", language, where=one.where)
        if one.more:
            yield sentence("scan-broker-more", language, where=one.where, count=one.more)
    if any(unit.certain for one in brokers for unit in one.units):
        yield sentence("scan-broker-next", language)
