"""facilityd simulate run: scenarios, their progress, their failures, JUnit and reports."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from facilityd.cli.language import current, spoken_lang_option
from facilityd.cli.output import print_json_line, writing
from facilityd.cli.words import sentence
from facilityd.errors import UsageError
from facilityd.model.measure import spell_duration
from facilityd.model.message import Wording
from facilityd.model.sample import NS

if TYPE_CHECKING:
    from facilityd.scenario.run import ScenarioResult


@click.command("run")
@click.argument("scenarios", nargs=-1, required=True, metavar="SCENARIO…")
@click.option("--virtual/--real", default=True, help="Virtual time [default], or sockets and the clock.")
@click.option(
    "--seed", type=click.IntRange(0, 2**53), default=None, help="Another seed than the scenario's own."
)
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), help="Write JUnit XML for CI.")
@click.option("--html", type=click.Path(path_type=Path, file_okay=False), help="Write reports with plots.")
@click.option("--keep", type=click.Path(path_type=Path, file_okay=False), help="Keep the journals.")
@click.option(
    "--record", type=click.Path(path_type=Path, dir_okay=False), help="Write all that happened (.zst)."
)
@click.option("--jobs", "-j", type=click.IntRange(1), default=1, show_default=True, help="Stories at a time.")
@spoken_lang_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object per scenario.")
def run_command(
    scenarios: tuple[str, ...], virtual: bool, seed: int | None, junit: Path | None, html: Path | None,
    keep: Path | None, record: Path | None, jobs: int, as_json: bool,
) -> None:  # fmt: skip
    """Play scenarios, and check what they expect.

    Files, folders, names of shipped ones, or 'all'.

    Exit status 0: every expectation was met; 1: one was not; 2: a scenario cannot be played as written.
    """
    from facilityd.scenario.junit import write
    from facilityd.scenario.load import find
    from facilityd.scenario.run import Options, perform_all

    paths = find(scenarios)
    if record and len(paths) > 1:
        raise UsageError(Wording("ask.record-takes-one-scenario"), hint=Wording("ask.play-alone-or-use-keep"))
    options = Options(seed, not virtual, str(html or ""), str(keep or ""), str(record or ""))
    results: list[ScenarioResult] = []
    bar = _Bar(len(paths), quiet=as_json or not sys.stderr.isatty())
    with _quiet():
        for result in perform_all(paths, options, jobs, bar.moved):
            results.append(result)
            bar.done()
            print_json_line(_plain(result)) if as_json else _print(result)
    bar.close()
    if junit:
        with writing(junit):
            write(results, junit)
    if html:
        from facilityd.scenario.html import index

        with writing(html):
            (html / "index.html").write_text(index(results), encoding="utf-8")
    _end(results, as_json=as_json)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the daemon's own log of a story to errors, and the caller's logging as it was."""
    loggers = [logging.getLogger(name) for name in ("facilityd", "devices")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


class _Bar:
    """A line of progress on a terminal."""

    def __init__(self, total: int, *, quiet: bool) -> None:
        self._total, self._count, self._quiet = total, 0, quiet

    def moved(self, into: int) -> None:
        if not self._quiet:
            at = spell_duration(into // NS * NS)
            said = sentence("story-at", current(), number=self._count + 1, total=self._total, at=at)
            click.echo(f"\r\x1b[K{said}", nl=False, err=True)

    def done(self) -> None:
        self._count += 1
        self.close()

    def close(self) -> None:
        if not self._quiet:
            click.echo("\r\x1b[K", nl=False, err=True)


def _print(result: ScenarioResult) -> None:
    language, name = current(), "story-passed" if result.ok else "story-failed"
    speed = f"{result.span / NS / result.took:,.0f}" if result.took else "—"
    click.echo(sentence(name, language, scenario=result.scenario, seconds=f"{result.took:.1f}", speed=speed))
    if result.suppressed:
        click.echo(sentence("story-told", language, told=result.told, suppressed=result.suppressed))
    if result.error:
        click.echo(f"  {result.error}", err=True)
    for check_result in result.check_results:
        if not check_result.ok:
            click.echo("  " + result.explain(check_result).replace("\n", "\n  "), err=True)


def _plain(result: ScenarioResult) -> dict[str, object]:
    data: dict[str, object] = json.loads(json.dumps(asdict(result), default=str))
    return {**data, "ok": result.ok}


def _end(results: list[ScenarioResult], *, as_json: bool) -> None:
    failed = sum(not result.ok for result in results)
    if not as_json:
        click.echo(sentence("stories", current(), passed=len(results) - failed, all=len(results)))
    if any(result.error for result in results):
        raise click.exceptions.Exit(2)
    raise click.exceptions.Exit(1 if failed else 0)
