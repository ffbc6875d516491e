"""facilityd storage: what takes the room in the journal, and when it will be full."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from facilityd.cli.arguments import one_site
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import console, json_option, print_json, table
from facilityd.cli.text_table import Column, whole
from facilityd.cli.words import sentence, word, words
from facilityd.query.instants import show_second

if TYPE_CHECKING:
    from facilityd.model.text import Language
    from facilityd.query.storage import SpacePart, StorageAnswer

PARTS = (
    whole("part", "内容"), whole("now", "已用"), whole("per day", "每天增加"), Column("kept", "保留"),
    Column("in the end", "最终占用"),
)  # fmt: skip
DEVICES = (whole("device", "设备"), whole("samples", "原始数据"), whole("roll-ups", "汇总"))
SIGNALS = (
    whole("device", "设备"), whole("signal", "信号"), whole("samples", "原始数据"), whole("roll-ups", "汇总"),
)  # fmt: skip
_KIB = 1024.0


@click.command()
@one_site
@click.option("--signals", is_flag=True, help="By signal, not by device.")
@lang_option
@json_option
def storage(site: Path, signals: bool, lang: str | None, as_json: bool) -> None:
    """Show what fills the journal, and when it will be full.

    Sizes by part, device and signal; what a day adds, and how long it is kept. What is said of
    signals is estimated from some of the samples.
    """
    from facilityd.cli.headline import warn_unwatched
    from facilityd.config.load import load
    from facilityd.query.site import SiteQuery

    loaded = load(site, secrets=False)
    with SiteQuery(loaded) as asked:
        warn_unwatched(loaded, asked.journal, chosen(lang, loaded))
        answer = asked.storage()
    if as_json:
        print_json(answer.plain())
        return
    language = chosen(lang, loaded)
    for line in _headline(answer, language):
        click.echo(line)
    parts = [_part(one, language, young=answer.young) for one in answer.parts if one.size]
    console().print(table("", PARTS, parts, language=language))
    if signals:
        rows = [(s.device, s.signal, size_text(s.samples), size_text(s.rollups)) for s in answer.signals]
        console().print(table("", SIGNALS, rows, language=language))
        return
    devices = [(name, size_text(raw), size_text(rolled)) for name, raw, rolled in answer.devices()]
    console().print(table("", DEVICES, devices, language=language))


def size_text(size: float) -> str:
    """Return bytes as people read them: 512 B, 3.4 KiB, 1.2 GiB."""
    for unit in ("B", "KiB", "MiB"):
        if size < _KIB:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 10 else f"{size:.1f} {unit}"  # noqa: PLR2004
        size /= _KIB
    return f"{size:.1f} GiB"


def _headline(answer: StorageAnswer, language: Language) -> list[str]:
    sizes = {
        "used": size_text(answer.used),
        "allowed": size_text(answer.allowed),
        "free": size_text(answer.disk_free),
    }
    lines = [sentence("storage-used", language, **sizes)]
    if answer.young:
        lines.append(sentence("storage-young", language))
    elif answer.full_at is not None:
        day = show_second(answer.full_at, answer.zone)[:10]
        lines.append(sentence("storage-full", language, day=day))
    elif answer.finally_size is not None:
        lines.append(sentence("storage-fits", language, most=size_text(answer.finally_size)))
    return lines


def _part(one: SpacePart, language: Language, *, young: bool) -> tuple[object, ...]:
    days = "" if one.kept_days is None else sentence("storage-days", language, days=round(one.kept_days))
    end = "" if one.finally_size is None or young else size_text(one.finally_size)
    return word(words().part, one.name, language), size_text(one.size), size_text(one.per_day), days, end
