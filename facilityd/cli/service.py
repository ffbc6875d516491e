"""facilityd service: a device was serviced, so what was learned of it ends."""

from __future__ import annotations

from pathlib import Path

import click

from facilityd.cli.arguments import NameParam, device_argument, one_site
from facilityd.cli.command import send
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import json_option, print_json, say
from facilityd.cli.words import counted, sentence
from facilityd.errors import UsageError
from facilityd.model.command import RecordService
from facilityd.model.message import Wording
from facilityd.yaml_source import suggestion


@click.command()
@one_site
@device_argument
@click.option(
    "--rule", "rules", multiple=True, type=NameParam("rule"), help="This rule begins anew; may be repeated."
)
@click.option("--all", "everything", is_flag=True, help="Every rule of the device.")
@click.option("--by", "person", required=True, help="Who did it.")
@click.option("--reason", required=True, help="What was done, such as: new brake lining.")
@lang_option
@json_option
def service(
    site: Path, device: str, rules: tuple[str, ...], everything: bool, person: str, reason: str,
    lang: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Record that a DEVICE was serviced: learning begins anew.

    What was learned is kept as an older version; the rule is unknown until it is commissioned again.
    """
    from facilityd.config.load import load
    from facilityd.query.alarms import require_device

    loaded = load(site, secrets=False)
    known = require_device(loaded.devices, device).family.rules
    for rule in rules:
        if rule not in known:
            raise UsageError(
                Wording("ask.has-no-rule", device=device, rule=rule), hint=suggestion(rule, known)
            )
    if bool(rules) is everything:
        raise UsageError(
            Wording("ask.say-which-rules-begin-anew"), hint=Wording("ask.rule-rule-repeated-or-all")
        )
    anew = list(rules or known)
    send(loaded, RecordService, device=device, rules=anew, person=person, reason=reason)
    if as_json:
        print_json({"device": device, "rules": anew, "by": person, "reason": reason})
        return
    language = chosen(lang, loaded)
    done = sentence("serviced", language, rules=counted(len(anew), "rule", language), who=person)
    say(sentence("done", language, what=device, done=done))
