"""facilityd alarms and ack: what is wrong, and who knows."""

from __future__ import annotations

from pathlib import Path

import click

from facilityd.cli.command import send
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import (
    console,
    json_option,
    loud,
    print_json,
    say,
    site_argument,
    styled,
    table,
    warn,
)
from facilityd.cli.text_table import Column, whole
from facilityd.cli.words import sentence, show_priority
from facilityd.model.command import AcknowledgeAlarm, RealarmAlarm, ResetAlarm
from facilityd.query.instants import show_second
from facilityd.supervise.inbox import whoami

COLUMNS = (
    whole("priority", "优先级"), whole("state", "状态"), whole("device", "设备"), whole("rule", "规则"),
    whole("since", "起始时间"), Column("what", "内容"), Column("do first", "首要措施"),
)  # fmt: skip


@click.command()
@site_argument
@click.option("--all", "everything", is_flag=True, help="Also what is normal again.")
@lang_option
@json_option
def alarms(site: tuple[Path, ...], everything: bool, lang: str | None, as_json: bool) -> None:
    """List what is wrong, most urgent first, and what to do first."""
    from facilityd.cli.headline import NO_ALARMS, doubt, warning
    from facilityd.config.load import load
    from facilityd.query.site import SiteQuery

    loaded = load(*site, secrets=False)
    language = chosen(lang, loaded)
    query = SiteQuery(loaded)
    lines, first = query.alarms(everything=everything), warning(query, language)
    if as_json:
        print_json([line.plain() for line in lines])
        warn(first or ("" if lines else doubt(query, language).lstrip("：: ")))
        return
    if first:
        console().print(loud(first))
    if not lines:
        click.echo(f"{NO_ALARMS[language]}{doubt(query, language)}")
        return
    rows = [
        (styled(show_priority(line.priority, language), line.priority),
         line.state.in_(language), line.device, line.rule,
         show_second(line.since, loaded.timezone) if line.since else "",
         line.what.in_(language), line.first.in_(language))
        for line in lines
    ]  # fmt: skip
    console().print(table("", COLUMNS, rows, language=language))


DONE = {AcknowledgeAlarm: "acknowledged", ResetAlarm: "reset", RealarmAlarm: "announced-again"}


def _request(name: str, kind: type[AcknowledgeAlarm | ResetAlarm | RealarmAlarm], text: str) -> click.Command:
    """Return a command that asks something of an alarm: a file that the daemon takes."""

    @click.command(name, help=text)
    @click.argument("site", type=click.Path(exists=True, path_type=Path))
    @click.argument("device")
    @click.argument("rule")
    @click.option("--comment", "-m", default="", help="What you found or will do.")
    @click.option("--as", "person", default=None, help="Your name.  [default: the user of this machine]")
    @lang_option
    @json_option
    def command(
        site: Path, device: str, rule: str, comment: str, person: str | None, lang: str | None, as_json: bool
    ) -> None:  # fmt: skip
        from facilityd.app.builtin import all_devices
        from facilityd.config.load import load
        from facilityd.query.alarms import require_rule

        loaded = load(site, secrets=False)
        require_rule(all_devices(loaded), device, rule)
        who = person or whoami()
        send(loaded, kind, device=device, rule=rule, person=who, comment=comment)
        done = DONE[kind]
        if as_json:
            print_json({"device": device, "rule": rule, "person": who, done.replace("-", "_"): True})
        else:
            language = chosen(lang, loaded)
            say(sentence("done", language, what=f"{device} {rule}", done=sentence(done, language, who=who)))

    return command


ack = _request("ack", AcknowledgeAlarm, "Acknowledge an alarm: you know, and you are on it.")
reset = _request(
    "reset",
    ResetAlarm,
    "Reset a latched alarm after an inspection.\n\nIt must be acknowledged, and its condition over.",
)
realarm = _request(
    "realarm", RealarmAlarm, "Take an acknowledgement back.\n\nEverybody concerned is notified again."
)
