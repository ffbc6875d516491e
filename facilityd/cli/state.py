"""facilityd state start and stop: a device is drained, does not play, or is held for the wind."""

from __future__ import annotations

import time
from pathlib import Path

import click

from facilityd.cli.arguments import by_option, device_argument, one_site
from facilityd.cli.command import send
from facilityd.cli.language import lang_option
from facilityd.cli.maintenance import load_with, tell_done
from facilityd.cli.output import json_option, print_json
from facilityd.cli.when import DurationParam
from facilityd.model.command import StartMaintenance, StopMaintenance
from facilityd.model.suppression import DEVICE_STATES
from facilityd.supervise.inbox import whoami


@click.group()
def state() -> None:
    """Let a DEVICE rest: nobody is told of it, but of danger."""


@state.command()
@one_site
@device_argument
@click.argument("name", metavar="STATE", type=click.Choice(list(DEVICE_STATES)))
@click.option("--for", "lasts", type=DurationParam(), required=True, help="How long, such as 6h or 120d.")
@click.option("--reason", "-m", required=True, help="Why.")
@by_option
@lang_option
@json_option
def start(
    site: Path, device: str, name: str, lasts: int, reason: str, person: str | None, lang: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Begin a STATE of a DEVICE: drained, show-off, wind-hold or maintenance.

    It ends by itself. Alarms that endanger people are told all the same; what goes on at the end is told.
    """
    loaded, who, until = load_with(site, device), person or whoami(), time.time_ns() + lasts
    send(loaded, StartMaintenance, device=device, person=who, reason=reason, until=until, state=name)
    if as_json:
        print_json({"device": device, "person": who, "until": until, "state": name})
        return
    tell_done(loaded, device, "in-state", lang, who=who, until=until, state=name)


@state.command()
@one_site
@device_argument
@by_option
@lang_option
@json_option
def stop(site: Path, device: str, person: str | None, lang: str | None, as_json: bool) -> None:
    """End the state of a DEVICE, also one that a season of the site began.

    What goes on is told.
    """
    loaded, who = load_with(site, device), person or whoami()
    send(loaded, StopMaintenance, device=device, person=who)
    if as_json:
        print_json({"device": device, "person": who, "state": None})
        return
    tell_done(loaded, device, "state-ended", lang, who=who)
