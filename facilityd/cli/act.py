"""facilityd ack, reset and realarm: what a person asks of an alarm."""

from __future__ import annotations

from pathlib import Path

import click

from facilityd.cli.arguments import by_option, device_argument, one_site, rule_argument
from facilityd.cli.command import send
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import json_option, print_json, say
from facilityd.cli.words import sentence
from facilityd.model.command import AcknowledgeAlarm, RealarmAlarm, ResetAlarm
from facilityd.supervise.inbox import whoami

DONE = {AcknowledgeAlarm: "acknowledged", ResetAlarm: "reset", RealarmAlarm: "announced-again"}


def _request(name: str, kind: type[AcknowledgeAlarm | ResetAlarm | RealarmAlarm], text: str) -> click.Command:
    """Return a command that asks something of an alarm: a file that the daemon takes."""

    @click.command(name, help=text)
    @one_site
    @device_argument
    @rule_argument
    @click.option("--comment", "-m", default="", help="What you found or will do.")
    @by_option
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
