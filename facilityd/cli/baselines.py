"""facilityd baselines: what the learned rules judge by, compared and carried over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from facilityd.cli.arguments import NameParam, maybe_device_argument, one_site
from facilityd.cli.command import send
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import console, json_option, print_json, say, table, writing
from facilityd.cli.text_table import Column, whole
from facilityd.cli.words import counted, sentence
from facilityd.errors import UsageError
from facilityd.model.command import ApproveBaseline
from facilityd.model.message import Wording
from facilityd.query.instants import show_instant
from facilityd.supervise.inbox import whoami
from facilityd.yaml_source import suggestion

if TYPE_CHECKING:
    from facilityd.config.site import Site
    from facilityd.model.baseline import Baseline
    from facilityd.model.text import Language

KEYS = ("device", "rule", "version", "signed", "by", "healthy from", "to", "comment")
COLUMNS = (
    whole("device", "设备"), whole("rule", "规则"), whole("version", "版本", named=True),
    whole("signed", "签字时间"), Column("by", "签字人"), Column("healthy from", "正常数据起", gives=2),
    Column("to", "止", gives=2), Column("comment", "备注", gives=1),
)  # fmt: skip
MOST = 60
"""Lines of a comparison shown to people; --json has all."""


@click.command()
@one_site
@maybe_device_argument
@click.option("--all", "everything", is_flag=True, help="Also older versions.")
@click.option(
    "--diff", default="", type=NameParam("rule"), help="Compare the last two versions of a rule of DEVICE."
)
@click.option("--versions", type=(int, int), default=None, metavar="OLD NEW", help="With --diff: these two.")
@click.option("--export", type=click.Path(path_type=Path), default=None, help="Write them to a JSON file.")
@click.option(
    "--import",
    "source",
    type=click.Path(exists=True, path_type=Path),
    default=None,
    help="Sign what a JSON file holds, as new versions.",
)
@click.option("--by", "person", default=None, help="With --import: who signs.")
@lang_option
@json_option
def baselines(  # noqa: PLR0917 - click hands its options in
    site: Path, device: str, everything: bool, diff: str, versions: tuple[int, int] | None,
    export: Path | None, source: Path | None, person: str | None, lang: str | None, as_json: bool,
) -> None:  # fmt: skip
    """List what the learned rules judge by, and who signed it."""
    from facilityd.app.baseline_file import write
    from facilityd.cli.headline import warn_unwatched
    from facilityd.config.load import load
    from facilityd.query.alarms import require_device
    from facilityd.store.reader import JournalReader

    loaded = load(site, secrets=False)
    if device:
        require_device(loaded.devices, device)
    language = None if as_json else chosen(lang, loaded)
    if source:
        _take_over(loaded, source, person or whoami(), language)
        return
    with JournalReader.open(Path(loaded.store.path), loaded.id) as reader:
        warn_unwatched(loaded, reader, chosen(lang, loaded))
        retired = everything or bool(diff)
        known = [b for b in reader.baselines(retired=retired) if device in ("", b.device)]
    if diff:
        _compare(*_pair(known, device, diff, versions), language)
    elif export:
        if not known:
            raise UsageError(
                Wording("ask.there-no-baselines-export"), hint=Wording("ask.facilityd-commission-site-device")
            )
        with writing(export):
            write(export, known)
    else:
        _list(loaded, known, language)


def _list(site: Site, known: Sequence[Baseline], language: Language | None) -> None:
    """List them; without a ``language`` as JSON."""
    rows = [
        (b.device, b.rule, b.version, show_instant(b.at, site.timezone), b.person,
         show_instant(b.since, site.timezone), show_instant(b.until, site.timezone), b.comment)
        for b in known
    ]  # fmt: skip
    if language is None:
        print_json([dict(zip(KEYS, row, strict=True)) for row in rows])
    elif rows:
        console().print(table("", COLUMNS, [_without_ms(row) for row in rows], language=language))
    else:
        say(sentence("no-baselines", language))


def _without_ms(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(cell[:19] if n in (3, 5, 6) else cell for n, cell in enumerate(row))


def _pair(
    known: Sequence[Baseline], device: str, rule: str, versions: tuple[int, int] | None
) -> tuple[Baseline, Baseline]:
    if not device:
        raise UsageError(
            Wording("ask.diff-needs-device"), hint=Wording("ask.facilityd-baselines-site-device-diff")
        )
    own = {b.version: b for b in known if b.rule == rule}
    if not own:
        hint = suggestion(rule, {b.rule for b in known})
        raise UsageError(Wording("ask.has-no-baseline", device=device, rule=rule), hint=hint)
    numbers = versions or tuple(sorted(own))[-2:]
    if len(numbers) != 2:  # noqa: PLR2004
        raise UsageError(Wording("ask.on-has-version-only-nothing", rule=rule, device=device, own=max(own)))
    missing = [number for number in numbers if number not in own]
    if missing:
        have = [*map(str, sorted(own))]
        raise UsageError(
            Wording("ask.on-has-no-version", rule=rule, device=device, missing=missing[0]),
            hint=Wording("ask.there", have=have),
        )
    return own[numbers[0]], own[numbers[1]]


def _flat(data: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every number that was learned with its place in the data."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from _flat(value, f"{name}.{key}" if name else str(key))
    elif isinstance(data, list | tuple):
        for number, value in enumerate(data):
            yield from _flat(value, f"{name}.{number}")
    else:
        yield name, data


def _compare(old: Baseline, new: Baseline, language: Language | None) -> None:
    """Show what differs; without a ``language`` as JSON."""
    before, after = dict(_flat(old.data)), dict(_flat(new.data))
    rows = [
        (name, _shown(before.get(name)), _shown(after.get(name)), _change(before.get(name), after.get(name)))
        for name in dict.fromkeys((*before, *after))
        if before.get(name) != after.get(name)
    ]
    if language is None:
        keys = ("name", "old", "new", "change")
        print_json([dict(zip(keys, row, strict=True)) for row in rows])
        return
    versions = [whole(sentence("version", language, number=one.version), named=True) for one in (old, new)]
    columns = [Column("what was learned", "学到的内容"), *versions, whole("change", "变化")]
    console().print(table(f"{new.device} {new.rule}", columns, rows[:MOST], language=language))
    if len(rows) > MOST:
        say(sentence("more-json", language, count=len(rows) - MOST))
    if not rows:
        say(sentence("same", language))


def _shown(value: Any) -> str:
    return "—" if value is None else f"{value:.5g}" if isinstance(value, float) else str(value)


def _change(old: Any, new: Any) -> str:
    if isinstance(old, int | float) and isinstance(new, int | float) and old:
        return f"{(new - old) / abs(old):+.1%}"
    return ""


def _take_over(site: Site, source: Path, person: str, language: Language | None) -> None:
    """Have them signed; without a ``language`` the answer is JSON."""
    from facilityd.app.baseline_file import checked, read

    found = read(source)
    if not found:
        raise UsageError(Wording("ask.holds-no-baseline"), where=str(source))
    checked(site, found, source)
    for one in found:
        comment = f"{one.comment} [{source.name}: version {one.version}, signed by {one.person}]".strip()
        send(
            site,
            ApproveBaseline,
            device=one.device,
            rule=one.rule,
            person=person,
            since=one.since,
            until=one.until,
            data=dict(one.data),
            comment=comment,
        )
    if language is None:
        print_json([{"device": one.device, "rule": one.rule, "by": person} for one in found])
    else:
        count = counted(len(found), "baseline", language)
        say(sentence("taken-over", language, baselines=count, who=person))
