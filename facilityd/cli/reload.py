"""facilityd reload: the daemon goes on with the site's files as they are now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from facilityd.cli.check import located
from facilityd.cli.command import ask
from facilityd.cli.language import chosen, lang_option, problem_lines
from facilityd.cli.output import json_option, print_json, say, site_argument
from facilityd.cli.words import sentence, word, words
from facilityd.errors import ConfigError, FacilitydError
from facilityd.model.message import Wording
from facilityd.model.refusal import read
from facilityd.query.words import listed

if TYPE_CHECKING:
    from facilityd.config.difference import Changed, SiteChanges
    from facilityd.model.command_record import CommandRecord
    from facilityd.model.text import Language, Text

WAIT_S = 60.0
"""A large site takes seconds to check; a link that is slow to let go is waited for too."""


@click.command()
@site_argument
@lang_option
@json_option
@click.pass_context
def reload(ctx: click.Context, site: tuple[Path, ...], lang: str | None, as_json: bool) -> None:
    """Let the daemon go on with the changed files of a SITE.

    The daemon checks them first. A set with mistakes is refused whole, and it goes on with what it had. Only
    what differs is changed: other links, rules and alarms go on.

    Exit status 0: the daemon runs the new files. 1: they were refused, or no daemon runs.
    """
    from facilityd.config.load import journal_of, load
    from facilityd.model.command import ReloadSite
    from facilityd.store.files import is_held
    from facilityd.supervise.inbox import here, whoami

    journal = journal_of(*site)
    try:
        language = chosen(lang, load(*site, secrets=False))
    except ConfigError as error:
        if journal is None:
            raise
        problem_lines(error)  # the daemon is asked all the same, so that its refusal is on record
        language = chosen(lang)
    if journal is None or not journal.exists() or not is_held(journal):
        raise FacilitydError(Wording("ask.no-daemon-runs-on-journal", journal=journal or site[0]))
    record = ask(journal, ReloadSite(person=whoami(), origin=here()), WAIT_S)
    if record is None:
        hint = Wording("ask.look-at-its-log")
        raise FacilitydError(Wording("ask.daemon-has-not-answered", seconds=WAIT_S), hint=hint)
    if record.refusal:
        _refused(read(record.refusal), language, as_json=as_json)
        ctx.exit(1)
    _done(record, language, as_json=as_json)


def _refused(refusal: Text, language: Language, *, as_json: bool) -> None:
    if as_json:
        both = zip(refusal.zh.splitlines(), refusal.en.splitlines(), strict=True)
        problems = [located(en) | {"text": {"zh": zh, "en": en}} for zh, en in both]
        print_json({"ok": False, "problems": problems})
        return
    for line in refusal.in_(language).splitlines():
        say(line)
    say(sentence("reload-refused", language), err=True)


def _done(record: CommandRecord, language: Language, *, as_json: bool) -> None:
    from facilityd.config.difference import SiteChanges

    changes = SiteChanges.from_plain(record.payload.get("changed", {}))
    if as_json:
        print_json({"ok": True, "changed": changes.plain()})
        return
    say(sentence("reload-done" if changes else "reload-same", language))
    for line in change_lines(changes, language):
        say(line)


def change_lines(changes: SiteChanges, language: Language) -> list[str]:
    """Return one line on each section that a reload found to be different."""
    found = {name: _changed(one, language) for name, one in changes.sections.items() if one}
    if changes.settings:
        what = word(words().reloaded, "changed", language)
        found["settings"] = f"{what} {listed(changes.settings, language)}"
    return [
        sentence("reload-line", language, section=word(words().reloaded, name, language), changes=said)
        for name, said in found.items()
    ]


def _changed(one: Changed, language: Language) -> str:
    kinds = {"added": one.added, "removed": one.removed, "changed": one.changed}
    parts = (
        f"{word(words().reloaded, kind, language)} {listed(names, language)}"
        for kind, names in kinds.items()
        if names
    )
    return ("；" if language == "zh" else "; ").join(parts)
