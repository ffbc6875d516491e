"""Runs laid over each other: aligned at their starts, the band from the runs that were there."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pytest
from click.testing import CliRunner
from support.hoist_yard import HOIST_YARD
from support.query_sites import StoredSite

from facilityd.cli.main import facilityd
from facilityd.config.load import load
from facilityd.config.site import Site
from facilityd.errors import UsageError
from facilityd.model.sample import NS, Sample
from facilityd.query.runs import LEAST, POINTS, RunsAnswer, RunsQuery
from facilityd.query.site import SiteQuery
from facilityd.store.journal import Journal
from facilityd.store.samples import SampleWrite

BASE = 1_790_000_000 * NS
APART = 3600
"""Seconds from the start of a run to that of the next."""


@pytest.fixture
def hoist(tmp_path: Path) -> Callable[[int], Site]:
    """Write so many runs: every second one is a lowering; run n takes least + n s with a torque of 50 + n %."""

    def write(count: int, least: int = 60) -> Site:
        (tmp_path / "site.yaml").write_text(HOIST_YARD, encoding="utf-8")
        site = load(tmp_path, secrets=False)
        (stream,) = site.devices["hoist-1"].streams
        samples = []
        for n in range(count):
            start, sign = n * APART + 100, -1.0 if n % 2 else 1.0
            for second in range(-20, least + n + 20):
                moving = 0 <= second < least + n
                values = {"output_frequency": 50.0 * sign * moving, "torque": (50.0 + n) * moving}
                at = BASE + (start + second) * NS
                samples.append(Sample(stream, at, at, tuple(values[name] for name in stream.signals)))
        path = Path(site.store.path)
        with Journal.open(
            path, max_bytes=2**28, max_age=10**18, ballast_bytes=65536, site=site.id
        ) as journal:
            journal.commit([SampleWrite(samples)])
        return site

    return write


def asked(site: Site, **more: object) -> RunsAnswer:
    until = BASE + 30 * APART * NS
    with SiteQuery(site, lambda: until) as query:
        return query.runs(RunsQuery("hoist-1", until, signals=("torque",), **more))  # type: ignore[arg-type]


def test_runs_are_found_by_kind_and_their_band_is_that_of_their_values(
    hoist: Callable[[int], Site],
) -> None:
    answer = asked(hoist(20), kind="raising")
    assert [round(took) for took in answer.lengths] == [60 + n for n in range(0, 20, 2)]
    (torque,) = answer.envelopes
    assert len(torque.seconds) == POINTS
    middle = POINTS // 3
    values = [50.0 + n for n in range(0, 20, 2)]
    assert torque.middle[middle] == median(values)
    assert (torque.low[middle], torque.high[middle]) == (values[0], values[8])
    assert (torque.count[middle], torque.newest[middle]) == (10, values[-1])
    assert torque.seconds[-1] == max(answer.lengths)
    assert torque.count[-1] < LEAST, "at the end only the longest is left"
    assert torque.low[-1] is None, "so there is no band"


def test_the_last_ones_are_taken_and_their_kinds_told(hoist: Callable[[int], Site]) -> None:
    answer = asked(hoist(5), last=3)
    assert [round(took) for took in answer.lengths] == [62, 63, 64]
    assert [name.en for name in answer.names] == ["raising", "lowering", "raising"]
    assert {one for envelope in answer.envelopes for one in envelope.low} == {None}
    assert json.loads(json.dumps(answer.plain()))["runs"][0]["kind"] == "raising"


def test_a_motor_that_turns_a_moment_is_no_run(hoist: Callable[[int], Site]) -> None:
    answer = asked(hoist(6), kind="raising", least=62 * NS)
    assert [round(took) for took in answer.lengths] == [62, 64]


def test_a_moment_is_no_run_unless_somebody_asks_for_it(
    hoist: Callable[[int, int], Site], tmp_path: Path
) -> None:
    site = hoist(4, 1)
    assert [round(took) for took in asked(site, least=0).lengths] == [1, 2, 3, 4]
    assert asked(site).runs == ()
    call = ["runs", str(tmp_path), "hoist-1", "torque", "--until", "2026-09-30", "--lang", "en"]
    assert "no whole run" in CliRunner().invoke(facilityd, call).stdout


def test_without_a_run_there_is_nothing_to_lay(hoist: Callable[[int], Site]) -> None:
    answer = asked(hoist(0))
    assert (answer.runs, answer.plain()["median_s"]) == ((), None)


@pytest.mark.parametrize(
    "wrong", [{"kind": "rising"}, {"mode": "lit"}, {"signals": ("tork",)}, {"device": "hoist-2"}]
)
def test_what_a_device_does_not_have_is_refused(
    hoist: Callable[[int], Site], wrong: dict[str, object]
) -> None:
    site = hoist(1)
    query = RunsQuery(**({"device": "hoist-1", "until": BASE} | wrong))  # type: ignore[arg-type]
    with SiteQuery(site) as reader, pytest.raises(UsageError):
        reader.runs(query)


def test_a_device_without_operating_modes_has_no_runs(story: StoredSite) -> None:
    with story.ask() as query, pytest.raises(UsageError, match="no operating modes"):
        query.runs(RunsQuery("weather", story.now))


def test_the_command_draws_tells_and_writes_them(hoist: Callable[[int], Site], tmp_path: Path) -> None:
    hoist(6)
    call = ["runs", str(tmp_path), "hoist-1", "torque", "--until", "2026-09-30"]
    text = CliRunner().invoke(facilityd, [*call, "--lang", "zh"]).stdout
    assert "最近 6 次" in text
    assert "升旗" in text
    rows = list(csv.DictReader(io.StringIO(CliRunner().invoke(facilityd, [*call, "--csv"]).stdout)))
    assert (len(rows), rows[10]["runs"]) == (POINTS, "6")
    out = tmp_path / "runs.svg"
    assert CliRunner().invoke(facilityd, [*call, "--svg", str(out)]).exit_code == 0
    assert 'class="band"' in out.read_text(encoding="utf-8")
    none = CliRunner().invoke(facilityd, [*call, "--since", "2026-09-29", "--lang", "en"]).stdout
    assert "no whole run" in none
