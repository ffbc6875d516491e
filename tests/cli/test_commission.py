"""Commissioning through a real journal: learned, signed, judged by at once, and refused where unhealthy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.commands import result
from support.site import SQUARE, make_square

from facilityd.app.baseline_file import NAME, read, write
from facilityd.app.commission import FitPeriod, fit_rules
from facilityd.app.engine import fresh_engine
from facilityd.app.unjudged import Unjudged
from facilityd.cli.baselines import baselines
from facilityd.cli.commission import commission
from facilityd.config.load import load
from facilityd.errors import UsageError
from facilityd.model.command import ApproveBaseline
from facilityd.model.quality import Reason
from facilityd.model.sample import NS, void
from facilityd.scenario.subset import subset
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.journal import Journal
from facilityd.store.reader import JournalReader
from facilityd.store.samples import SampleWrite
from facilityd.supervise.inbox import Inbox

HOUR = 3600 * NS
START = 1_780_315_200 * NS  # 2026-06-01 20:00 on the square: everything is lit
FACADE = "avenue-east"


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VirtualRuntime]:
    """A façade of the square without its own baselines, after two hours of an evening."""
    site = replace(subset(load(SQUARE), (FACADE,)), source=str(tmp_path_factory.mktemp("empty")))
    with VirtualRuntime(site, tmp_path_factory.mktemp("journal"), start=START) as runtime:
        runtime.until(START + 2 * HOUR)
        yield runtime


def test_too_short_is_refused_and_says_why(evening: VirtualRuntime) -> None:
    with JournalReader.open(evening.journal) as reader:
        lessons = fit_rules(evening.site, FACADE, [FitPeriod(reader, START, START + 60 * NS)])
    assert lessons
    assert {fit_result.refused for fit_result in lessons} == {"unfit-short", "unfit-days"}


@pytest.mark.parametrize(
    ("units", "refused"),
    [
        ((), False),
        (("dali-gateway",), True),
        (("avenue-east-meter",), True),
    ],
)
def test_no_alarm_is_no_health_where_rules_lacked_their_data(
    evening: VirtualRuntime, tmp_path: Path, units: tuple[str, ...], refused: bool
) -> None:
    """The same good readings, without those of some units: nothing raises, and nothing is bad."""
    with JournalReader.open(evening.journal) as reader:
        stored = [reader.sample(row) for row in reader.samples_after(0, 10**6)]
    kept = [one for one in stored if one.stream.device == FACADE and one.stream.unit not in units]
    with Journal.open(tmp_path / "some.db", max_bytes=2**26, max_age=10**18) as journal:
        for first in range(0, len(kept), 500):
            journal.commit([SampleWrite(kept[first : first + 500])])
    with JournalReader.open(tmp_path / "some.db") as reader:
        lessons = fit_rules(evening.site, FACADE, [FitPeriod(reader, START, START + 2 * HOUR)])
    assert lessons
    unsure = {fit_result.refused for fit_result in lessons} == {"unfit-unsure"}
    assert unsure is refused
    if refused:
        assert all(float(fit_result.numbers["share_n"]) > 50 for fit_result in lessons)


def test_where_nothing_was_judged_that_is_known(evening: VirtualRuntime) -> None:
    with JournalReader.open(evening.journal) as reader:
        stored = [reader.sample(row) for row in reader.samples_after(0, 10**6)]
    kept = [void(s.stream, s.at, s.at, Reason.TIMEOUT) for s in stored if s.stream.device == FACADE]
    judged = Unjudged(fresh_engine(evening.site), FACADE)
    for one in kept[:200]:
        judged.show(one)
    assert judged.total > 0
    assert not judged.judged


def test_what_is_signed_is_judged_by_at_once_and_the_old_version_kept(evening: VirtualRuntime) -> None:
    rule = next(
        name for name, r in evening.site.devices[FACADE].family.rules.items() if r.detect.kind == "residual"
    )
    inbox = Inbox(evening.journal)
    data = {"coefficients": [100.0, 1.0], "sigma": 0.01, "ranges": {}, "rows": 99}
    for person in ("Li Na", "Wang Wei"):
        inbox.drop(
            ApproveBaseline(
                device=FACADE, rule=rule, person=person, since=START, until=START + HOUR, data=data
            )
        )
        evening.until(evening.now + 120 * NS)
    with JournalReader.open(evening.journal) as reader:
        assert [(b.version, b.person) for b in reader.baselines()] == [(2, "Wang Wei")]
        assert [b.version for b in reader.baselines(retired=True)] == [1, 2]
        slugs = [
            s.finding.evidence.slug
            for s in reader.verdicts()
            if (s.finding.device, s.finding.rule) == (FACADE, rule)
        ]
    assert "unknown-unlearned" not in slugs


def test_a_rule_that_is_not_learned_is_refused(evening: VirtualRuntime) -> None:
    inbox = Inbox(evening.journal)
    name = inbox.drop(
        ApproveBaseline(
            device=FACADE, rule="no-such-rule", person="Li Na", since=START, until=START + HOUR, data={"a": 1}
        )
    )
    evening.until(evening.now + 120 * NS)
    assert "no-such-rule" in result(evening.journal, name)


def test_the_shipped_baselines_are_taken_over_once(tmp_path: Path) -> None:
    shipped = read(SQUARE / NAME)
    with VirtualRuntime(load(SQUARE), tmp_path, start=START) as runtime:
        runtime.until(START + 60 * NS)
        runtime.restart()
        runtime.until(START + 120 * NS)
        with JournalReader.open(runtime.journal) as reader:
            assert reader.baselines(retired=True) == shipped
    assert {b.version for b in shipped} == {1}


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text('[{"device": 1}]')
    with pytest.raises(UsageError, match="not a file of baselines"):
        read(tmp_path / NAME)


def test_export_is_what_import_reads(tmp_path: Path) -> None:
    shipped = read(SQUARE / NAME)
    write(tmp_path / NAME, shipped)
    assert (tmp_path / NAME).read_text() == (SQUARE / NAME).read_text()


def test_the_commands_at_a_real_journal(tmp_path: Path) -> None:
    made = make_square(tmp_path / "square", hurry=False)
    with VirtualRuntime(subset(made.site, (FACADE,)), made.journal.parent, start=START) as runtime:
        runtime.until(START + 300 * NS)
    crew, where = CliRunner(), str(made.folder)
    period = ["--since", "2026-06-01T12:00+00:00", "--until", "2026-06-01T13:00+00:00"]
    shown = crew.invoke(commission, [where, FACADE, *period], input="n\n")
    assert "refused" in shown.output
    assert "learning takes at least 1 h" in shown.output
    wrong = crew.invoke(commission, [where, "avenue-eats", *period])
    assert isinstance(wrong.exception, UsageError)
    assert FACADE in str(wrong.exception)
    listed = json.loads(crew.invoke(baselines, [where, FACADE, "--json"]).stdout)
    assert {line["by"] for line in listed} == {"shipped with the site"}
    assert Inbox(made.journal).take() == [], "nothing is signed without a yes"
