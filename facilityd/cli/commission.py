"""facilityd commission: what is normal on a device, learned from its history and signed by a person."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from facilityd.cli.arguments import NameParam, device_argument, one_site
from facilityd.cli.command import send
from facilityd.cli.fit_limits import plain_proposal, show_proposals
from facilityd.cli.fit_marks import offered_marks
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import console, json_option, print_json, say, table
from facilityd.cli.when import InstantParam, between
from facilityd.cli.words import counted, sentence
from facilityd.config.signed_limits import LIMITS
from facilityd.errors import FacilitydError, UsageError
from facilityd.model.command import ApproveBaseline
from facilityd.model.message import Wording
from facilityd.query.words import both
from facilityd.supervise.inbox import whoami
from facilityd.yaml_source import suggestion

if TYPE_CHECKING:
    from facilityd.app.commission import CommissioningResult, FitResult
    from facilityd.config.site import Device, Site
    from facilityd.model.text import Language

HEAD = {
    "zh": ("规则", "读数", "结果", "学到的内容"),
    "en": ("rule", "readings", "result", "what was learned"),
}
GOOD, REFUSED = {"zh": "可以签字", "en": "ready to sign"}, {"zh": "不能学习", "en": "refused"}


@click.command()
@one_site
@device_argument
@click.option("--rule", default="", type=NameParam("rule"), help="Only this rule.")
@click.option("--since", type=InstantParam(), default="7d", show_default=True, help="Healthy from here on.")
@click.option("--until", type=InstantParam(), default=None, help="Healthy up to here.  [default: now]")
@click.option("--by", "person", default=None, help="Who signs.  [default: the user of this machine]")
@click.option("--comment", "-m", default="", help="Such as: after the brake was replaced.")
@click.option("--yes", is_flag=True, help="Sign without being asked.")
@lang_option
@json_option
def commission(  # noqa: PLR0917 - click hands its options in
    site: Path, device: str, rule: str, since: int, until: int | None, person: str | None,
    comment: str, yes: bool, lang: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Learn what is normal on a DEVICE, and sign it off.

    Shows what each learned rule made of its history, or why it refuses it, and what the history proposes for
    limits of the machine that are only assumed. Nothing is learned without a person's yes; what a rule was
    judged by before is kept as an older version.
    """
    from facilityd.config.load import load
    from facilityd.query.alarms import require_device

    loaded = load(site, secrets=False)
    require_device(loaded.devices, device)
    asked = between(loaded, since, until)
    lessons = _lessons(loaded, device, rule, *asked)
    results = lessons.fits
    language = chosen(lang, loaded)
    zone = ZoneInfo(loaded.timezone)
    if as_json:
        own = loaded.devices[device]
        limits = [plain_proposal(own, one, zone) for one in lessons.limits]
        print_json([_plain(own, one, zone) for one in results] + limits)
    else:
        _show(loaded.devices[device], results, language, zone)
        show_proposals(loaded.devices[device], lessons.limits, language, zone)
        for line in offered_marks(loaded, results, language):
            say(line)
    good = [fit_result for fit_result in results if not fit_result.refused]
    proposed = [one for one in lessons.limits if not one.refused]
    if not good and not proposed:
        raise FacilitydError(Wording("ask.nothing-was-learned"), where=device)
    if not yes and not click.confirm(sentence("sign", language), default=False, err=as_json):
        return
    signed = [(one.rule, dict(one.data)) for one in good]
    signed += [(one.rule, {LIMITS: dict(one.values)}) for one in proposed]
    _sign(loaded, device, signed, asked, person or whoami(), comment)
    count = counted(len(signed), "rule", language)
    done = sentence("signed", language, rules=count, who=person or whoami())
    say(sentence("done", language, what=device, done=done), err=as_json)


def _lessons(site: Site, device: str, rule: str, since: int, until: int) -> CommissioningResult:
    from facilityd.app.commission import CommissioningResult, FitPeriod, learn
    from facilityd.store.reader import JournalReader

    with JournalReader.open(Path(site.store.path), site.id) as reader:
        found = learn(site, device, [FitPeriod(reader, since, until)])
    if not found.fits and not found.limits:
        raise UsageError(Wording("ask.has-no-rule-that-learned", device=device))
    names = [*(one.rule for one in found.fits), *(one.rule for one in found.limits)]
    if rule and rule not in names:
        raise UsageError(
            Wording("ask.has-no-learned-rule", device=device, rule=rule), hint=suggestion(rule, names)
        )
    wanted = ("", rule) if rule else names
    return CommissioningResult(
        [one for one in found.fits if one.rule in wanted], [one for one in found.limits if one.rule in wanted]
    )


def _plain(device: Device, one: FitResult, zone: ZoneInfo) -> dict[str, Any]:
    """Return data for JSON."""
    from facilityd.cli.fit_report import progress

    state = REFUSED if one.refused else GOOD
    why = both(lambda language: _why(device, one, language, zone))
    return {
        "rule": one.rule, "readings": one.rows, "result": state["en"],
        "said": why if one.refused else _brief(one.data), "seen": progress(device, one),
    }  # fmt: skip


def _show(device: Device, lessons: list[FitResult], lang: Language, zone: ZoneInfo) -> None:
    from facilityd.cli.fit_report import plot, progress

    rows = [
        (one.rule, one.rows, (REFUSED if one.refused else GOOD)[lang],
         _why(device, one, lang, zone) if one.refused else _brief(one.data))
        for one in lessons
    ]  # fmt: skip
    console().print(table("", HEAD[lang], rows, language=lang))
    for one in lessons:
        lines = [*(line["shown"].in_(lang) for line in progress(device, one)), *plot(device, one, lang)]
        console().print("\n  ".join([one.rule, *lines]), highlight=False)


def _why(device: Device, fit_result: FitResult, lang: Language, zone: ZoneInfo) -> str:
    from facilityd.model.finding import Evidence
    from facilityd.notify.evidence_text import EvidenceFormatter

    formatter = EvidenceFormatter(device.family.signals, lang, zone)
    return formatter.evidence(Evidence(fit_result.refused, dict(fit_result.numbers), ""))


def _brief(data: Mapping[str, Any]) -> str:
    """Return the plain numbers of what was learned; long tables by their length."""
    return ", ".join(f"{name} {_short(value)}" for name, value in data.items())


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list) and len(value) <= 4 and all(isinstance(v, float | int) for v in value):  # noqa: PLR2004
        return "[" + " ".join(f"{v:.4g}" for v in value) + "]"
    if isinstance(value, list | dict):
        return f"({len(value)})"
    return str(value)


def _sign(
    site: Site, device: str, lessons: list[tuple[str, dict[str, Any]]], span: tuple[int, int],
    person: str, comment: str,
) -> None:  # fmt: skip
    since, until = span
    for rule, data in lessons:
        send(
            site, ApproveBaseline, device=device, rule=rule, person=person, since=since, until=until,
            data=data, comment=comment,
        )  # fmt: skip
