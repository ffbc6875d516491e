"""What nobody is told of: shelved, out of service or a mere consequence; with who, why and until when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from facilityd.cli.output import console, table
from facilityd.cli.text_table import Column, whole
from facilityd.cli.words import counted, sentence
from facilityd.model.alarm import STRONGEST
from facilityd.model.suppression import Suppression, Suppressor
from facilityd.query.alarms import AlarmRow, cause_of
from facilityd.query.instants import show_instant

if TYPE_CHECKING:
    from facilityd.config.site import Device
    from facilityd.model.text import Language

COLUMNS = (
    whole("device", "设备"), whole("rule", "规则"), whole("how", "方式"), whole("since", "起始时间"),
    whole("by", "人员"), whole("until", "截止时间", named=True), Column("why", "原因"),
)  # fmt: skip


def only_held(row: AlarmRow) -> bool:
    """Return whether an alarm is listed for the state of its device alone: nothing is wrong there."""
    kinds = {fact.kind for fact in row.suppressors}
    return not row.active and kinds == {Suppressor.BY_STATE}


def print_suppressed(
    rows: Sequence[AlarmRow], devices: Mapping[str, Device], zone: str, language: Language
) -> None:
    """Print a table of what is suppressed, its causes by their names; nothing where nothing is."""
    lines = [
        _line(row, fact, _cause(row, devices, language), zone, language)
        for row in rows
        for fact in row.suppressors
        if fact.kind is not Suppressor.BY_STATE
    ]
    lines += _states(rows, zone, language)
    if lines:
        console().print(table(sentence("suppressed-alarms", language), COLUMNS, lines, language=language))


def _cause(row: AlarmRow, devices: Mapping[str, Device], language: Language) -> str:
    return cause_of(row, devices).in_(language) if row.suppressed_by else ""


def _states(rows: Sequence[AlarmRow], zone: str, language: Language) -> Iterator[tuple[object, ...]]:
    """Yield one line for each state of a device: it suppresses many of its alarms."""
    laid = [(row.device, fact) for row in rows for fact in row.suppressors]
    facts = [(device, fact) for device, fact in laid if fact.kind is Suppressor.BY_STATE]
    for device, fact in dict.fromkeys(facts):
        rules = counted(facts.count((device, fact)), "rule", language)
        how, since = sentence(fact.state, language), show_instant(fact.since, zone)[:16]
        until = show_instant(fact.until, zone)[:16] if fact.until is not None else ""
        yield device, rules, how, since, fact.person, until, fact.comment


def _line(row: AlarmRow, fact: Suppression, cause: str, zone: str, language: Language) -> tuple[object, ...]:
    how = STRONGEST[fact.kind].wording.in_(language)
    since = show_instant(fact.since, zone)[:16] if fact.since else ""
    until, why = "", fact.comment
    if fact.kind is Suppressor.BY_DESIGN:
        why = sentence("consequence-of", language, rule=cause)
        until = sentence("cause-over", language)
    elif fact.until is not None:
        until = show_instant(fact.until, zone)[:16]
    if fact.kind is Suppressor.OUT_OF_SERVICE:
        name = "review-overdue" if fact.overdue else "review-on"
        until = sentence(name, language, until=until)
        why = sentence("under-ticket", language, ticket=fact.ticket, why=fact.comment)
    elif fact.once:
        until = sentence("or-once", language, until=until)
    return row.device, row.rule, how, since, fact.person, until, why
