"""facilityd simulate: the site's units on real wires. The only command that knows the simulators."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from facilityd.cli.output import site_argument
from facilityd.config.site import Site
from facilityd.errors import UsageError
from facilityd.model.measure import duration
from facilityd.model.sample import NS
from simulators.physics import World
from simulators.site import Field, serve
from simulators.square import Square

_EVENT = re.compile(r"(?P<after>[^:]+):(?P<target>[^:=]+):(?P<name>[^:=]+)(?:=(?P<magnitude>[-+.0-9eE]+))?")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens ``after`` ns: a fault or demand of a device, or a hazard of a unit."""

    after: int
    target: str
    name: str
    magnitude: float = 1.0


class EventType(click.ParamType[Event]):
    """'30s:fountain-2:leakage=0.03' or '1min:pole-3-drive:silent'."""

    name = "after:target:name[=magnitude]"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Event:
        """Return the event."""
        if isinstance(value, Event):
            return value
        found = _EVENT.fullmatch(str(value))
        if not found:
            self.fail(f"{value!r} is not AFTER:TARGET:NAME[=MAGNITUDE], such as 30s:fountain-2:leakage=0.03")
        try:
            after = duration(found["after"])
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return Event(after, found["target"], found["name"], float(found["magnitude"] or 1))


EVENT = EventType()


@click.group()
def simulate() -> None:
    """Simulate a site: its devices' physics, served on real sockets, serial lines and a broker."""


@simulate.command("serve")
@site_argument
@click.option("--broker", "own_broker", is_flag=True, help="Also start a broker for the site's MQTT link.")
@click.option(
    "--at", "clock", default="", metavar="HH:MM", help="Local time of day to begin at.  [default: now]"
)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option(
    "--fault",
    "faults",
    type=EventType(),
    multiple=True,
    help="A device's fault, e.g. 30s:fountain-2:leakage=0.03",
)
@click.option(
    "--hazard",
    "hazards",
    type=EventType(),
    multiple=True,
    help="A unit's misbehaviour, e.g. 1min:pole-3-drive:silent",
)
@click.option(
    "--demand", "demands", type=EventType(), multiple=True, help="A run, e.g. 5s:hoist-1:up or 5s:pole-1:run"
)
def serve_command(
    site: tuple[Path, ...], own_broker: bool, clock: str, seed: int,
    faults: tuple[Event, ...], hazards: tuple[Event, ...], demands: tuple[Event, ...],
) -> None:  # fmt: skip
    """Serve every unit of a SITE, with its physics, until Ctrl-C."""
    from facilityd.config.load import load

    loaded = load(*site)
    square = build_square(loaded, clock, seed)
    for event in faults:
        square.fault(event.target, event.name, 0.0)  # an unknown name is told before anything starts
    happenings = (
        [(e, "fault") for e in faults] + [(e, "hazard") for e in hazards] + [(e, "demand") for e in demands]
    )
    asyncio.run(_serve(loaded, square, happenings, own_broker=own_broker))


@simulate.command("demo")
@click.option("--broker", default="", metavar="HOST:PORT", help="Use this broker instead of an own one.")
@click.option("--plain", is_flag=True, help="Lines instead of a live table (always so without a terminal).")
@click.option("--seconds", type=float, default=0, help="End after so long.  [default: Ctrl-C ends it]")
def demo_command(broker: str, plain: bool, seconds: float) -> None:
    """Show the whole square simulated, and the daemon watching it."""
    from facilityd.cli.demo import demo

    demo(own_broker=not broker, plain=plain, seconds=seconds)


def build_square(site: Site, clock: str, seed: int) -> Square:
    """Return the physics of a site, beginning now or at a local time of day."""
    now = time.time_ns()
    if clock:
        try:
            hour = datetime.strptime(clock, "%H:%M").time()  # noqa: DTZ007 - the site's zone follows
        except ValueError as error:
            raise UsageError(f"{clock!r} is not a time of day", hint="write it as 19:30") from error
        today = datetime.fromtimestamp(now / NS, ZoneInfo(site.timezone)).date()
        now = int(datetime.combine(today, hour, ZoneInfo(site.timezone)).timestamp()) * NS
    world = World(site.latitude, site.longitude, site.timezone, now)
    square = Square({d.id: d.family.family for d in site.devices.values()}, world, seed)
    square.advance(60.0, step=1.0)
    return square


async def _serve(
    site: Site, square: Square, happenings: list[tuple[Event, str]], *, own_broker: bool
) -> None:
    from facilityd.supervise.stop import on_signals
    from simulators.broker import broker

    stop = asyncio.Event()
    async with AsyncExitStack() as stack:
        stack.enter_context(on_signals(stop))
        if own_broker:
            for link in site.links.values():
                if hasattr(link, "qos"):
                    await stack.enter_async_context(broker(link.port, link.host))
        units = list(site.units.values())
        field = await stack.enter_async_context(serve(units, list(site.links.values()), _truth(square)))
        click.echo(
            f"{site.id}: serving {len(units)} units on {len(site.links)} links; Ctrl-C ends it", err=True
        )
        telling = asyncio.create_task(_happen(field, square, happenings))
        await stop.wait()
        telling.cancel()
        click.echo(f"function codes seen: {dict(sorted(field.witness.items()))}", err=True)


def _truth(square: Square) -> Callable[[], dict[tuple[str, str], float | int | bool | None]]:
    last = time.monotonic()

    def truth() -> dict[tuple[str, str], float | int | bool | None]:
        nonlocal last
        now = time.monotonic()
        square.advance(now - last)
        last = now
        return square.signals()

    return truth


async def _happen(field: Field, square: Square, happenings: list[tuple[Event, str]]) -> None:
    begin = time.monotonic_ns()
    for event, kind in sorted(happenings, key=lambda pair: pair[0].after):
        await asyncio.sleep(max(0.0, (begin + event.after - time.monotonic_ns()) / NS))
        if kind == "fault":
            square.fault(event.target, event.name, event.magnitude)
        elif kind == "hazard":
            field.inject(event.target, None if event.name == "none" else event.name)
        else:
            square.demand(event.target, up=event.name != "down")
        click.echo(f"{kind}: {event.target} {event.name}", err=True)
