"""What everything read at an instant, with its age and quality as they were then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from facilityd.app.builtin import all_devices
from facilityd.cli.output import console, print_json, say, table
from facilityd.cli.text_table import Column, whole
from facilityd.cli.words import sentence, show_quality, show_span
from facilityd.query.devices import show_value
from facilityd.query.instants import show_second
from facilityd.query.occurrences import OccurrenceQuery
from facilityd.query.selection import selected

if TYPE_CHECKING:
    from facilityd.model.text import Language
    from facilityd.query.as_of import ValueAsOf
    from facilityd.query.site import SiteQuery

COLUMNS = (
    whole("device", "设备"), Column("signal", "信号", least=12), whole("value", "数值"),
    whole("age", "当时距今"), Column("quality", "质量", gives=1),
)  # fmt: skip


def show_as_of(
    query: SiteQuery, patterns: Sequence[str], at: int, language: Language, *, as_json: bool
) -> None:
    """Print what signals were at an instant (ns UTC), and which alarms stood then. Raises UsageError."""
    zone = query.site.timezone
    found = query.as_of(selected(query.site, patterns), at)
    stood = query.occurrences(OccurrenceQuery(at, at + 1, standing=True))
    names = {one.device for one in found}
    stood = [row for row in stood if not patterns or row.device in names]
    if as_json:
        print_json({
            "at": at, "values": [one.plain(zone) for one in found], "alarms": [row.plain() for row in stood]
        })  # fmt: skip
        return
    say(sentence("as-of", language, at=show_second(at, zone)))
    for pause in query.journal.downtimes(at, at + 1):
        if pause.since <= at < pause.until:
            edges = show_second(pause.since, zone), show_second(pause.until, zone)
            say(pause.sentence(*edges, language))
    for row in stood:
        what = f"{row.where.in_(language)}: {row.what.in_(language)}"
        say(sentence("stood", language, what=what, since=show_second(row.since, zone)))
    rows = [_row(query, one, language) for one in found]
    console().print(table("", COLUMNS, rows, language=language))


def _row(query: SiteQuery, one: ValueAsOf, language: Language) -> tuple[Any, ...]:
    about = all_devices(query.site)[one.device].family.signals[one.signal]
    quality = one.quality if one.held or one.quality != "good" else "old"
    told = sentence("nothing-stored", language) if one.at is None else show_quality(quality, language)
    value = show_value(about, one.value, language)
    return one.device, about.name.in_(language), value, show_span(one.age, language), told
