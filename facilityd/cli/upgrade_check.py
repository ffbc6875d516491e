"""facilityd upgrade-check: whether this facilityd starts on what another version left."""

from __future__ import annotations

from pathlib import Path

import click

from facilityd.cli.arguments import one_site
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import json_option, print_json, say
from facilityd.cli.words import sentence


@click.command("upgrade-check")
@one_site
@lang_option
@json_option
@click.pass_context
def upgrade_check(ctx: click.Context, site: Path, lang: str | None, as_json: bool) -> None:
    """Say whether this version takes over a SITE's journal.

    Reads the configuration as at a start, and the journal's version; changes nothing.

    Exit status 1 where the daemon would not start, or the journal is damaged.
    """
    from facilityd.config.load import load
    from facilityd.query.upgrade import read_upgrade

    loaded = load(site, secrets=False)
    found = read_upgrade(Path(loaded.store.path))
    if as_json:
        print_json(found.plain())
    else:
        words = {"path": str(found.path), "found": found.found, "known": found.known, "site": str(site)}
        say(sentence(f"upgrade-{found.fit.value}", chosen(lang, loaded), **words))
    if not found.ok:
        ctx.exit(1)
