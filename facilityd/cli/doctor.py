"""facilityd doctor: what is wrong with an installation, and what to do about it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import console, json_option, print_json
from facilityd.cli.words import sentence
from facilityd.cli.wrapping import wrapped

if TYPE_CHECKING:
    from facilityd.doctor.verdict import ProbeResult
    from facilityd.model.text import Language

STYLES = {"ok": "green", "unknown": "yellow", "warn": "yellow", "fail": "bold red"}


@click.command()
@click.argument("site", nargs=-1, type=click.Path(exists=True, path_type=Path), metavar="[SITE...]")
@click.option("--all", "everything", is_flag=True, help="Also show what is well.")
@lang_option
@json_option
def doctor(site: tuple[Path, ...], everything: bool, lang: str | None, as_json: bool) -> None:
    """Say what is wrong with an installation, and what to do.

    Looks at files, disk, clock, ports, brokers, InfluxDB, channels and the daemon of a SITE, or without
    one at this machine alone. It changes nothing and sends nothing. Exit status 1 where something does not
    work.
    """
    from facilityd.doctor.examine import examine
    from facilityd.doctor.verdict import Verdict

    report = examine(site)
    if as_json:
        print_json(report.plain())
    else:
        language = chosen(lang, report.site)
        shown = [one for one in report.results if everything or one.verdict is not Verdict.OK]
        for one in shown:
            _print(one, language)
        well = sum(one.verdict is Verdict.OK for one in report.results)
        click.echo(sentence("doctor-done", language, well=well, rest=len(report.results) - well))
    if report.worst is Verdict.FAIL:
        raise click.exceptions.Exit(1)


def _print(one: ProbeResult, language: Language) -> None:
    from facilityd.doctor.verdict import check_words

    out = console()
    mark = check_words().outcome[one.verdict.value].in_(language)
    about = f"{one.name(language)} {one.subject}".strip()
    sep = "：" if language == "zh" else ": "
    lines = wrapped(f"{mark}  {about}{sep}{one.text(language)}", out.width)
    out.print(Text("\n".join(lines), style=STYLES[one.verdict.value]))
    if remedy := one.remedy(language):
        out.print(Text("\n".join(f"    {line}" for line in wrapped(f"→ {remedy}", out.width - 4))))
