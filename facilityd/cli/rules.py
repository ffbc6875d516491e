"""facilityd rules: what is judged on a device, what is not, and what would have to be fitted for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from facilityd.cli.arguments import maybe_device_argument, one_site
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import console, json_option, loud, print_json, styled, table, warn
from facilityd.cli.text_table import Column, whole
from facilityd.cli.words import sentence, show_priority, word, words
from facilityd.query.instants import show_second
from facilityd.query.words import query_words

if TYPE_CHECKING:
    from facilityd.model.text import Language
    from facilityd.query.rules import RuleRow

COLUMNS = (
    whole("fault", "故障号"), whole("rule", "规则"), Column("name", "名称"), Column("kind", "方法", gives=3),
    Column("priority", "优先级", gives=2), whole("state", "状态"), Column("since", "起始时间", gives=1),
    Column("evidence or what it needs", "依据／缺少的信号", least=30),
)  # fmt: skip


@click.command()
@one_site
@maybe_device_argument
@lang_option
@json_option
def rules(site: Path, device: str, lang: str | None, as_json: bool) -> None:
    """List a DEVICE's rules, or all, and how each stands."""
    from facilityd.app.builtin import all_devices
    from facilityd.config.load import load
    from facilityd.query.alarms import require_device
    from facilityd.query.liveness import liveness_warning
    from facilityd.query.rules import rule_rows

    loaded = load(site, secrets=False)
    known = all_devices(loaded)
    if device:
        require_device(known, device)
    found = rule_rows(loaded, [device] if device else known)
    language = chosen(lang, loaded)
    warning = liveness_warning(loaded, language)
    if as_json:
        print_json([line.plain() for line in found])
        warn(warning, red=True)
        return
    if warning:
        console().print(loud(warning))
    for name in dict.fromkeys(line.device.id for line in found):
        mine = [line for line in found if line.device.id == name]
        title = sentence("named", language, title=mine[0].device.name.in_(language), id=name)
        console().print(table(title, COLUMNS, [_row(line, language) for line in mine], language=language))


def _row(line: RuleRow, language: Language) -> tuple[object, ...]:
    state = word(query_words().standing, line.standing.value, language)
    priority = line.rule.priority.name.lower()
    loud = priority if line.standing.value == "abnormal" else ""
    return (
        line.rule.fault,
        line.name,
        line.rule.name.in_(language),
        word(words().method, line.rule.detect.kind, language),
        show_priority(priority, language),
        styled(state, loud, calm=line.standing.value == "healthy"),
        show_second(line.since, line.zone.key) if line.since else "",
        line.text(language),
    )
