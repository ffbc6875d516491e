"""facilityd mark, unmark and marks: incidents and healthy times, as people saw them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from facilityd.cli.arguments import device_argument, maybe_device_argument, number_argument, one_site
from facilityd.cli.command import send
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import console, json_option, print_json, say, table, warn
from facilityd.cli.text_table import Column, whole
from facilityd.cli.when import InstantParam, between
from facilityd.cli.words import sentence, word, words
from facilityd.errors import UsageError
from facilityd.model.command import AddMark, RevokeMark
from facilityd.model.message import Wording
from facilityd.query.instants import show_second
from facilityd.supervise.inbox import whoami
from facilityd.yaml_source import suggestion

if TYPE_CHECKING:
    from facilityd.config.site import Site

COLUMNS = (
    whole("no.", "编号", named=True), whole("device", "设备"), whole("mark", "标记"),
    whole("fault", "故障号"), whole("from", "起始时间", named=True), whole("to", "结束时间", named=True),
    Column("by", "标记人"), Column("note", "备注"),
)  # fmt: skip


@click.command()
@one_site
@device_argument
@click.argument("kind", type=click.Choice(["incident", "healthy"]))
@click.option(
    "--since", type=InstantParam(), required=True, help="When it began: 3h (ago) or 2026-11-23T06:10."
)
@click.option("--until", type=InstantParam(), default=None, help="When it was over.  [default: now]")
@click.option("--fault", default="", help="Its number in the catalogue, such as H7.")
@click.option("--note", "-m", default="", help="What you found.")
@click.option("--by", "person", default=None, help="Your name.  [default: the user of this machine]")
@lang_option
@json_option
def mark(  # noqa: PLR0917 - click hands its options in
    site: Path, device: str, kind: str, since: int, until: int | None, fault: str, note: str,
    person: str | None, lang: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Mark a time of a DEVICE as an incident or as healthy.

    By these marks a back-test counts what it finds, misses and raises wrongly. Nothing is learned from
    incidents.
    """
    from facilityd.config.load import load

    loaded = load(site, secrets=False)
    since, end = between(loaded, since, until)
    _possible(loaded, device, fault, end)
    who = person or whoami()
    send(
        loaded, AddMark, device=device, kind=kind, since=since, until=end, fault=fault, note=note, person=who
    )
    if as_json:
        told = {"device": device, "kind": kind, "fault": fault, "since": since, "until": end}
        print_json(told | {"by": who, "note": note})
        return
    language = chosen(lang, loaded)
    first, last = (show_second(at, loaded.timezone) for at in (since, end))
    about = f"{word(words().mark, kind, language)} {fault}".rstrip()
    done = sentence("marked", language, since=first, until=last, mark=about, who=who)
    say(sentence("done", language, what=device, done=done))


def _possible(site: Site, device: str, fault: str, until: int) -> None:
    from facilityd.query.alarms import require_device

    rules = require_device(site.devices, device).family.rules
    faults = sorted({rule.fault for rule in rules.values() if rule.fault})
    if fault and fault not in faults:
        hint = suggestion(fault, faults) or Wording("ask.numbers", faults=[*faults])
        raise UsageError(Wording("ask.no-rule-bears-fault-number", device=device, fault=fault), hint=hint)
    if until > time.time_ns():
        raise UsageError(Wording("ask.until-lies-in-future"))


@click.command()
@one_site
@number_argument
@lang_option
@json_option
def unmark(site: Path, number: int, lang: str | None, as_json: bool) -> None:
    """Take a mark back by its number.

    'facilityd marks' shows the numbers.
    """
    from facilityd.config.load import load

    _revoke(load(site, secrets=False), number, lang, as_json=as_json)


def _revoke(site: Site, number: int, lang: str | None, *, as_json: bool) -> None:
    send(site, RevokeMark, mark=number, person=whoami())
    if as_json:
        print_json({"id": number, "state": "revoked"})
    else:
        say(sentence("mark-revoked", chosen(lang, site), number=number))


@click.command()
@one_site
@maybe_device_argument
@click.option("--all", "everything", is_flag=True, help="Also those that were taken back.")
@click.option("--revoke", type=click.IntRange(1, 2**53), default=None, hidden=True)
@lang_option
@json_option
def marks(
    site: Path, device: str, everything: bool, revoke: int | None, lang: str | None, as_json: bool
) -> None:
    """List the marks of a SITE or of one DEVICE."""
    from facilityd.cli.headline import warn_unwatched
    from facilityd.config.load import load
    from facilityd.query.alarms import require_device
    from facilityd.store.reader import JournalReader

    loaded = load(site, secrets=False)
    if device:
        require_device(loaded.devices, device)
    if revoke is not None:  # what 'unmark' was called before
        warn(sentence("called-now", chosen(lang, loaded), old="marks --revoke", new="unmark"))
        _revoke(loaded, revoke, lang, as_json=as_json)
        return
    with JournalReader.open(Path(loaded.store.path), loaded.id) as reader:
        warn_unwatched(loaded, reader, chosen(lang, loaded))
        found = [one for one in reader.marks(revoked=everything) if device in ("", one.device)]
    language = "en" if as_json else chosen(lang, loaded)
    rows = [
        (one.id, one.device, word(words().mark, one.kind, language), one.fault,
         show_second(one.since, loaded.timezone), show_second(one.until, loaded.timezone),
         one.person, one.note)
        for one in found
    ]  # fmt: skip
    if as_json:
        keys = ("id", "device", "kind", "fault", "since", "until", "by", "note")
        print_json([dict(zip(keys, row, strict=True)) for row in rows])
    else:
        console().print(table("", COLUMNS, rows, language=language))
