"""Where history is read from: the site's journal, or one of its InfluxDBs. The answers are the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from facilityd.app.builtin import all_devices
from facilityd.config.one_sink import load_influx
from facilityd.config.site import Site
from facilityd.model.sample import Stream
from facilityd.model.settings import InfluxSettings
from facilityd.query.site import open_journal
from facilityd.store.history_reader import HistoryReader
from facilityd.store.influx_history import InfluxHistory, open_source
from facilityd.store.influx_query import InfluxQueryClient
from facilityd.store.reader import JournalReader

JOURNAL = "journal"


@contextmanager
def open_history(site: Site, name: str = JOURNAL) -> Iterator[HistoryReader]:
    """Open what is called ``name``: ``journal``, ``influxdb``, or the id of a sink that is one.

    Raises UsageError, then and while it is read; ConfigError where the sink's secret cannot be read.
    """
    with ExitStack() as stack:
        if name == JOURNAL:
            yield stack.enter_context(open_journal(site))
            return
        settings = load_influx([Path(path) for path in site.paths], name)
        journal = stack.enter_context(open_journal(site)) if Path(site.store.path).exists() else None
        client = InfluxQueryClient(settings)
        stack.callback(client.close)
        yield influx_history(site, client, journal)


def influx_history(site: Site, client: InfluxQueryClient, journal: JournalReader | None) -> InfluxHistory:
    """Return the history of a site as an InfluxDB has it. Raises UsageError where that does not answer.

    The ``journal`` knows when nobody watched, and which units there were before.
    """
    streams = _streams(site, journal)
    return InfluxHistory(open_source(client), site.id, streams, journal)


def _streams(site: Site, journal: JournalReader | None) -> Sequence[Stream]:
    configured = [stream for device in all_devices(site).values() for stream in device.streams]
    return [*configured, *(journal.streams().values() if journal else ())]


def influx_sinks(site: Site) -> list[str]:
    """Return the ids of the sinks that history can be read from."""
    return [name for name, sink in site.sinks.items() if isinstance(sink, InfluxSettings)]
