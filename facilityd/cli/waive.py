"""facilityd waive, unwaive and waivers: a person answers for a checklist item, for a reason, for a time."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from facilityd.cli.arguments import device_argument, item_argument, number_argument, one_site
from facilityd.cli.command import send
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import console, json_option, print_json, say, table, warn
from facilityd.cli.text_table import Column, whole
from facilityd.cli.when import DurationParam
from facilityd.cli.words import sentence, word, words
from facilityd.errors import UsageError
from facilityd.model.command import RevokeWaiver, WaiveItem
from facilityd.model.message import Wording
from facilityd.query.instants import show_instant
from facilityd.yaml_source import suggestion

if TYPE_CHECKING:
    from facilityd.config.site import Site
    from facilityd.model.readiness import Waiver
    from facilityd.model.text import Language

COLUMNS = (
    whole("no.", "编号", named=True), whole("device", "设备"), whole("item", "项目"), Column("by", "放行人"),
    Column("reason", "原因"), whole("until", "有效期至", named=True), whole("state", "状态"),
)  # fmt: skip


@click.command()
@one_site
@device_argument
@item_argument
@click.option(
    "--for", "lasts", type=DurationParam(), required=True, help="How long, such as 2h or 3d; 31d at most."
)
@click.option("--by", "person", required=True, help="Who answers for it.")
@click.option("--reason", required=True, help="Why the ceremony may go on without it.")
@lang_option
@json_option
def waive(
    site: Path, device: str, item: str, lasts: int, person: str, reason: str, lang: str | None, as_json: bool
) -> None:
    """Answer for an ITEM of a DEVICE's checklist, for a time.

    It no longer stands against a ceremony, and is shown as waived.

    It is recorded with your name and reason, and ends by itself.
    """
    from facilityd.config.load import load

    loaded = load(site, secrets=False)
    _must_exist(loaded, device, item)
    until = time.time_ns() + lasts
    send(loaded, WaiveItem, device=device, item=item, person=person, reason=reason, until=until)
    shown = show_instant(until, loaded.timezone)[:16]
    if as_json:
        print_json({"device": device, "item": item, "by": person, "reason": reason, "until": until})
    else:
        language = chosen(lang, loaded)
        done = sentence("waived", language, who=person, until=shown)
        say(sentence("done", language, what=f"{device} {item}", done=done))


def _must_exist(site: Site, device: str, item: str) -> None:
    known = {name: one.family.readiness for name, one in site.devices.items() if one.family.readiness}
    if device not in known:
        raise UsageError(
            Wording("ask.no-device-with-checklist", device=device), hint=suggestion(device, known)
        )
    if item not in known[device]:
        hint = suggestion(item, known[device]) or Wording("ask.items", known=[*known[device]])
        raise UsageError(Wording("ask.has-no-item-in-its", device=device, item=item), hint=hint)


@click.command()
@one_site
@number_argument
@click.option("--by", "person", required=True, help="Who takes it back.")
@lang_option
@json_option
def unwaive(site: Path, number: int, person: str, lang: str | None, as_json: bool) -> None:
    """Take a waiver back by its number.

    'facilityd waivers' shows the numbers.
    """
    from facilityd.config.load import load

    _revoke(load(site, secrets=False), number, person, lang, as_json=as_json)


def _revoke(site: Site, number: int, person: str, lang: str | None, *, as_json: bool) -> None:
    send(site, RevokeWaiver, waiver=number, person=person)
    if as_json:
        print_json({"id": number, "state": "revoked", "by": person})
    else:
        say(sentence("waiver-revoked", chosen(lang, site), number=number, who=person))


@click.command()
@one_site
@click.option("--all", "everything", is_flag=True, help="Also those that have ended.")
@click.option("--revoke", type=click.IntRange(1, 2**53), default=None, hidden=True)
@click.option("--by", "person", default="", hidden=True)
@lang_option
@json_option
def waivers(
    site: Path, everything: bool, revoke: int | None, person: str, lang: str | None, as_json: bool
) -> None:
    """List the waivers."""
    from facilityd.cli.headline import warn_unwatched
    from facilityd.config.load import load
    from facilityd.store.reader import JournalReader

    loaded = load(site, secrets=False)
    if revoke is not None:  # what 'unwaive' was called before
        warn(sentence("called-now", chosen(lang, loaded), old="waivers --revoke", new="unwaive"))
        if not person.strip():
            raise UsageError(Wording("ask.revoke-needs-name"), hint=Wording("ask.add-by-name"))
        _revoke(loaded, revoke, person, lang, as_json=as_json)
        return
    now = time.time_ns()
    with JournalReader.open(Path(loaded.store.path), loaded.id) as reader:
        warn_unwatched(loaded, reader, chosen(lang, loaded))
        known = [one for one in reader.waivers() if everything or one.holds(now)]
    if as_json:
        keys = ("id", "device", "item", "by", "reason", "until", "state")
        print_json([dict(zip(keys, row, strict=True)) for row in (_row(loaded, o, now, "en") for o in known)])
    else:
        language = chosen(lang, loaded)
        rows = [_row(loaded, one, now, language) for one in known]
        console().print(table("", COLUMNS, rows, language=language))


def _row(site: Site, waiver: Waiver, now: int, language: Language) -> tuple[object, ...]:
    state = "in-force" if waiver.holds(now) else "expired" if waiver.revoked is None else "revoked"
    until = show_instant(waiver.until, site.timezone)[:16]
    said = word(words().waiver, state, language)
    if waiver.revoked is not None:
        said += f" ({waiver.revoker})"
    return (waiver.id, waiver.device, waiver.item, waiver.person, waiver.reason, until, said)
