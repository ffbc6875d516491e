"""facilityd audit: who asked what of the daemon, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from facilityd.cli.arguments import one_site
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import console, json_option, print_json, table
from facilityd.cli.text_table import Column, whole
from facilityd.cli.when import InstantParam, at_site
from facilityd.cli.words import counted, sentence, word
from facilityd.model.refusal import read
from facilityd.query.audit import audit_rows, command_plain
from facilityd.query.instants import show_second
from facilityd.query.words import listed, query_words

if TYPE_CHECKING:
    from facilityd.config.site import Site
    from facilityd.model.command_record import CommandRecord
    from facilityd.model.text import Language

COLUMNS = (
    whole("time", "时间"), whole("command", "操作"), Column("of", "对象"), Column("by", "操作人"),
    Column("from", "来源", gives=1), Column("result", "结果"), Column("note", "备注", gives=2),
)  # fmt: skip
_WHAT = ("device", "link", "rule", "item", "rules", "waiver", "mark", "fault", "task", "ticket")
_NUMBERED = ("waiver", "mark", "task")
"""These are asked for by a number, which alone says nothing."""
_NOTES = ("comment", "reason", "note", "parts", "photo")


@click.command()
@one_site
@click.option("--since", type=InstantParam(), default="7d", show_default=True, help="From when on.")
@click.option("--refused", is_flag=True, help="Only what was refused.")
@lang_option
@json_option
def audit(site: Path, since: int, refused: bool, lang: str | None, as_json: bool) -> None:
    """List what people asked of facilityd, and what came of it.

    Acknowledgements, resets, waivers, marks, baselines and services; also what was refused, and why.
    """
    from facilityd.cli.headline import warn_unwatched
    from facilityd.config.load import load
    from facilityd.store.reader import JournalReader

    loaded = load(site, secrets=False)
    with JournalReader.open(Path(loaded.store.path), loaded.id) as reader:
        warn_unwatched(loaded, reader, chosen(lang, loaded))
        found = audit_rows(reader.commands(at_site(since, loaded.timezone)), refused=refused)
    if as_json:
        print_json([command_plain(one) for one in found])
        return
    language = chosen(lang, loaded)
    if not found:
        click.echo(sentence("no-commands", language))
        return
    rows = [_row(loaded, one, language) for one in found]
    console().print(table("", COLUMNS, rows, language=language))


def _row(site: Site, record: CommandRecord, language: Language) -> tuple[object, ...]:
    payload = record.payload if isinstance(record.payload, Mapping) else {"note": record.payload}
    refusal = read(record.refusal).in_(language) if record.refusal else ""
    return (
        show_second(record.done_at, site.timezone), word(query_words().command, record.kind, language),
        " ".join(_named(name, payload[name], language) for name in _WHAT if name in payload), record.person,
        "@".join(part for part in (record.account, record.origin) if part),
        sentence("command-refused", language, why=refusal) if refusal else sentence("command-done", language),
        _note(payload, language),
    )  # fmt: skip


def _note(payload: Mapping[str, Any], language: Language) -> str:
    """Return what a person wrote; of a reload, what it changed; of a scan, how many it found."""
    from facilityd.cli.reload import change_lines
    from facilityd.config.difference import SiteChanges

    changed = payload.get("changed")
    if isinstance(changed, Mapping):
        return "\n".join(change_lines(SiteChanges.from_plain(changed), language))
    found = payload.get("found")
    if isinstance(found, Mapping):
        units = [unit for link in found.get("links", ()) for unit in link.get("units", ())]
        return counted(sum(not unit.get("watched") for unit in units), "answering", language)
    return " ".join(str(payload[name]) for name in _NOTES if payload.get(name))


def _named(name: str, value: object, language: Language) -> str:
    said = _shown(value, language)
    return sentence(f"audit-{name}", language, number=said) if name in _NUMBERED else said


def _shown(value: object, language: Language) -> str:
    return listed(map(str, value), language) if isinstance(value, list) else str(value)
