"""facilityd maintenance start and stop: somebody works on a device."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from facilityd.cli.arguments import by_option, device_argument, one_site
from facilityd.cli.command import send
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import json_option, print_json, say
from facilityd.cli.when import DurationParam
from facilityd.cli.words import sentence
from facilityd.model.command import StartMaintenance, StopMaintenance
from facilityd.query.instants import show_instant
from facilityd.supervise.inbox import whoami

if TYPE_CHECKING:
    from facilityd.config.site import Site


@click.group()
def maintenance() -> None:
    """Work on a DEVICE: nobody is told of it, but of danger."""


@maintenance.command()
@one_site
@device_argument
@click.option("--for", "lasts", type=DurationParam(), required=True, help="How long, such as 2h, up to 24h.")
@click.option("--reason", "-m", required=True, help="Why.")
@by_option
@lang_option
@json_option
def start(
    site: Path, device: str, lasts: int, reason: str, person: str | None, lang: str | None, as_json: bool
) -> None:
    """Begin maintenance of a DEVICE.

    It ends by itself. Alarms that endanger people are told all the same; what goes on at the end is told.
    """
    loaded, who, until = load_with(site, device), person or whoami(), time.time_ns() + lasts
    send(loaded, StartMaintenance, device=device, person=who, reason=reason, until=until)
    if as_json:
        print_json({"device": device, "person": who, "until": until, "maintenance": True})
        return
    tell_done(loaded, device, "in-maintenance", lang, who=who, until=until)


@maintenance.command()
@one_site
@device_argument
@by_option
@lang_option
@json_option
def stop(site: Path, device: str, person: str | None, lang: str | None, as_json: bool) -> None:
    """End maintenance of a DEVICE.

    What goes on is told.
    """
    loaded, who = load_with(site, device), person or whoami()
    send(loaded, StopMaintenance, device=device, person=who, state="maintenance")
    if as_json:
        print_json({"device": device, "person": who, "maintenance": False})
        return
    tell_done(loaded, device, "maintenance-over", lang, who=who)


def tell_done(
    site: Site, device: str, name: str, lang: str | None, who: str, until: int = 0, state: str = ""
) -> None:
    """Say what was done to a device, by whom, and until when (ns UTC) where it has an end."""
    language = chosen(lang, site)
    shown = show_instant(until, site.timezone)[:16] if until else ""
    called = sentence(state, language) if state else ""
    done = sentence(name, language, who=who, until=shown, state=called)
    say(sentence("done", language, what=device, done=done))


def load_with(site: Path, device: str) -> Site:
    """Return a site, without its secrets, that has a device. Raises UsageError, ConfigError."""
    from facilityd.app.builtin import all_devices
    from facilityd.config.load import load
    from facilityd.query.alarms import require_device

    loaded = load(site, secrets=False)
    require_device(all_devices(loaded), device)
    return loaded
