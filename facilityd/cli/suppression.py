"""facilityd confirm, shelve, unshelve, out-of-service, return-to-service: what a person asks of an alarm."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from facilityd.cli.arguments import by_option, device_argument, one_site, rule_argument
from facilityd.cli.command import send
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import json_option, print_json, say
from facilityd.cli.when import DurationParam
from facilityd.cli.words import sentence
from facilityd.model.command import (
    ConfirmAlarm,
    ReturnToService,
    ShelveAlarm,
    TakeOutOfService,
    UnshelveAlarm,
)
from facilityd.query.instants import show_instant
from facilityd.supervise.inbox import whoami

if TYPE_CHECKING:
    from facilityd.config.site import Site
    from facilityd.model.suppression import SuppressionLimits

Asked = ConfirmAlarm | ShelveAlarm | UnshelveAlarm | TakeOutOfService | ReturnToService
F = TypeVar("F", bound=Callable[..., None])


def _about(function: F) -> F:
    """Add what every one of these commands takes."""
    for add in (
        json_option,
        lang_option,
        by_option,
        rule_argument,
        device_argument,
        one_site,
    ):
        function = add(function)
    return function


reason = click.option("--reason", "-m", required=True, help="Why.")
comment_option = click.option("--comment", "-m", default="", help="What you did or found.")


def _load(site: Path, device: str, rule: str) -> tuple[Site, SuppressionLimits]:
    """Return the site, and how long its alarm may be suppressed."""
    from facilityd.app.builtin import all_devices
    from facilityd.config.load import load
    from facilityd.query.alarms import require_rule

    loaded = load(site, secrets=False)
    return loaded, loaded.limits[require_rule(all_devices(loaded), device, rule).at_stake]


def _ask(site: Site, kind: type[Asked], said: str, *, lang: str | None, as_json: bool, **fields: Any) -> None:
    """Send a command about an alarm, and say that it was done."""
    send(site, kind, **fields)
    about = {"device": fields["device"], "rule": fields["rule"], "person": fields["person"]}
    until = {"until": fields["until"]} if fields.get("until") else {}
    if as_json:
        print_json({**about, **until, "done": kind.model_fields["command"].default})
        return
    language = chosen(lang, site)
    shown = show_instant(fields["until"], site.timezone)[:16] if until else ""
    done = sentence(said, language, who=fields["person"], until=shown, ticket=fields.get("ticket", ""))
    say(sentence("done", language, what=f"{fields['device']} {fields['rule']}", done=done))


@click.command()
@_about
@comment_option
def confirm(
    site: Path, device: str, rule: str, person: str | None, comment: str, lang: str | None, as_json: bool
) -> None:
    """Confirm a repair: what was wrong is mended.

    The alarm must be acknowledged. Where its condition still holds an hour later, it is announced again.
    """
    loaded, _ = _load(site, device, rule)
    fields = {"device": device, "rule": rule, "person": person or whoami(), "comment": comment}
    _ask(loaded, ConfirmAlarm, "repair-confirmed", lang=lang, as_json=as_json, **fields)


@click.command()
@_about
@reason
@click.option("--for", "lasts", type=DurationParam(), default=None, help="How long, such as 30min or 4h.")
@click.option("--once", is_flag=True, help="Only until the alarm is over.")
def shelve(
    site: Path, device: str, rule: str, person: str | None, reason: str, lasts: int | None, once: bool,
    lang: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Let nobody be told of an alarm for a time.

    Without --for it lasts as long as the class of the alarm allows (`alarms:` of the site). It is judged and
    recorded all the while; what still goes on at the end is told.
    """
    loaded, limits = _load(site, device, rule)
    until = time.time_ns() + (lasts if lasts is not None else limits.shelf - _ROUND)
    fields = {"device": device, "rule": rule, "person": person or whoami(), "comment": reason}
    _ask(loaded, ShelveAlarm, "shelved", lang=lang, as_json=as_json, until=until, once=once, **fields)


_ROUND = 10**9
"""The daemon does it a moment later (ns)."""


@click.command()
@_about
@comment_option
def unshelve(
    site: Path, device: str, rule: str, person: str | None, comment: str, lang: str | None, as_json: bool
) -> None:
    """End a shelf.

    You know of the alarm: what goes on counts as acknowledged by you.
    """
    loaded, _ = _load(site, device, rule)
    fields = {"device": device, "rule": rule, "person": person or whoami(), "comment": comment}
    _ask(loaded, UnshelveAlarm, "unshelved", lang=lang, as_json=as_json, **fields)


@click.command("out-of-service")
@_about
@reason
@click.option("--ticket", required=True, help="The number of the work permit or ticket.")
@click.option("--review", "lasts", type=DurationParam(), required=True, help="Review it after, such as 14d.")
def out_of_service(
    site: Path, device: str, rule: str, person: str | None, reason: str, ticket: str, lasts: int,
    lang: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Take an alarm out of service under a ticket.

    Nobody is told of it until it is returned. On the day of its review people are told that it is still out
    of service. Asked again it takes the new ticket and date.
    """
    loaded, _ = _load(site, device, rule)
    fields = {"device": device, "rule": rule, "person": person or whoami(), "comment": reason}
    until = time.time_ns() + lasts
    _ask(
        loaded, TakeOutOfService, "removed", lang=lang, as_json=as_json, ticket=ticket, until=until, **fields
    )


@click.command("return-to-service")
@_about
@comment_option
def return_to_service(
    site: Path, device: str, rule: str, person: str | None, comment: str, lang: str | None, as_json: bool
) -> None:
    """Return an alarm to service.

    What goes on is told to everybody concerned.
    """
    loaded, _ = _load(site, device, rule)
    fields = {"device": device, "rule": rule, "person": person or whoami(), "comment": comment}
    _ask(loaded, ReturnToService, "returned", lang=lang, as_json=as_json, **fields)
