"""Performs scenarios and keeps what is worth telling: results that travel between processes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from facilityd.errors import FacilitydError
from facilityd.model.sample import NS
from facilityd.scenario import trace
from facilityd.scenario.checks import CheckResult, suppressed, worse
from facilityd.scenario.load import LoadedScenario, load
from facilityd.scenario.play import PlayResult, Progress, play, runtime_of
from facilityd.scenario.run_log import RunLog

AROUND = 8
"""Samples shown on each side of the instant at which an expectation failed."""


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked for beside the verdict; empty: nothing. ``seed`` None: the scenario's own.

    ``html`` and ``keep`` are folders for reports and journals, ``record`` a file for all that happened.
    """

    seed: int | None = None
    real: bool = False
    html: str = ""
    keep: str = ""
    record: str = ""


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """One scenario. ``took`` in s of real time; ``page`` is its report's file name.

    ``told`` counts the alarms that somebody heard of; ``suppressed`` says which of them were told once
    more as worse, and how many others were told to nobody, because of what.
    """

    scenario: str
    file: str
    took: float = 0.0
    check_results: tuple[CheckResult, ...] = ()
    signals: dict[str, str] = field(default_factory=dict)
    error: str = ""
    page: str = ""
    span: int = 0
    told: int = 0
    suppressed: str = ""

    @property
    def ok(self) -> bool:
        """True where it played to its end and every expectation was met."""
        return not self.error and all(check_result.ok for check_result in self.check_results)

    def explain(self, check_result: CheckResult) -> str:
        """Return all that is needed to understand a failure."""
        lines = [
            f"{check_result.place}: expected: {check_result.sentence}",
            f"  happened: {check_result.happened}",
        ]
        around = self.signals.get(check_result.sentence)
        return "\n".join([*lines, around] if around else lines)


def perform(path: Path, options: Options, progress: Progress = lambda _: None) -> ScenarioResult:
    """Play one scenario in virtual or real time; what goes wrong with it is part of the result."""
    try:
        script = load(path)
        runtime = runtime_of(real=options.real)
        with _folder(options, script) as folder:
            return _told(script, play(script, runtime, Path(folder), options.seed, progress), options)
    except FacilitydError as error:
        return ScenarioResult(path.stem, str(path), error=str(error))


def _folder(options: Options, script: LoadedScenario) -> AbstractContextManager[str]:
    if not options.keep:
        return tempfile.TemporaryDirectory(prefix="facilityd-")
    folder = Path(options.keep) / script.scenario.scenario
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("journal.db*"):
        if old.is_file():
            old.unlink()
    return nullcontext(str(folder))


def _told(script: LoadedScenario, outcome: PlayResult, options: Options) -> ScenarioResult:
    name = ""
    with RunLog.open(script, outcome.journal) as run_log:
        around = {one.sentence: _around(run_log, one) for one in outcome.check_results if not one.ok}
        told = sum(alarm.told is not None and not alarm.worse_than for alarm in run_log.alarms)
        hidden = "; ".join(filter(None, (worse(run_log.alarms), suppressed(run_log.alarms))))
        if options.html:
            name = f"{script.scenario.scenario}.html"
            from facilityd.scenario.html import page  # noqa: PLC0415 - templates only where asked for

            Path(options.html).mkdir(parents=True, exist_ok=True)
            steps = [(step.at, step.text) for step in outcome.steps]
            text = page(script, run_log, steps, outcome.check_results, seed=outcome.seed, took=outcome.took)
            (Path(options.html) / name).write_text(text, encoding="utf-8")
    if options.record:
        steps = [(step.at, step.text) for step in outcome.steps]
        trace.write(Path(options.record), script.scenario.scenario, outcome.seed, steps, outcome.journal)
    return ScenarioResult(
        script.scenario.scenario, script.file, outcome.took, outcome.check_results, around,
        page=name, span=script.scenario.duration, told=told, suppressed=hidden,
    )  # fmt: skip


def _around(run_log: RunLog, check_result: CheckResult) -> str:
    """Return the signals around the instant of a failure, a line each."""
    if check_result.at is None:
        return ""
    lines = []
    for device, signal in check_result.around:
        series = run_log.series(device, signal, check_result.at - 600 * NS, check_result.at + 600 * NS)
        before = [point for point in series if point[0] <= check_result.at][-AROUND:]
        after = [point for point in series if point[0] > check_result.at][:AROUND]
        shown = "  ".join(_point(at, value, check_result.at) for at, value in [*before, *after])
        lines.append(f"    {device}.{signal}: {shown or 'no sample within 10 min'}")
    return "\n".join(lines)


def _point(at: int, value: object, centre: int) -> str:
    said = "unknown" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
    return f"{(at - centre) / NS:+.0f}s={said}"


def perform_all(
    paths: Sequence[Path], options: Options, jobs: int, progress: Progress
) -> Iterator[ScenarioResult]:
    """Play many, ``jobs`` at a time; yield results as they come, those of one job in order."""
    if jobs <= 1 or len(paths) <= 1:
        yield from (perform(path, options, progress) for path in paths)
        return
    # A fresh process for each worker: virtual time wants no thread or loop of anybody else's.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(perform, path, options) for path in paths]
        for done in as_completed(waiting):
            yield done.result()
