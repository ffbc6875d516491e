"""facilityd health: one word on whether the daemon watches, for whoever restarts it."""

from __future__ import annotations

from pathlib import Path

import click

from facilityd.cli.arguments import one_site
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import json_option, print_json, say
from facilityd.cli.words import sentence


@click.command()
@one_site
@lang_option
@json_option
@click.pass_context
def health(ctx: click.Context, site: Path, lang: str | None, as_json: bool) -> None:
    """Say whether the daemon of a SITE watches.

    Exit status 1 while it is stopped, starts or does not respond. A full disk is no reason to start anew:
    people are told all the same.
    """
    from facilityd.config.load import load
    from facilityd.query.liveness import read_liveness

    loaded = load(site, secrets=False)
    found = read_liveness(loaded)
    if as_json:
        print_json(found.plain())
    else:
        language = chosen(lang, loaded)
        say(found.warning(loaded.timezone, language) or sentence("healthy", language))
    if found.state not in ("running", "full"):
        ctx.exit(1)
