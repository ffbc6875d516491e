"""facilityd backtest: a rule over what was stored, beside what was raised then, held against the marks."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click
from rich.text import Text

from facilityd.cli.arguments import NameParam, one_site
from facilityd.cli.language import chosen as speaks
from facilityd.cli.language import lang_option
from facilityd.cli.output import STYLES, console, json_option, print_json, table, write_file
from facilityd.cli.text_table import Column, whole
from facilityd.cli.when import InstantParam, between
from facilityd.cli.words import sentence
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.sample import NS
from facilityd.query.instants import show_second
from facilityd.query.words import both
from facilityd.yaml_source import suggestion

if TYPE_CHECKING:
    from facilityd.app.backtest import BacktestResult, BacktestScore
    from facilityd.app.replay import AlarmSpan
    from facilityd.config.site import Site
    from facilityd.model.rule import Rule
    from facilityd.model.text import Language

HEAD = (
    whole("device", "设备"), whole(""), whole("alarms", "报警"), Column("same", "相同", whole=True, gives=3),
    Column("only so", "仅此", whole=True, gives=4), whole("incidents found", "发现故障"),
    whole("missed", "漏报"),
    Column("delay (median)", "延迟（中位）", whole=True, gives=2), whole("false", "误报"),
    Column("false per healthy h", "误报/正常小时", whole=True, gives=1),
)  # fmt: skip
LISTED = (
    whole("device", "设备"), whole(""), whole("from", "起始时间"), whole("to", "结束时间"),
    Column("evidence", "依据"),
)  # fmt: skip
WHEN = ("then", "now")
MOST = 40
"""Alarms listed for people; --json has all."""


@click.command()
@one_site
@click.option("--rule", required=True, type=NameParam("rule"), help="The rule, such as rope-tight.")
@click.option(
    "--device",
    "-d",
    "devices",
    multiple=True,
    type=NameParam("device"),
    help="Only this device; may be repeated.",
)
@click.option("--since", type=InstantParam(), default="7d", show_default=True, help="Span back, or a time.")
@click.option("--until", type=InstantParam(), default=None, help="Span back, or a time.  [default: now]")
@click.option(
    "--set", "settings", multiple=True, metavar="PARAM=VALUE", help="Another value, such as on_delay=10s."
)
@click.option("--html", type=click.Path(path_type=Path), default=None, help="Also write a page with plots.")
@lang_option
@json_option
def backtest(
    site: Path, rule: str, devices: tuple[str, ...], since: int, until: int | None, settings: tuple[str, ...],
    html: Path | None, lang: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Judge stored history by a rule, as it is or changed.

    Shows what was raised then and what would be raised now, and holds both against the marks of
    'facilityd mark'. Reads the journal only; the daemon may run meanwhile. Exit status 0 whatever is found.
    """
    from facilityd.app.backtest import Backtest
    from facilityd.config.load import load
    from facilityd.model.rule import with_settings
    from facilityd.store.reader import JournalReader

    loaded = load(site, secrets=False)
    since, end = between(loaded, since, until)
    chosen = _chosen(loaded, rule, devices)
    asked = dict(_setting(text) for text in settings)
    for name in chosen:
        try:
            with_settings(loaded.devices[name].family.rules[rule], asked)
        except ValueError as error:
            raise UsageError(Wording("ask.set-2", error=error), where=f"rule {rule}") from error
    with JournalReader.open(Path(loaded.store.path), loaded.id) as reader:
        test = Backtest(loaded, reader, rule, since, end, asked, _progress(since, end))
        results = [test.run(name) for name in chosen]
        _done()
        language = speaks(lang, loaded)
        if html:
            from facilityd.cli.backtest_page import page

            write_file(html, page(loaded, reader, results, asked, language).encode())
    if as_json:
        print_json([_plain(loaded, one) for one in results])
    else:
        _show(loaded, results, language)


def _chosen(site: Site, rule: str, devices: tuple[str, ...]) -> list[str]:
    from facilityd.app.engine import fresh_engine
    from facilityd.query.alarms import require_device

    for name in devices:
        require_device(site.devices, name)
    having = [
        n for n, one in site.devices.items() if rule in one.family.rules and n in (devices or site.devices)
    ]
    if not having:
        known = {name for one in site.devices.values() for name in one.family.rules}
        raise UsageError(Wording("ask.no-rule-on-these-devices", rule=rule), hint=suggestion(rule, known))
    engine = fresh_engine(site)
    lacking = {name: engine.not_applicable(name).get(rule) for name in having}
    found = [name for name in having if not lacking[name]]
    if not found:
        missing = [*(lacking[having[0]] or ())]
        raise UsageError(
            Wording("ask.applies-none-these-devices", rule=rule),
            hint=Wording("ask.would-need", missing=missing),
        )
    return found


