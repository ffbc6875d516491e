"""The kinds of sink. A new one is a line here, its settings, and a file beside this one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from facilityd.model.settings import FileSinkSettings, InfluxSettings, SinkSettings
from facilityd.store.file_sink import FileSink
from facilityd.store.sink import Sink


def _influx(settings: InfluxSettings) -> Sink:
    # influxdb-client takes a second to import: a site without such a sink starts without it.
    from facilityd.store.influx import InfluxSink  # noqa: PLC0415

    return InfluxSink(settings)


SINKS: dict[str, Callable[[Any], Sink]] = {
    InfluxSettings.kind: _influx,
    FileSinkSettings.kind: FileSink,
}
"""A sink by the kind of its settings."""


def make_sink(settings: SinkSettings) -> Sink:
    """Return the sink that a site asks for. Opens nothing."""
    return SINKS[settings.kind](settings)
