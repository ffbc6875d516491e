"""facilityd alarms SITE DEVICE RULE: one alarm whole: its record, evidence and life, and a small plot."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from facilityd.app.alarm_plot import guilty
from facilityd.cli.output import console, print_json, table
from facilityd.cli.text_table import Column, whole
from facilityd.cli.words import sentence, show_priority, show_span, word
from facilityd.model.sample import NS, SignalType
from facilityd.notify.sparkline import POINTS, draw, width
from facilityd.notify.value_text import format_span, scaled
from facilityd.query.instants import show_instant, show_second
from facilityd.query.words import query_words

if TYPE_CHECKING:
    from facilityd.config.site import Device
    from facilityd.model.alarm import Change
    from facilityd.model.rule import Rule
    from facilityd.model.text import Language
    from facilityd.query.alarms import AlarmRecord
    from facilityd.query.site import SiteQuery

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


def show_alarm(query: SiteQuery, device: str, rule: str, language: Language, *, as_json: bool) -> None:
    """Show one alarm whole: record, evidence, life, and a plot. Raises UsageError for what there is not."""
    record = query.alarm(device, rule)
    if as_json:
        print_json(record.plain())
        return
    if record.device and record.about:
        _record(record, record.device, record.about, language)
        _plot(query, record, record.device, record.about, language)
    else:
        _gone(record, language)
    _life(record, language)


def _life(record: AlarmRecord, language: Language) -> None:
    if record.changes:
        rows = [_change(record, change, language) for change in record.changes[-MOST:]]
        console().print(table("", LIFE, rows, language=language))


def _gone(record: AlarmRecord, language: Language) -> None:
    """Show what the journal knows of an alarm whose device or rule left the site."""
    if row := record.row:
        said = sentence("done", language, what=f"{row.device} {record.rule}", done=row.state.in_(language))
        console().print(said, highlight=False)


def _record(record: AlarmRecord, device: Device, about: Rule, language: Language) -> None:
    words, state = WORDS[language], record.state
    steps = "\n".join(f"{n}. {step.in_(language)}" for n, step in enumerate(about.action, 1))
    state_name = state.state_name.wording.in_(language) if state and state.occurrence else words["never"]
    rows = [
        (words["state"], state_name),
        (words["fault"], about.fault),
        (words["priority"], show_priority(about.priority.name.lower(), language)),
        (words["evidence"], record.evidence(language)),
        (words["action"], steps),
        (words["cause"], about.cause.in_(language)),
        (words["consequence"], about.consequence.in_(language)),
        (words["confirm"], about.confirm.in_(language)),
        (words["respond"], format_span(about.respond / NS, language)),
    ]
    title = TITLE[language].format(
        device=device.name.in_(language), id=device.id, alarm=about.name.in_(language), rule=record.rule
    )
    console().print(table(title, (whole(""), Column("")), [row for row in rows if row[1]], language=language))


def _change(record: AlarmRecord, change: Change, language: Language) -> tuple[object, ...]:
    at = show_second(change.at, record.zone.key)
    kind = word(query_words().change, change.kind.value, language)
    said = record.evidence_of(change, language)
    order = first_out(change, language)
    return (at, kind, change.person, " ".join(filter(None, (change.comment, said, order))))


def first_out(change: Change, language: Language) -> str:
    """Return which of the device's alarms came first, where several are open; nothing where it is alone."""
    order = change.details.get("first_out")
    if not order:
        return ""
    if not order["certain"]:
        span = show_span(order["period_s"] * NS, language)
        return sentence("first-unknown", language, rule=order["first"], span=span)
    if order["first"] == change.rule:
        return sentence("first-itself", language)
    return sentence(
        "first-other", language, rule=order["first"], span=show_span(order["after_s"] * NS, language)
    )


def _plot(query: SiteQuery, record: AlarmRecord, device: Device, about: Rule, language: Language) -> None:
    """Draw the guilty signal from half an hour before the raise to half an hour after it, on one line."""
    evidence = next((c.evidence for c in reversed(record.changes) if c.evidence and c.evidence.signal), None)
    signal_name, raised_at = guilty(device, about, evidence), record.state.raised_at if record.state else None
    if not signal_name or not raised_at or device.family.signals[signal_name].type is not SignalType.FLOAT:
        return
    since = raised_at - AROUND
    until = min(time.time_ns(), raised_at + AROUND)
    found = query.buckets(device.id, signal_name, since, until, width(since, until))
    signal = device.family.signals[signal_name]
    drawn = draw(signal, {bucket.start: bucket.mean for bucket in found}, since, until)
    if drawn is None:
        return
    place = min(POINTS - 1, round((raised_at - since) / max(1, until - since) * POINTS))
    low, _, unit = scaled(drawn.low, signal, signal.unit)
    high, _, _ = scaled(drawn.high, signal, signal.unit)
    span = f"{low + 0.0:.4g} – {high + 0.0:.4g} {unit}".rstrip()
    console().print(sentence("done", language, what=signal.name.in_(language), done=span), highlight=False)
    console().print(drawn.line, highlight=False)
    console().print(" " * place + "^ " + show_instant(raised_at, record.zone.key, date=False)[:8])
    console().print(f"{show_span(until - since, language)}\n")
