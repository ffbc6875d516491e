"""facilityd record: the raw traffic of one link, kept for a test."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import click

from devices.unit import Link, ModbusLink, Unit
from facilityd.cli.arguments import Asked, site_and_names
from facilityd.cli.language import current, spoken_lang_option
from facilityd.cli.output import json_option, print_json
from facilityd.cli.when import SecondsParam
from facilityd.cli.words import sentence
from facilityd.errors import UsageError
from facilityd.model.link import LinkHealth
from facilityd.model.message import Wording
from facilityd.model.sample import Sample
from facilityd.yaml_source import suggestion


class _Nobody:
    """An intake that needs nothing: what is recorded is what came over the wire."""

    def offer(self, samples: list[Sample]) -> None:
        """Forget samples."""

    async def commit(self, samples: list[Sample]) -> None:
        """Forget samples."""


@click.command()
@site_and_names("link", needed=True)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True,
    help="The file; a name that ends in .zst is compressed.",
)  # fmt: skip
@click.option(
    "--seconds", type=SecondsParam(), default=0, help="End after so long.  [default: Ctrl-C ends it]"
)
@spoken_lang_option
@json_option
def record(asked: Asked, output: Path, seconds: float, as_json: bool) -> None:
    """Record the traffic of a LINK, asking as the daemon does.

    Stop the daemon first where the link is a serial line: a bus has one master. The file holds
    questions, answers, topics and times; no address, user name or password.
    """
    from facilityd.config.load import load

    loaded, link = load(*asked.site), asked.names[0]
    if link not in loaded.links:
        raise UsageError(Wording("ask.no-link", link=link), hint=suggestion(link, loaded.links))
    count = asyncio.run(_record(loaded.links[link], loaded.units_of(link), output, seconds))
    if as_json:
        print_json({"file": str(output), "link": link, "lines": count})
    else:
        click.echo(sentence("recorded", current(), file=output, count=count, link=link), err=True)


async def _record(link: Link, units: list[Unit], output: Path, seconds: float) -> int:
    from devices.modbus.bus import Bus
    from devices.mqtt.sparkplug_link import runner_of
    from devices.operating_mode import OperatingModeTracker
    from facilityd.model.clock import Clock
    from facilityd.recording.format import Recorder
    from facilityd.recording.tap import Taps, header_of
    from facilityd.supervise.stop import end, on_signals

    def hear(_: LinkHealth) -> None:
        """The link's health stands in the recording itself."""

    stop = asyncio.Event()
    with Recorder(output, header_of(link, units, time.time_ns())) as recorder, on_signals(stop):
        taps = Taps(recorder.note)
        if isinstance(link, ModbusLink):
            work = Bus(link, units, _Nobody(), Clock(), OperatingModeTracker({}), hear, taps.connect).run()
        else:
            mode = OperatingModeTracker({})
            work = runner_of(link, units, _Nobody(), Clock(), mode, hear, taps.listen).run()
        running = asyncio.create_task(work)
        waiting = asyncio.create_task(stop.wait())
        await asyncio.wait({running, waiting}, timeout=seconds or None, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if running.done():
            running.result()
        await end([running, waiting])
        return recorder.count
