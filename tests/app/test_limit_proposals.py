"""What healthy history proposes for a machine's own limits, signed in one sitting and in force at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.commands import result
from support.site import make_square, unconfirmed

from facilityd.app.commission import CommissioningResult, FitPeriod, learn
from facilityd.cli.commission import commission
from facilityd.config.load import load
from facilityd.config.machine_limits import with_signed_limits
from facilityd.config.signed_limits import LIMITS, limits_file, read_limits, write_limits
from facilityd.config.site import Site
from facilityd.model.command import AddMark, ApproveBaseline, RecordService
from facilityd.model.proposal import Proposal, ends
from facilityd.model.rule import Priority
from facilityd.model.sample import NS
from facilityd.scenario.subset import subset
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.reader import JournalReader
from facilityd.supervise.inbox import Inbox

PUMP = "fountain-2"
START = 1_780_279_200 * NS  # 2026-06-01 10:00 on the square: a show begins
MIN = 60 * NS


@pytest.fixture(scope="module")
def show(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VirtualRuntime]:
    """A pump of which nothing is confirmed, through a show."""
    made = make_square(tmp_path_factory.mktemp("files") / "square", hurry=False)
    unconfirmed(made)
    site = replace(subset(load(made.folder), (PUMP,)), source=str(tmp_path_factory.mktemp("empty")))
    with VirtualRuntime(site, tmp_path_factory.mktemp("journal"), start=START) as runtime:
        runtime.until(START + 35 * MIN)
        yield runtime


def lessons(show: VirtualRuntime, since: int = START, until: int = START + 35 * MIN) -> CommissioningResult:
    with JournalReader.open(show.journal) as reader:
        site, _ = show.load(0)
        return learn(site, PUMP, [FitPeriod(reader, since, until)])


def test_a_limit_follows_from_what_was_seen(show: VirtualRuntime) -> None:
    found = {one.rule: one for one in lessons(show).limits}
    clogged = found["strainer-clogged"]
    assert not clogged.refused
    seen = clogged.seen["all.0.below"]
    assert seen.low == pytest.approx(0.0145, rel=0.03), "m³/h per rpm of this pump"
    assert seen.count >= 20
    assert clogged.values["all.0.below"] == pytest.approx(0.86 * seen.low, rel=0.01)
    assert found["level-low"].values["below"] == pytest.approx(0.6, abs=0.03)
    assert found["level-jumps"].kept == ("faster",), "nothing in healthy data says how fast water moves"
    assert found["level-jumps"].values == {"faster": 0.001}


def test_an_engineer_of_a_story_marks_what_is_in_the_way(show: VirtualRuntime) -> None:
    span = {"since": START, "until": START + MIN}
    show.ask(AddMark, device=PUMP, kind="incident", fault="", note="tried", person="Li Na", **span)
    show.advance(120)
    with JournalReader.open(show.journal) as reader:
        assert [(one.device, one.note, one.person) for one in reader.marks()] == [(PUMP, "tried", "Li Na")]


def test_of_too_few_readings_nothing_is_proposed(show: VirtualRuntime) -> None:
    found = {one.rule: one for one in lessons(show, until=START + 2 * MIN).limits}
    assert found["strainer-clogged"].refused == "unfit-readings"
    assert found["strainer-clogged"].numbers["needed_n"] == 20


def ask(show: VirtualRuntime, rule: str, limits: object) -> str:
    inbox = Inbox(show.journal)
    data = {LIMITS: limits}
    name = inbox.drop(
        ApproveBaseline(device=PUMP, rule=rule, person="Li Na", since=START, until=show.now, data=data)
    )
    show.advance(120)
    return result(show.journal, name)


@pytest.mark.parametrize(
    ("rule", "limits"),
    [
        ("level-low", {"above": 1.0}),
        ("level-low", {"below": "much"}),
        ("level-low", {}),
        ("leakage", {"above": 9.0}),
        ("no-such", {"below": 1.0}),
    ],
)
def test_what_are_no_limits_of_the_machine_cannot_be_signed(
    show: VirtualRuntime, rule: str, limits: object
) -> None:
    assert ask(show, rule, limits)
    assert not limits_file(show.journal).exists()


def test_what_is_signed_is_in_force_at_once_and_a_service_ends_it(show: VirtualRuntime) -> None:
    value = next(one for one in lessons(show).limits if one.rule == "level-low").values
    assert ask(show, "level-low", dict(value)) == ""
    site, _ = show.load(0)
    rule = site.devices[PUMP].family.rules["level-low"]
    assert rule.priority is Priority.MEDIUM
    assert "level-low" not in {name for name, _ in site.devices[PUMP].assumed}
    show.fault(PUMP, "level-wrong", -0.8, ramp=0, duration=900)
    show.advance(1200)
    told = [one for one in show.mailbox.taken if one.rule == "level-low"]
    assert {one.priority for one in told} == {Priority.MEDIUM}
    with JournalReader.open(show.journal) as reader:
        [signed] = [one for one in reader.baselines() if one.rule == "level-low"]
    assert (signed.person, signed.version, signed.data) == ("Li Na", 1, {LIMITS: value})
    limits_file(show.journal).unlink()  # lost, or a journal that was restored comes without it
    show.restart(10)
    show.advance(120)
    assert read_limits(limits_file(show.journal)) == ({PUMP: {"level-low": value}}, "")
    with JournalReader.open(show.journal) as reader:
        assert "SIGHUP" in {one.origin for one in reader.commands()}
    name = Inbox(show.journal).drop(
        RecordService(device=PUMP, rules=["level-low"], person="Li Na", reason="another basin")
    )
    show.advance(120)
    assert result(show.journal, name) == ""
    assert show.load(0)[0].devices[PUMP].family.rules["level-low"].priority is Priority.INFO


def test_what_the_site_sets_goes_before_what_was_signed(tmp_path: Path) -> None:
    made = make_square(tmp_path / "square", hurry=False)
    signed = {
        PUMP: {"level-low": {"below": 0.3}, "gone": {"below": 1}, "leakage": {"below": "?"}},
        "gone": {},
    }
    pump = with_signed_limits(made.site, signed).devices[PUMP]
    assert pump.family.rules["level-low"].detect.below == 0.6  # type: ignore[union-attr]
    unconfirmed(made)
    pump = with_signed_limits(made.site, signed).devices[PUMP]
    assert pump.family.rules["level-low"].detect.below == 0.3  # type: ignore[union-attr]
    assert pump.family.rules["level-jumps"].priority is Priority.INFO
    assert set(pump.settings) == {"level-low"}, "what does not fit is left out"


def test_every_command_that_loads_the_site_knows_what_was_signed(tmp_path: Path) -> None:
    made = make_square(tmp_path / "square", hurry=False)
    unconfirmed(made)
    made.journal.parent.mkdir(exist_ok=True)
    write_limits(limits_file(made.journal), {PUMP: {"level-low": {"below": 0.3}}})
    assert load(made.folder).devices[PUMP].family.rules["level-low"].priority is Priority.MEDIUM
    limits_file(made.journal).write_text("[1]", encoding="utf-8")
    assert any("signed are assumed again" in one for one in load(made.folder).warnings)
    assert read_limits(tmp_path / "none.json") == ({}, "")


def test_the_command_shows_and_signs_them_in_one_sitting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed: dict[str, object] = {}

    def sign(_site: Site, _kind: type[ApproveBaseline], /, *, rule: str, data: object, **_: object) -> None:
        signed[rule] = data

    monkeypatch.setattr("facilityd.cli.commission.send", sign)  # no daemon runs that would take them
    made = make_square(tmp_path / "square", hurry=False)
    unconfirmed(made)
    with VirtualRuntime(subset(made.site, (PUMP,)), made.journal.parent, start=START) as runtime:
        runtime.until(START + 20 * MIN)
    span = ["--since", "2026-06-01T10:00", "--until", "2026-06-01T10:20"]
    crew, where = CliRunner(), str(made.folder)
    shown = " ".join(
        crew.invoke(commission, [where, PUMP, *span, "--lang", "en"], input="n\n").output.split()
    )
    assert "limits of this machine that nobody confirmed" in shown
    assert "nothing to be learned from data" in shown
    told = json.loads(crew.invoke(commission, [where, PUMP, *span, "--json", "--yes"]).stdout)
    ready = {one["rule"]: one["limits"] for one in told if one.get("limits")}
    assert {"strainer-clogged", "level-low", "level-jumps"} <= ready.keys()
    assert signed["level-low"] == {LIMITS: ready["level-low"]}


@pytest.mark.parametrize(
    ("of", "times", "plus", "value"),
    [
        ("highest", 1.0, 0.5, 100.5),
        ("lowest", 0.5, 0.0, 0.5),
        ("longest", 1.02, 0.0, 102.0),
        ("shortest", 1, -1, 0),
    ],
)
def test_a_proposal_is_an_extreme_times_and_plus(of: str, times: float, plus: float, value: float) -> None:
    how = Proposal.model_validate({"of": of, "times": times, "plus": plus})
    assert how.value([float(n) for n in range(1, 101)]) == pytest.approx(value)


def test_a_proposal_is_never_below_what_its_rule_is_for() -> None:
    how = Proposal.model_validate({"of": "highest", "times": 1.4, "at_least": 0.004})
    assert how.value([0.001] * 30) == 0.004
    assert how.value([0.004] * 30) == 0.0056


def test_a_spike_is_no_limit() -> None:
    assert ends([1.0] * 3000 + [900.0]) == (1.0, 1.0)
    assert ends([3.0]) == (3.0, 3.0)
