"""Readiness: each item passes, fails or is unknown, and unknown is never ready."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from devices.tables import families
from facilityd.cli.ready import ready
from facilityd.config.site import Site
from facilityd.model.finding import Evidence, Finding
from facilityd.model.readiness import (
    CheckedItem,
    DeviceKnowledge,
    ItemOutcome,
    VerdictEvidence,
    Waiver,
    check,
    is_ready,
    with_settings,
)
from facilityd.model.sample import NS
from facilityd.notify.readiness import ReadinessContext
from facilityd.query.readiness import ItemRow, ReadinessBoard
from facilityd.query.site import open_journal

HOIST = families(None)["hoist"].readiness
WELL: dict[str, Any] = {
    "dc_link_voltage": 540.0, "ready": True, "remote": True, "local": False, "tripped": False, "warning": False,
    "brake_open": False, "brake_open_command": False, "estop_chain_ok": True, "lower_limit": True,
    "upper_limit": False, "tension": 480.0, "slack_rope": False, "load_cell_error": False,
    "wind": 3.0,
}  # fmt: skip
SIGNED = Waiver(1, 100, "hoist-1", "supply", 200, "Li Na", "measured by hand")


def looked_at(site: Site, board: ReadinessBoard, at: int) -> list[ItemRow]:
    with open_journal(site) as reader:
        return board.items(reader, at)


def known(
    values: dict[str, Any], rules: dict[str, ItemOutcome] | None = None, **more: Any
) -> DeviceKnowledge:
    stands = rules or {}
    return DeviceKnowledge(values.get, WELL, lambda rule: stands.get(rule, ItemOutcome.PASS), **more)


def outcomes(checked: tuple[CheckedItem, ...], *wanted: ItemOutcome) -> list[str]:
    return [one.item for one in checked if one.outcome in wanted]


def test_all_well_is_ready() -> None:
    checked = check(HOIST, known(WELL))
    assert is_ready(checked)
    assert {one.outcome for one in checked} == {ItemOutcome.PASS}
    assert len(HOIST) >= 15


def test_each_item_fails_by_its_own_signal_or_rule() -> None:
    for wrong, item in (
        ({"estop_chain_ok": False}, "emergency-chain"),
        ({"local": True}, "remote"),
        ({"dc_link_voltage": 460.0}, "supply"),
        ({"tension": 40.0}, "rope-tension"),
        ({"lower_limit": False}, "limits"),
        ({"warning": True}, "no-trip"),
        ({"wind": 12.0}, "wind"),
    ):
        assert outcomes(check(HOIST, known({**WELL, **wrong})), ItemOutcome.FAIL) == [item]
    for rule, item in (
        ("rise-time", "last-run"),
        ("rope-tight", "rope-curve"),
        ("brake-worn", "brake-wear"),
        ("supply-imbalance", "phases"),
        ("facilityd.timetable-off", "clock"),
    ):
        checked = check(HOIST, known(WELL, {rule: ItemOutcome.FAIL}))
        assert outcomes(checked, ItemOutcome.FAIL) == [item]
        assert [one.rules for one in checked if one.item == item] == [(rule,)]


@given(missing=st.sets(st.sampled_from(sorted(WELL)), min_size=1))
def test_what_is_not_known_is_never_ready(missing: set[str]) -> None:
    seen = {name: value for name, value in WELL.items() if name not in missing}
    checked = check(HOIST, known(seen))
    assert not is_ready(checked)
    assert not outcomes(checked, ItemOutcome.FAIL), "and is not called wrong either"


def test_a_rule_that_cannot_be_told_is_unknown_and_one_that_is_not_fitted_stands_against_nothing() -> None:
    assert outcomes(check(HOIST, known(WELL, {"rise-time": ItemOutcome.UNKNOWN})), ItemOutcome.UNKNOWN) == [
        "last-run"
    ]
    absent = dict.fromkeys(HOIST["last-run"].rules, ItemOutcome.ABSENT)
    assert outcomes(check(HOIST, known(WELL, absent)), ItemOutcome.ABSENT) == ["last-run"]
    assert is_ready(check(HOIST, known(WELL, absent)))
    unbound = DeviceKnowledge(WELL.get, set(WELL) - {"wind"}, lambda _: ItemOutcome.PASS)
    assert outcomes(check(HOIST, unbound), ItemOutcome.ABSENT) == ["wind"]
    assert is_ready(check(HOIST, unbound))


def test_what_is_required_and_not_fitted_is_unknown_until_somebody_answers_for_it() -> None:
    only = DeviceKnowledge(WELL.get, {"tripped", "warning"}, lambda _: ItemOutcome.ABSENT)
    required = [name for name, item in HOIST.items() if item.required]
    assert required == ["drive-ready", "no-trip", "brake", "emergency-chain", "limits"]
    checked = check(HOIST, only)
    assert outcomes(checked, ItemOutcome.PASS) == ["no-trip"]
    assert outcomes(checked, ItemOutcome.UNKNOWN) == [name for name in required if name != "no-trip"]
    assert not is_ready(checked)
    assert [CheckedItem.of(one.plain()) for one in checked] == list(checked)
    why = SUBJECT.why(next(one for one in checked if one.item == "brake"), "en")
    assert (
        why == "not fitted or not connected, so it cannot be checked from here: look on site, then waive it"
    )
    signed = [replace(SIGNED, item=name) for name in required]
    assert is_ready(check(HOIST, replace(only, waivers=signed)))
    own = {name: with_settings(item, {"required": False}) for name, item in HOIST.items()}
    assert is_ready(check(own, only))


@given(now=st.integers(0, 300), revoked=st.none() | st.integers(100, 300))
def test_a_waiver_counts_from_its_signature_to_its_end_or_its_revocation(
    now: int, revoked: int | None
) -> None:
    waiver = replace(SIGNED, revoked=revoked)
    force = 100 <= now < 200 and (revoked is None or now < revoked)
    waivers = [waiver] if waiver.holds(now) else []
    checked = check(HOIST, known({**WELL, "dc_link_voltage": 0.0}, waivers=waivers))
    assert is_ready(checked) is force
    assert outcomes(checked, ItemOutcome.WAIVED if force else ItemOutcome.FAIL) == ["supply"]


def test_a_waiver_of_an_item_that_passes_hides_nothing() -> None:
    checked = check(HOIST, known(WELL, waivers=[SIGNED]))
    assert {one.outcome for one in checked} == {ItemOutcome.PASS}


def test_the_command_on_a_story_that_was_kept(simulated_site, tmp_path: Path, monkeypatch) -> None:
    site = simulated_site("square", only=["hoist-1", "weather"], start="2026-10-01T05:30")
    site.advance("80min")
    now = round(site.now.timestamp() * 1e9)
    board = ReadinessBoard(site.site, ["hoist-1", "weather"])
    lines = looked_at(site.site, board, now)
    assert not [line.checked.item for line in lines if line.checked.stands_against], (
        "once a run and the rest after it were seen, all is known"
    )
    site.fault("hoist-1", "estop")
    site.advance("3min")
    lines = looked_at(site.site, board, now + 180 * 10**9)
    assert {one.checked.item for one in lines if one.checked.stands_against} == {
        "emergency-chain",
        "drive-ready",
    }
    late = looked_at(site.site, board, now + 3600 * 10**9)
    assert {line.checked.outcome for line in late if line.checked.values} == {ItemOutcome.UNKNOWN}, (
        "nothing is fresh"
    )


def test_the_command_says_not_ready_and_exits_with_1(tmp_path: Path) -> None:
    done = CliRunner().invoke(ready, [str(_elsewhere(tmp_path)), "--json"])
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert told["ready"] is False
    assert "NOT RUNNING" in done.stderr
    assert {line["result"] for line in told["items"]} == {"unknown"}
    done = CliRunner().invoke(ready, [str(_elsewhere(tmp_path)), "hoist-1", "--lang", "zh"])
    assert done.exit_code == 1
    assert "不能确认具备条件" in done.output
    assert done.output.startswith("监测程序未运行"), "said before all else"


def _elsewhere(folder: Path) -> Path:
    from support.site import make_square

    from facilityd.store.journal import Journal

    made = make_square(folder / "site")
    made.journal.parent.mkdir(parents=True, exist_ok=True)
    with Journal.open(made.journal, max_bytes=2**24, max_age=10**15):
        pass
    return made.folder


def test_an_item_says_what_it_rests_on_in_words() -> None:
    family = families(None)["hoist"]
    names = {name: rule.name for name, rule in family.rules.items()}
    subject = ReadinessContext(
        family.name, family.readiness, names, {"": family.signals}, ZoneInfo("Asia/Shanghai")
    )
    found = {one.item: one for one in check(HOIST, known({**WELL, "ready": False, "wind": 12.0}))}
    assert subject.why(found["drive-ready"], "zh") == "变频器未就绪"
    assert subject.why(found["wind"], "en") == "Mean wind is 12.0 m/s, less than 10.8 m/s expected"
    found = {one.item: one for one in check(HOIST, known(WELL, {"rise-time": ItemOutcome.UNKNOWN}))}
    assert subject.why(found["last-run"], "en").startswith("cannot be judged yet: ")


SUBJECT = ReadinessContext(
    families(None)["hoist"].name, HOIST, {name: rule.name for name, rule in families(None)["hoist"].rules.items()},
    {"": families(None)["hoist"].signals}, ZoneInfo("Asia/Shanghai"),
)  # fmt: skip
RAN = 1_777_583_520 * NS  # 2026-05-01 05:12 on site
HOUR = 3600 * NS
DAY = 24 * HOUR


def _ground(
    rule: str, slug: str, age: int, verdict: bool | None = False, *, then: bool = True
) -> VerdictEvidence:
    numbers = {"took_s": 126, "least_s": 119, "most_s": 125} if slug.startswith("sequence") else {}
    evidence = Evidence(slug, dict(numbers), "upper_limit", "", RAN * then)
    return VerdictEvidence.of(rule, Finding("hoist-1", rule, verdict, RAN, RAN, evidence), RAN + age)


def _last_run(*grounds: VerdictEvidence) -> CheckedItem:
    said = {one.rule: one for one in grounds}
    outcomes_of = {None: ItemOutcome.UNKNOWN, True: ItemOutcome.FAIL, False: ItemOutcome.PASS}
    stands = {one.rule: outcomes_of[one.verdict] for one in grounds}
    checked = check(HOIST, known(WELL, stands, ground=said.get))
    return next(one for one in checked if one.item == "last-run")


def test_a_pass_shows_its_evidence_and_its_age() -> None:
    one = _last_run(_ground("rise-time", "sequence-kept", 6 * HOUR))
    assert one.outcome is ItemOutcome.PASS
    assert SUBJECT.why(one, "en") == (
        "Upper limit: the run kept its time (2 min 6 s) (2026-05-01 05:12, 6 h ago)"
    )
    assert "2026-05-01 05:12，6 小时前" in SUBJECT.why(one, "zh")
    (plain,) = one.plain()["grounds"]
    assert (plain["at"], plain["age_s"], plain["evidence"]["slug"]) == (RAN, 6 * 3600.0, "sequence-kept")
    assert CheckedItem.of(json.loads(json.dumps(one.plain()))) == one
    aged = next(c for c in check(HOIST, known(WELL, age=lambda _: 12 * NS)) if c.item == "wind")
    assert SUBJECT.why(aged, "en") == "Mean wind is 3.0 m/s, less than 10.8 m/s expected (12 s ago)"
    assert SUBJECT.why(aged, "zh").endswith("（12 秒前）")
    assert CheckedItem.of(json.loads(json.dumps(aged.plain()))) == aged
    older = {name: said for name, said in aged.plain().items() if name not in ("ages_s", "grounds")}
    assert CheckedItem.of(older).values == aged.values, "a record of an older version can be read"


def test_no_run_or_one_of_long_ago_is_no_evidence_and_one_direction_is_enough() -> None:
    untimed = _ground("lowering-time", "unknown-untimed", HOUR, None, then=False)
    assert _last_run(untimed).outcome is ItemOutcome.UNKNOWN
    assert "no run has been timed yet" in SUBJECT.why(_last_run(untimed), "en")
    lately = _ground("rise-time", "sequence-kept", HOUR)
    assert _last_run(untimed, lately).outcome is ItemOutcome.PASS
    old = _last_run(untimed, _ground("rise-time", "sequence-kept", 8 * DAY))
    assert old.outcome is ItemOutcome.UNKNOWN
    assert "2026-05-01 05:12, 8 d ago" in SUBJECT.why(old, "en")
    assert _last_run(_ground("lowering-time", "sequence-kept", 8 * DAY), lately).outcome is ItemOutcome.PASS
    late = _last_run(_ground("lowering-time", "sequence-late", 8 * DAY, True), lately)
    assert late.outcome is ItemOutcome.FAIL, "what was wrong stays wrong however long ago"


def test_before_any_run_and_right_after_a_start_nothing_passes_on_nothing(simulated_site) -> None:
    site = simulated_site("square", only=["hoist-1", "weather"], start="2026-10-01T05:30")
    board = ReadinessBoard(site.site, ["hoist-1"])

    def now(later: int = 0) -> dict[str, Any]:
        at = round(site.now.timestamp()) * NS + later
        return {line.checked.item: line for line in looked_at(site.site, board, at)}

    site.advance("10min")
    before = now()
    by_rules = {item for item, one in HOIST.items() if not one.any_of}
    assert {item for item in by_rules if before[item].checked.outcome is ItemOutcome.UNKNOWN} == {
        "last-run", "rope-curve", "brake-wear",
    }  # fmt: skip
    site.advance("70min")  # the flag goes up at 06:12
    ran = now()
    assert {line.checked.outcome for line in ran.values()} == {ItemOutcome.PASS}
    for item, line in ran.items():
        assert line.checked.grounds or line.checked.ages, item
        assert "ago)" in line.shown("en") or "(since " in line.shown("en"), item
        assert "前）" in line.shown("zh") or "（从 " in line.shown("zh"), item
    assert "2026-10-01 06:12, 37 min" in ran["last-run"].shown("en")
    site.restart(3600.0)
    again = now()
    assert {again[item].checked.outcome for item in by_rules} == {ItemOutcome.UNKNOWN}, (
        "nobody has looked yet"
    )
    assert "not judged since facilityd last started" in again["last-run"].shown("en")
    site.advance("3min")
    known_again = now()
    assert {item for item, line in known_again.items() if line.checked.outcome is not ItemOutcome.PASS} == {
        "brake-wear"
    }, "whether it creeps is seen over twelve minutes"
    for item in ("last-run", "rope-curve"):
        assert "2026-10-01 06:12, 1 h 4" in known_again[item].shown("en"), "of the run, not of the restart"
    late = now(HOUR)
    assert {late[item].checked.outcome for item in by_rules} == {ItemOutcome.UNKNOWN}, (
        "nobody watches any more"
    )