def _setting(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise UsageError(Wording("ask.set", text=text), hint=Wording("ask.write-as-set-above-or"))
    import yaml

    return name.strip().removeprefix("detect."), yaml.safe_load(value)


def _progress(since: int, until: int) -> Any:
    """Return what tells on a terminal how far the replay is; elsewhere nothing."""
    if not sys.stderr.isatty():
        return lambda _: None

    def tell(at: int) -> None:
        share = min(1.0, max(0.0, (at - since) / (until - since)))
        click.echo(f"\r{share:4.0%}", nl=False, err=True)

    return tell


def _done() -> None:
    if sys.stderr.isatty():
        click.echo("\r     \r", nl=False, err=True)


def _rule(site: Site, result: BacktestResult) -> Rule:
    return site.devices[result.device].family.rules[result.rule]


def _show(site: Site, results: list[BacktestResult], language: Language) -> None:
    rows = [row for one in results for row in _rows(site, one, language)]
    console().print(table(_rule(site, results[0]).name.in_(language), HEAD, rows, language=language))
    if blind := [one.device for one in results if not one.samples]:
        console().print(Text(sentence("blind", language, devices=", ".join(blind)), style=STYLES["high"]))
    listed = [line for one in results for line in _listed(site, one, language)]
    if listed:
        console().print(table("", LISTED, listed[:MOST], language=language))
    if len(listed) > MOST:
        console().print(sentence("more-alarms", language, count=len(listed) - MOST))


def _rows(site: Site, result: BacktestResult, language: Language) -> list[tuple[object, ...]]:
    fault = _rule(site, result).fault
    only = (result.only_then, result.only_now)
    return [
        (result.device if n == 0 else "", sentence(WHEN[n], language), len(spans), result.same, len(only[n]),
         *_scored(result.score(spans, fault)))
        for n, spans in enumerate((result.then, result.now))
    ]  # fmt: skip


def _scored(score: BacktestScore) -> tuple[object, ...]:
    delays = sorted(score.delays)
    delay = f"{delays[len(delays) // 2] / NS:.0f} s" if delays else "—"
    hours = score.healthy / (3600 * NS)
    rate = f"{score.in_healthy / hours:.2g}" if hours else "—"
    return (score.found, len(score.missed), delay, len(score.false), rate)


def _listed(site: Site, result: BacktestResult, language: Language) -> list[tuple[object, ...]]:
    both = [(span, 0) for span in result.then] + [(span, 1) for span in result.now]
    return [
        (result.device, sentence(WHEN[n], language), show_second(span.since, site.timezone),
         show_second(span.until, site.timezone) if span.until else "…",
         _said(site, result, span, language))
        for span, n in sorted(both, key=lambda one: (one[0].since, one[1]))
    ]  # fmt: skip


def _said(site: Site, result: BacktestResult, span: AlarmSpan, language: Language) -> str:
    from facilityd.notify.evidence_text import EvidenceFormatter

    signals = site.devices[result.device].family.signals
    said = (
        EvidenceFormatter(signals, language, ZoneInfo(site.timezone)).evidence(span.evidence)
        if span.evidence
        else ""
    )
    return said + (sentence("caused", language, cause=span.cause) if span.cause else "")


def _plain(site: Site, result: BacktestResult) -> dict[str, Any]:
    fault = _rule(site, result).fault

    def as_dict(spans: tuple[AlarmSpan, ...]) -> dict[str, Any]:
        score = result.score(spans, fault)
        alarms = [
            {
                "since": s.since,
                "until": s.until,
                "cause": s.cause,
                "said": both(partial(_said, site, result, s)),
            }
            for s in spans
        ]
        return {
            "alarms": alarms, "found": score.found, "missed": [m.id for m in score.missed],
            "delays_s": [delay / NS for delay in score.delays], "false": len(score.false),
            "false_in_healthy": score.in_healthy, "healthy_h": score.healthy / (3600 * NS),
        }  # fmt: skip

    return {
        "device": result.device, "rule": result.rule, "since": result.since, "until": result.until,
        "samples": result.samples, "values": result.values, "same": result.same,
        "then": as_dict(result.then), "now": as_dict(result.now),
    }  # fmt: skip
