"""facilityd alarm: everything about one alarm: its record, its evidence, its life, and a small plot."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from facilityd.app.alarm_plot import guilty
from facilityd.cli.alarm_row import alarm_row
from facilityd.cli.alarms import must_exist
from facilityd.cli.language import both, chosen, lang_option
from facilityd.cli.output import console, json_option, print_json, table
from facilityd.cli.text_table import Column, whole
from facilityd.cli.when import show_instant
from facilityd.cli.words import say as sentence
from facilityd.cli.words import show_priority, show_span, word, words
from facilityd.model.sample import NS
from facilityd.notify.evidence_text import EvidenceFormatter
from facilityd.notify.sparkline import POINTS, draw, width
from facilityd.notify.value_text import format_span, scaled

if TYPE_CHECKING:
    from facilityd.config.site import Device, Site
    from facilityd.model.alarm import AlarmState, Change
    from facilityd.model.text import Language
    from facilityd.store.reader import JournalReader

WORDS = {
    "zh": {"state": "状态", "fault": "故障号", "priority": "优先级", "evidence": "依据", "cause": "可能原因",
           "consequence": "后果", "action": "处理", "confirm": "现场核实", "respond": "处理时限",
           "never": "从未报警", "now": "现在"},
    "en": {"state": "state", "fault": "fault", "priority": "priority", "evidence": "evidence",
           "cause": "likely cause", "consequence": "if nothing is done", "action": "do",
           "confirm": "check on site", "respond": "act within", "never": "was never raised",
           "now": "now"},
}  # fmt: skip
LIFE = (whole("time", "时刻"), whole("change", "变化"), whole("by", "人员"), Column("said", "说明"))
TITLE = {"zh": "{device}（{id}）：{alarm}（{rule}）", "en": "{device} ({id}): {alarm} ({rule})"}
MOST = 20
AROUND = 1800 * NS
"""How much of the signal is drawn on each side of the raise, in ns."""


@click.command()
@click.argument("site", type=click.Path(exists=True, path_type=Path))
@click.argument("device")
@click.argument("rule")
@lang_option
@json_option
def alarm(site: Path, device: str, rule: str, lang: str | None, as_json: bool) -> None:
    """Show one alarm whole: record, evidence, life, and a plot."""
    from facilityd.cli.snapshot import open_journal
    from facilityd.config.load import load

    loaded = load(site, secrets=False)
    language = chosen(lang, loaded)
    with open_journal(loaded) as reader:
        state = next((s for s in reader.alarms() if (s.device, s.rule) == (device, rule)), None)
        changes = [s.change for s in reader.changes() if (s.change.device, s.change.rule) == (device, rule)]
        if not changes:
            must_exist(loaded, device, rule)
        from facilityd.app.builtin import all_devices

        one: Device | None = all_devices(loaded).get(device)
        if one is None or rule not in one.family.rules:
            _gone(loaded, one, rule, state, changes, language, as_json=as_json)
            return
        if as_json:
            print_json(_plain(one, rule, state, changes, loaded))
            return
        _record(loaded, one, rule, state, changes, language)
        if state and state.raised_at:
            _plot(reader, loaded, one, rule, state, changes, language)
    _life(loaded, one, changes, language)


def _life(site: Site, device: Device | None, changes: list[Change], language: Language) -> None:
    if changes:
        rows = [_change(site, device, change, language) for change in changes[-MOST:]]
        console().print(table("", LIFE, rows, language=language))


def _gone(
    site: Site, device: Device | None, rule: str, state: AlarmState | None, changes: list[Change],
    language: Language, *, as_json: bool,
) -> None:  # fmt: skip
    """Show what the journal knows of an alarm whose device or rule left the site."""
    line = alarm_row(state, {}) if state else None
    if as_json:
        print_json((line.as_dict() if line else {}) | {"changes": _told(changes)})
        return
    if line:
        console().print(
            sentence("done", language, what=f"{line.device} {rule}", done=line.state.in_(language)),
            highlight=False,
        )
    _life(site, device, changes, language)


def _record(
    site: Site, device: Device, rule: str, state: AlarmState | None, changes: list[Change], language: Language
) -> None:
    words, about = WORDS[language], device.family.rules[rule]
    said = _evidence(site, device, changes, language)
    steps = "\n".join(f"{n}. {step.in_(language)}" for n, step in enumerate(about.action, 1))
    state_name = state.state_name.wording.in_(language) if state and state.occurrence else words["never"]
    rows = [
        (words["state"], state_name),
        (words["fault"], about.fault),
        (words["priority"], show_priority(about.priority.name.lower(), language)),
        (words["evidence"], said),
        (words["action"], steps),
        (words["cause"], about.cause.in_(language)),
        (words["consequence"], about.consequence.in_(language)),
        (words["confirm"], about.confirm.in_(language)),
        (words["respond"], format_span(about.respond / NS, language)),
    ]
    title = TITLE[language].format(
        device=device.name.in_(language), id=device.id, alarm=about.name.in_(language), rule=rule
    )
    console().print(table(title, (whole(""), Column("")), [row for row in rows if row[1]], language=language))


def _evidence(site: Site, device: Device, changes: list[Change], language: Language) -> str:
    found = [change.evidence for change in changes if change.evidence and change.kind.value == "raise"]
    formatter = EvidenceFormatter(device.family.signals, language, ZoneInfo(site.timezone))
    return formatter.evidence(found[-1]) if found else ""


def _change(site: Site, device: Device | None, change: Change, language: Language) -> tuple[object, ...]:
    formatter = EvidenceFormatter(device.family.signals if device else {}, language, ZoneInfo(site.timezone))
    said = formatter.evidence(change.evidence) if change.evidence else ""
    at = show_instant(change.at, site.timezone)[:19]
    kind = word(words().change, change.kind.value, language)
    return (at, kind, change.person, " ".join(filter(None, (change.comment, said))))


def _plot(
    reader: JournalReader,
    site: Site,
    device: Device,
    rule: str,
    state: AlarmState,
    changes: list[Change],
    language: Language,
) -> None:
    """Draw the guilty signal from half an hour before the raise to half an hour after it, on one line."""
    evidence = next((c.evidence for c in reversed(changes) if c.evidence and c.evidence.signal), None)
    signal = guilty(device, device.family.rules[rule], evidence)
    if not signal or state.raised_at is None:
        return
    since = state.raised_at - AROUND
    until = min(time.time_ns(), state.raised_at + AROUND)
    found = reader.buckets(device.id, signal, since, until, width(since, until))
    about = device.family.signals[signal]
    drawn = draw(about, {bucket.start: bucket.mean for bucket in found}, since, until)
    if drawn is None:
        return
    place = min(POINTS - 1, round((state.raised_at - since) / max(1, until - since) * POINTS))
    low, _, unit = scaled(drawn.low, about, about.unit)
    high, _, _ = scaled(drawn.high, about, about.unit)
    span = f"{low + 0.0:.4g} – {high + 0.0:.4g} {unit}".rstrip()
    console().print(sentence("done", language, what=about.name.in_(language), done=span), highlight=False)
    console().print(drawn.line, highlight=False)
    console().print(" " * place + "^ " + show_instant(state.raised_at, site.timezone, date=False)[:8])
    console().print(f"{show_span(until - since, language)}\n")


def _plain(
    device: Device, rule: str, state: AlarmState | None, changes: list[Change], site: Site
) -> dict[str, Any]:
    about = device.family.rules[rule]
    return {
        "device": device.id, "rule": rule, "fault": about.fault, "name": about.name,
        "state": state.state_name.value if state else "normal",
        "occurrence": state.occurrence if state else 0,
        "priority": about.priority.name.lower(),
        "evidence": both(lambda language: _evidence(site, device, changes, language)),
        "action": about.action, "cause": about.cause,
        "consequence": about.consequence, "confirm": about.confirm,
        "respond_s": about.respond / NS, "changes": _told(changes),
    }  # fmt: skip


def _told(changes: list[Change]) -> list[dict[str, Any]]:
    return [
        {"at": c.at, "kind": c.kind.value, "person": c.person, "comment": c.comment, "details": c.details,
         "occurrence": c.occurrence, "evidence": c.evidence.as_dict() if c.evidence else None}
        for c in changes
    ]  # fmt: skip
