"""facilityd simulate replay: a recorded link on a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from facilityd.cli.language import current, spoken_lang_option
from facilityd.cli.output import print_json_line
from facilityd.cli.when import SecondsParam, SpeedParam
from facilityd.cli.words import sentence
from facilityd.errors import PortTaken
from facilityd.model.message import Wording

if TYPE_CHECKING:
    from facilityd.recording.format import Recording


Tell = Callable[..., None]


@click.command("replay")
@click.argument("file", type=click.Path(exists=True, path_type=Path, dir_okay=False))
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=1502,
    show_default=True,
    help="To serve on, or the broker's.",
)
@click.option("--broker", "own_broker", is_flag=True, help="MQTT: also start a broker on that port.")
@click.option("--speed", type=SpeedParam(0.01, 1000), default=1.0, help="MQTT: times life.")
@click.option(
    "--seconds", type=SecondsParam(), default=0, help="End after so long.  [default: Ctrl-C ends it]"
)
@spoken_lang_option
@click.option("--json", "as_json", is_flag=True, help="Tell what happens as JSON, one object per line.")
def replay_command(
    file: Path, host: str, port: int, own_broker: bool, speed: float, seconds: float, as_json: bool
) -> None:
    """Serve a recorded link: each question gets its recorded answer.

    A serial line comes back as RTU in TCP: let the site's link be modbus-rtu-over-tcp to this port.
    """
    from facilityd.recording.format import read

    recording = read(file)
    if recording.damage:
        click.echo(f"warning: {recording.damage}", err=True)
    try:
        asyncio.run(_replay(recording, host, port, speed, seconds, _json if as_json else _say, own_broker))
    except PortTaken as error:
        hint = Wording("ask.give-another-port-or-stop")
        raise PortTaken(error.what, where=error.where, hint=hint) from error


async def _replay(
    recording: Recording, host: str, port: int, speed: float, seconds: float, tell: Tell, own_broker: bool
) -> None:
    from facilityd.supervise.stop import on_signals
    from simulators.broker import broker
    from simulators.replay import replaying

    stop = asyncio.Event()
    async with AsyncExitStack() as stack:
        stack.enter_context(on_signals(stop))
        if own_broker:
            await stack.enter_async_context(broker(port, host))
        replay = await stack.enter_async_context(replaying(recording, host, port, speed))
        header = replay.header
        tell("replay-serving", link=header.link, protocol=header.protocol, where=f"{host}:{port}")
        try:
            async with asyncio.timeout(seconds or None):
                await stop.wait()
        except TimeoutError:
            pass
        tell("replay-left", left=replay.left)


def _say(name: str, **facts: object) -> None:
    click.echo(sentence(name, current(), **facts), err=True)


def _json(name: str, **facts: object) -> None:
    print_json_line({"kind": name.removeprefix("replay-"), **facts})
