"""The world outside the process, in one place: what virtual time replaces, and nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devices.modbus.client import connect
from devices.modbus.reader import Connect
from devices.mqtt.link import Listen
from devices.mqtt.sparkplug_session import listen_or_speak
from facilityd.model.clock import Clock
from facilityd.model.people import AlertmanagerSettings
from facilityd.model.settings import ChannelSettings, SinkSettings
from facilityd.notify.channels import Channel, build
from facilityd.notify.ping import ping, post_alerts
from facilityd.pipeline.writer import Writer, WriterThread
from facilityd.store.files import disk_free
from facilityd.store.sink import Sink
from facilityd.store.sinks import make_sink
from facilityd.supervise.process_figures import ProcessFigures

PostAlerts = Callable[[AlertmanagerSettings, list[dict[str, Any]]], Awaitable[str]]
"""Posts alerts once; returns why that was no success, or nothing."""


@dataclass(frozen=True, slots=True)
class Environment:
    """Clock, wires, outputs and disk. The defaults are the real ones.

    ``command_interval``: s between looks for people's commands; None: only at beats that something else
    asks for. ``sink``: makes a sink. ``ping``: calls the heartbeat's URL. ``post_alerts``: posts to
    an Alertmanager. ``durable``: each commit waits
    for the disk. ``rolls_up``: hours that have ended are rolled up at once; else they are computed when
    somebody asks. ``signals``: SIGINT and SIGTERM end the daemon. ``bridges``: brokers are connected to for
    Home Assistant and for replies. ``long_lived``: the process is the daemon's own, and its collector is
    tuned for that. ``heartbeat``: it beats beside the journal, and tells the service manager how it is.
    ``observe``: how the process is; None: as its heartbeat sees it.
    """

    clock: Clock = field(default_factory=Clock)
    connect: Connect = connect
    listen: Listen = listen_or_speak
    channels: Callable[[Iterable[ChannelSettings]], Mapping[str, Channel]] = build
    writer: Callable[[], Writer] = WriterThread
    sink: Callable[[SinkSettings], Sink] = make_sink
    disk_free: Callable[[Path], int] = disk_free
    ping: Callable[[str], Awaitable[str]] = ping
    post_alerts: PostAlerts = post_alerts
    command_interval: float | None = 1.0
    durable: bool = True
    rolls_up: bool = True
    signals: bool = True
    bridges: bool = True
    long_lived: bool = True
    heartbeat: bool = True
    observe: Callable[[], ProcessFigures] | None = None
