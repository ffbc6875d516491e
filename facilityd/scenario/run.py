"""Performs scenarios and keeps what is worth telling: results that travel between processes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from facilityd.errors import FacilitydError
from facilityd.model.sample import NS
from facilityd.scenario import trace
from facilityd.scenario.load import Script, load
from facilityd.scenario.play import Outcome, Progress, play, stage_of
from facilityd.scenario.record import Record
from facilityd.scenario.verdict import Judgement, suppressed

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
class Result:
    """One scenario. ``took`` in s of real time; ``page`` is its report's file name.

    ``told`` counts the alarms that somebody heard of; ``suppressed`` says how many others, because of what.
    """

    scenario: str
    file: str
    took: float = 0.0
    judgements: tuple[Judgement, ...] = ()
    signals: dict[str, str] = field(default_factory=dict)
    error: str = ""
    page: str = ""
    span: int = 0
    told: int = 0
    suppressed: str = ""

    @property
    def ok(self) -> bool:
        """True where it played to its end and every expectation was met."""
        return not self.error and all(judgement.ok for judgement in self.judgements)

    def explain(self, judgement: Judgement) -> str:
        """Return all that is needed to understand a failure."""
        lines = [f"{judgement.place}: expected: {judgement.sentence}", f"  happened: {judgement.happened}"]
        around = self.signals.get(judgement.sentence)
        return "\n".join([*lines, around] if around else lines)


def perform(path: Path, options: Options, progress: Progress = lambda _: None) -> Result:
    """Play one scenario in virtual or real time; what goes wrong with it is part of the result."""
    try:
        script = load(path)
        stage = stage_of(real=options.real)
        with _folder(options, script) as folder:
            return _told(script, play(script, stage, Path(folder), options.seed, progress), options)
    except FacilitydError as error:
        return Result(path.stem, str(path), error=str(error))


def _folder(options: Options, script: Script) -> AbstractContextManager[str]:
    if not options.keep:
        return tempfile.TemporaryDirectory(prefix="facilityd-")
    folder = Path(options.keep) / script.scenario.scenario
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("journal.db*"):
        if old.is_file():
            old.unlink()
    return nullcontext(str(folder))


def _told(script: Script, outcome: Outcome, options: Options) -> Result:
    name = ""
    with Record.open(script, outcome.journal) as record:
        around = {j.sentence: _around(record, j) for j in outcome.judgements if not j.ok}
        told = sum(alarm.told is not None for alarm in record.alarms)
        hidden = suppressed(record.alarms)
        if options.html:
            name = f"{script.scenario.scenario}.html"
            from facilityd.scenario.html import page  # noqa: PLC0415 - templates only where asked for

            Path(options.html).mkdir(parents=True, exist_ok=True)
            acts = [(act.at, act.text) for act in outcome.acts]
            text = page(script, record, acts, outcome.judgements, seed=outcome.seed, took=outcome.took)
            (Path(options.html) / name).write_text(text, encoding="utf-8")
    if options.record:
        acts = [(act.at, act.text) for act in outcome.acts]
        trace.write(Path(options.record), script.scenario.scenario, outcome.seed, acts, outcome.journal)
    return Result(
        script.scenario.scenario, script.file, outcome.took, outcome.judgements, around,
        page=name, span=script.scenario.duration, told=told, suppressed=hidden,
    )  # fmt: skip


def _around(record: Record, judgement: Judgement) -> str:
    """Return the signals around the instant of a failure, a line each."""
    if judgement.at is None:
        return ""
    lines = []
    for device, signal in judgement.around:
        series = record.series(device, signal, judgement.at - 600 * NS, judgement.at + 600 * NS)
        before = [point for point in series if point[0] <= judgement.at][-AROUND:]
        after = [point for point in series if point[0] > judgement.at][:AROUND]
        shown = "  ".join(_point(at, value, judgement.at) for at, value in [*before, *after])
        lines.append(f"    {device}.{signal}: {shown or 'no sample within 10 min'}")
    return "\n".join(lines)


def _point(at: int, value: object, centre: int) -> str:
    said = "unknown" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
    return f"{(at - centre) / NS:+.0f}s={said}"


Done = Callable[[Result], None]


def perform_all(paths: Sequence[Path], options: Options, jobs: int, progress: Progress) -> Iterator[Result]:
    """Play many, ``jobs`` at a time; yield results as they come, those of one job in order."""
    if jobs <= 1 or len(paths) <= 1:
        yield from (perform(path, options, progress) for path in paths)
        return
    # A fresh process for each worker: virtual time wants no thread or loop of anybody else's.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(perform, path, options) for path in paths]
        for done in as_completed(waiting):
            yield done.result()
