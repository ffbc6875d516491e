"""facilityd simulate: the site's units on real wires. The only command that knows the simulators."""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

import click

from devices.unit import Link, MqttLink
from facilityd.cli.console import console_command
from facilityd.cli.language import in_words, lang_option, named, spoken_lang_option
from facilityd.cli.output import at_most_option, print_json_line, site_argument
from facilityd.cli.ports import told_with_line
from facilityd.cli.replay import replay_command
from facilityd.cli.scenarios import run_command
from facilityd.cli.when import SecondsParam
from facilityd.config.site import Site
from facilityd.errors import UsageError
from facilityd.model.measure import duration
from facilityd.model.message import Wording
from facilityd.model.sample import NS
from simulators.hazards import HAZARDS
from simulators.mqtt_hazards import MQTT_HAZARDS
from simulators.site import ServedSite, serve
from simulators.square import Square, live

_EVENT = re.compile(r"(?P<after>[^:]+):(?P<target>[^:=]+):(?P<name>[^:=]+)(?:=(?P<magnitude>[-+.0-9eE]+))?")


@dataclass(frozen=True, slots=True)
class TimedEvent:
    """Something that happens ``after`` ns: a fault or demand of a device, or a hazard of a unit."""

    after: int
    target: str
    name: str
    magnitude: float = 1.0


class TimedEventParam(click.ParamType[TimedEvent]):
    """'30s:fountain-2:leakage=0.03' or '1min:pole-3-drive:silent'."""

    name = "after:target:name[=magnitude]"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> TimedEvent:
        """Return the event."""
        if isinstance(value, TimedEvent):
            return value
        found = _EVENT.fullmatch(str(value))
        if not found:
            self.fail(in_words(Wording("ask.not-after-target-name-magnitude", value=value)))
        try:
            after, magnitude = duration(found["after"]), float(found["magnitude"] or 1)
        except ValueError as error:
            self.fail(named(error), param, ctx)
        if not math.isfinite(magnitude):
            self.fail(in_words(Wording("ask.no-magnitude", found=found["magnitude"])), param, ctx)
        return TimedEvent(after, found["target"], found["name"], magnitude)


EVENT = TimedEventParam()


class ParsedEvent(NamedTuple):
    """An event and what kind it is."""

    kind: Literal["fault", "hazard", "demand"]
    event: TimedEvent


Tell = Callable[..., None]
NO_HAZARD = "none"
LISTENS_S = 2.0
LINKS_SHOWN = 20


@click.group()
def simulate() -> None:
    """Simulate a site on real sockets, lines and a broker."""


simulate.add_command(run_command)
simulate.add_command(console_command)
simulate.add_command(replay_command)


@simulate.command("serve")
@site_argument
@click.option("--broker", "own_broker", is_flag=True, help="Also start a broker for the site's MQTT link.")
@click.option(
    "--at", "clock", default="", metavar="HH:MM", help="Local time of day to begin at.  [default: now]"
)
@click.option("--seed", type=click.IntRange(0, 2**53), default=1, show_default=True)
@click.option(
    "--fault",
    "faults",
    type=TimedEventParam(),
    multiple=True,
    help="A device's fault, e.g. 30s:fountain-2:leakage=0.03",
)
@click.option(
    "--hazard",
    "hazards",
    type=TimedEventParam(),
    multiple=True,
    help="A unit's misbehaviour, e.g. 1min:pole-3-drive:silent",
)
@click.option(
    "--demand",
    "demands",
    type=TimedEventParam(),
    multiple=True,
    help="A run, e.g. 5s:hoist-1:up or 5s:pole-1:run",
)
@at_most_option
@spoken_lang_option
@click.option("--json", "as_json", is_flag=True, help="Tell what happens as JSON, one object per line.")
def serve_command(
    site: tuple[Path, ...], own_broker: bool, clock: str, seed: int,
    faults: tuple[TimedEvent, ...], hazards: tuple[TimedEvent, ...], demands: tuple[TimedEvent, ...],
    at_most: int, as_json: bool,
) -> None:  # fmt: skip
    """Serve every unit of a SITE, with its physics, until Ctrl-C."""
    from facilityd.config.load import load

    loaded = load(*site, at_most=at_most)
    square = build_square(loaded, clock, seed)
    story = [ParsedEvent("fault", one) for one in faults] + [ParsedEvent("demand", one) for one in demands]
    story += [ParsedEvent("hazard", one) for one in hazards]
    rehearse(loaded, square, story)
    with told_with_line(site):
        asyncio.run(_serve(loaded, square, story, _tell_json if as_json else _tell, own_broker=own_broker))


@simulate.command("demo")
@click.option("--broker", default="", metavar="HOST:PORT", help="Use this broker instead of an own one.")
@click.option("--plain", is_flag=True, help="Lines instead of a live table (always so without a terminal).")
@click.option(
    "--seconds", type=SecondsParam(), default=0, help="End after so long.  [default: Ctrl-C ends it]"
)
@lang_option
def demo_command(broker: str, plain: bool, seconds: float, lang: str | None) -> None:
    """Show the whole square simulated, and the daemon watching it."""
    from facilityd.cli.demo import demo

    demo(broker=broker, as_lines=plain, seconds=seconds, lang=lang)


