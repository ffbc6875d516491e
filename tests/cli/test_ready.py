"""Readiness: each item passes, fails or is unknown, and unknown is never ready."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from devices.tables import families
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

HOIST = families(None)["hoist"].readiness
WELL: dict[str, Any] = {
    "dc_link_voltage": 540.0, "ready": True, "remote": True, "local": False, "tripped": False, "warning": False,
    "brake_open": False, "brake_open_command": False, "estop_chain_ok": True, "lower_limit": True,
    "upper_limit": False, "tension": 480.0, "slack_rope": False, "load_cell_error": False,
    "wind": 3.0,
}  # fmt: skip
SIGNED = Waiver(1, 100, "hoist-1", "supply", 200, "Li Na", "measured by hand")


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


def test_rules_that_are_unknown_for_one_reason_say_it_once() -> None:
    one = _last_run(
        *(_ground(rule, "unknown-yet", HOUR, None, then=False) for rule in ("rise-time", "lowering-time")),
    )
    said = SUBJECT.why(one, "zh")
    assert said.count("数据还不够") == 1, said
    assert all(SUBJECT.rules[rule].zh in said for rule in ("rise-time", "lowering-time"))