def build_square(site: Site, clock: str, seed: int) -> Square:
    """Return the physics of a site, beginning now or at a local time of day."""
    from facilityd.scenario.runtime import square_of

    now = time.time_ns()
    if clock:
        try:
            hour = datetime.strptime(clock, "%H:%M").time()  # noqa: DTZ007 - the site's zone follows
        except ValueError as error:
            raise UsageError(
                Wording("ask.not-time-day", clock=clock), hint=Wording("ask.write-as")
            ) from error
        today = datetime.fromtimestamp(now / NS, ZoneInfo(site.timezone)).date()
        now = int(datetime.combine(today, hour, ZoneInfo(site.timezone)).timestamp()) * NS
    square = square_of(site, now, seed)
    square.advance(60.0, step=1.0)
    return square


def rehearse(site: Site, square: Square, story: list[ParsedEvent]) -> None:
    """Tell an unknown name before anything starts. Raises UsageError."""
    from facilityd.yaml_source import suggestion

    for kind, event in story:
        if kind == "fault":
            square.fault(event.target, event.name, 0.0)
        elif kind == "demand":
            if not square.can_run(event.target):
                raise UsageError(
                    Wording("ask.cannot-asked-for-run", target=event.target),
                    hint=Wording("ask.hoists-flag-poles-can"),
                )
        elif event.target not in site.units:
            raise UsageError(
                Wording("ask.no-unit-2", target=event.target), hint=suggestion(event.target, site.units)
            )
        elif event.name not in (known := {*HAZARDS, *MQTT_HAZARDS, NO_HAZARD}):
            raise UsageError(Wording("ask.no-hazard", event=event.name), hint=suggestion(event.name, known))


def _tell(kind: str, **facts: object) -> None:
    click.echo(f"{kind}: {', '.join(f'{name} {fact}' for name, fact in facts.items())}", err=True)


def _tell_json(kind: str, **facts: object) -> None:
    print_json_line({"kind": kind, **facts})


async def _serve(
    site: Site, square: Square, story: list[ParsedEvent], tell: Tell, *, own_broker: bool
) -> None:
    from devices.forecast.mapping import shipped_mappings
    from facilityd.scenario.live_stories import StoryPlayer
    from facilityd.supervise.stop import on_signals
    from simulators.broker import SPOKEN, broker
    from simulators.forecast import publish_forecast

    stop = asyncio.Event()
    async with AsyncExitStack() as stack:
        stack.enter_context(on_signals(stop))
        brokers = [link for link in site.links.values() if isinstance(link, MqttLink)]
        links: list[Link] = list(site.links.values())
        if own_broker:
            links = [replace(one, version=SPOKEN) if isinstance(one, MqttLink) else one for one in links]
        for link in brokers if own_broker else ():
            await stack.enter_async_context(broker(link.port, link.host, link.id))
            if link.version != SPOKEN:
                tell("this broker speaks MQTT 3.1.1 only", link=link.id, write=f'version: "{SPOKEN}"')
        units = list(site.units.values())
        field = await stack.enter_async_context(serve(units, links, live(square)))
        _tell_serving(site, tell)
        for link in () if own_broker else brokers:
            if not await _listens(link):
                tell("not served: no broker listens", link=link.id, where=link.where, start="--broker")
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(_happen(field, square, story, tell))]
            for source in site.forecasts:
                told = next((one for one in links if one.id == source.link), None)
                if isinstance(told, MqttLink) and source.mapping == shipped_mappings()["facilityd"]:
                    running.append(group.create_task(publish_forecast(square, told, source.where)))
            if site.page.simulated:
                running.append(group.create_task(StoryPlayer(site, square, field, tell).run()))
            await stop.wait()
            for one in running:
                one.cancel()
        seen = ", ".join(f"{code} x {count}" for code, count in sorted(field.witness.items()))
        tell("function codes seen", codes=seen or "none", commands=field.commands)


def _tell_serving(site: Site, tell: Tell) -> None:
    tell("serving", site=site.id, units=len(site.units), links=len(site.links), end="Ctrl-C")
    for link in list(site.links.values())[:LINKS_SHOWN]:
        tell("link", id=link.id, where=link.where)


async def _listens(link: MqttLink) -> bool:
    """Return whether somebody takes connections where a broker is expected."""
    try:
        async with asyncio.timeout(LISTENS_S):
            _, writer = await asyncio.open_connection(link.host, link.port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def _happen(field: ServedSite, square: Square, story: list[ParsedEvent], tell: Tell) -> None:
    begin = time.monotonic_ns()
    for kind, event in sorted(story, key=lambda happening: happening.event.after):
        await asyncio.sleep(max(0.0, (begin + event.after - time.monotonic_ns()) / NS))
        if kind == "fault":
            square.fault(event.target, event.name, event.magnitude)
        elif kind == "hazard":
            field.inject(event.target, None if event.name == NO_HAZARD else event.name)
        else:
            square.demand(event.target, up=event.name != "down")
        tell(kind, target=event.target, name=event.name, magnitude=event.magnitude)
