"""Both languages say the same: same placeholders, same numbers, nothing left unfilled."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from support.notification_fixtures import ALARM_CONTEXT, SITE_CONTEXT, PlainSignalWords
from support.rule_harness import START, Kind, letter, rule, stream, text

from devices.family import Family
from devices.tables import families
from facilityd.detect import RuleEngine
from facilityd.model.alarm import Change, ChangeKind
from facilityd.model.finding import Evidence, Finding, OtherSignal
from facilityd.model.notice import OF_TASKS
from facilityd.model.quality import Reason
from facilityd.model.readiness import ItemOutcome
from facilityd.model.rule import Priority
from facilityd.model.sample import NS
from facilityd.notify.evidence_text import EvidenceFormatter
from facilityd.notify.render import PURPOSES, AlarmContext, render
from facilityd.notify.texts import texts
from facilityd.notify.value_text import format_instant, format_span, format_value

FAMILIES = families(None)
DETAILS = {"until": START + 3600 * NS, "once": False, "ticket": "T-7", "state": "maintenance"}
TABLE = texts()
TEMPLATES = {
    f"{part}.{slug}": wording
    for part in (
        "evidence",
        "subject",
        "brief",
        "body",
        "priority",
        "priority_short",
        "switch",
        "span",
        "reason",
        "outcome",
        "readiness",
    )
    for slug, wording in getattr(TABLE, part).items()
} | {"held": TABLE.held}


def _placeholders(template: str) -> list[str]:
    return sorted({name for _, name, _, _ in Formatter().parse(template) if name})


def _numbers(message: str) -> list[str]:
    return sorted(re.findall(r"\d+(?:[.:]\d+)*", message))


@pytest.mark.parametrize("slug", TEMPLATES)
def test_both_languages_use_the_same_placeholders_and_their_own_script(slug: str) -> None:
    wording = TEMPLATES[slug]
    assert _placeholders(wording.zh) == _placeholders(wording.en)
    words = re.sub(r"\{\w+\}", "", wording.en)
    assert not re.search(r"[\u4e00-\u9fff，。：（）【】]", words), words


def test_every_reason_priority_and_purpose_has_words() -> None:
    assert set(TABLE.reason) == {reason.value for reason in Reason} | {"nothing"}
    assert set(TABLE.outcome) == {outcome.value for outcome in ItemOutcome}
    assert set(TABLE.brief) < set(TABLE.subject)
    assert (
        set(TABLE.priority) == set(TABLE.priority_short) == {priority.name.lower() for priority in Priority}
    )
    assert (
        set(TABLE.subject) - {"merged"}
        == set(TABLE.body)
        == {p.value for p in PURPOSES.values()} - {"suppressed"}
        | {
            "cleared-unseen",
            "test",
            "not-ready",
            "ready",
            "unwatched",
            "escalated",
            "digest",
            "flood",
            "state-ended",
            "morning",
        }
        | {"still-on-it", "worse", "eased"}
        | {"shelf-over", "returned", "state-over", "shelved", "removed"}
        | {"shelf-over", "returned", "shelved", "removed"}
        | {purpose.value for purpose in OF_TASKS}
    )


def _found() -> list[Finding]:
    """Findings of every kind that the detectors can make."""
    limits = {"above": {"above": 10.0}, "below": {"below": 0.5}, "is": {"is": 1.0}}
    rules = {name: rule({"kind": "limit", "signal": "current"} | test) for name, test in limits.items()}
    rules["held"] = rule({"kind": "limit", "signal": "current", "above": 10.0, "on_delay": "2s"})
    rules["slow"] = rule(
        {"kind": "limit", "signal": "current", "above": 10.0, "on_delay": "1h"}, respond="2h"
    )
    rules["silent"] = rule({"kind": "silence"})
    second = {"signal": "current", "above": 5}
    for name, test in limits.items():
        rules[f"signs-{name}"] = rule(
            {
                "kind": "conjunction",
                "all": [{"signal": "current"} | test, *([second] if name == "above" else [])],
            }
        )
    sides = {"commanded": {"signal": "on", "above": 5}, "observed": {"signal": "current", "above": 5}}
    rules["mismatch"] = rule({"kind": "mismatch", "within": "2s"} | sides)
    kind = Kind(rules, {}, {"current": "A", "on": ""})
    values = {".": 1.0, "#": 20.0, "0": 0.0}
    stories = [
        ("..###.0..###???????..    ", "    "),
        ("..##### ^^^^^^^......", "#" * 5 + "." * 9 + "#" * 9),
        ("#" * 9, ""),
    ]
    found = []
    for drive_story, panel_story in stories:
        drive, panel = stream("current"), stream("on", unit="panel")
        engine = RuleEngine({"hoist": kind}, [drive, panel])
        for second in range(40):
            for source, story in ((drive, drive_story), (panel, panel_story)):
                found += engine.evaluate(letter(source, second, (story + " " * 40)[second], values))
            found += engine.tick(second * NS, START)
    return found


FOUND = _found()


SOURCES = "".join(
    path.read_text(encoding="utf-8")
    for path in [
        *sorted(Path("facilityd/detect").glob("*.py")),
        Path("facilityd/app/commission.py"),
        Path("facilityd/app/limit_proposals.py"),
    ]
)


def test_the_table_has_the_slugs_that_detectors_make() -> None:
    assert {finding.evidence.slug for finding in FOUND} <= set(TABLE.evidence)


@pytest.mark.parametrize("slug", TABLE.evidence)
def test_every_evidence_in_the_table_is_one_that_a_detector_makes(slug: str) -> None:
    made = [f'"{slug}"', *(f'"{slug[: i + 1]}{{' for i, letter in enumerate(slug) if letter == "-")]
    told = {finding.evidence.slug for finding in FOUND}
    assert slug in told or any(text in SOURCES for text in made)


@pytest.mark.parametrize("slug", TABLE.evidence)
def test_evidence_has_the_same_numbers_in_both_languages(slug: str) -> None:
    for evidence in (f.evidence for f in FOUND if f.evidence.slug == slug):
        zh, en = (
            EvidenceFormatter(ALARM_CONTEXT.signals, language).evidence(evidence) for language in ("zh", "en")
        )
        assert _numbers(zh) == _numbers(en)
        assert "{" not in zh + en
        assert zh != en


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_shipped_rule_can_be_told(family: Family, language: str) -> None:
    from facilityd.alarm import apply
    from facilityd.model.alarm import AlarmState

    for name, record in family.rules.items():
        alarm_context = AlarmContext(family.name, record, family.signals)
        signal = next(iter(record.detect.inputs), "")
        unit = family.signals[signal].unit if signal else ""
        numbers = {"value": 1.5, "limit": 1.0, "unit": unit, "for_s": 3.0}
        state = AlarmState("device-1", name)
        for kind in PURPOSES:
            evidence = Evidence("limit-above", numbers, signal)
            change = Change(START, "device-1", name, 1, kind, evidence, "Li", details=DETAILS)
            state = apply(state, change)
            subject, body = render(change, state, alarm_context, SITE_CONTEXT, language)
            assert record.name.in_(language) in f"{subject}\n{body}".split("\n")[1] + subject
            assert "\n" not in subject
            assert "{" not in subject + body
            if kind is ChangeKind.RAISE:
                assert record.action[0].in_(language) in body
                assert f"facilityd ack device-1 {name}" in body


@pytest.mark.parametrize(
    ("seconds", "zh", "en"),
    [
        (0, "0 秒", "0 s"), (2.5, "2.5 秒", "2.5 s"), (59.6, "1 分钟", "1 min"), (75, "1 分钟 15 秒", "1 min 15 s"),
        (3600, "1 小时", "1 h"), (90061, "1 天 1 小时", "1 d 1 h"), (86400 * 3, "3 天", "3 d"),
    ],
)  # fmt: skip
def test_spans(seconds: float, zh: str, en: str) -> None:
    assert (format_span(seconds, "zh"), format_span(seconds, "en")) == (zh, en)


def test_spans_grow_with_time() -> None:
    order = {"s": 1, "min": 60, "h": 3600, "d": 86400}

    def back(span: str) -> float:
        words = span.split()
        return sum(float(n) * order[unit] for n, unit in zip(words[::2], words[1::2], strict=True))

    spans = [back(format_span(seconds, "en")) for seconds in range(0, 200_000, 37)]
    assert all(a <= b for a, b in pairwise(spans))


def test_values_and_instants() -> None:
    mode = PlainSignalWords(text("mode"), 0, {2: text("remote")})
    assert format_value(12.345, PlainSignalWords(text("current"), 1), "A", "en") == "12.3 A"
    assert (format_value(2, mode, "", "en"), format_value(7, mode, "", "en")) == ("remote", "7")
    assert (format_value(True, None, "", "zh"), format_value(False, None, "", "en")) == ("是", "no")
    assert format_instant(1_790_000_000 * NS, SITE_CONTEXT.zone) == "2026-09-21 22:13:20 (Asia/Shanghai)"


HOIST, LIGHTING, FOUNTAIN = (FAMILIES[name].signals for name in ("hoist", "lighting", "fountain"))


def test_a_switch_is_told_by_what_it_means() -> None:
    numbers = {
        "commanded_signal": "brake_open_command", "commanded": True, "commanded_unit": "",
        "observed": False, "unit": "", "within_s": 1.5,
    }  # fmt: skip
    evidence = Evidence("mismatch-missing", numbers, "brake_open")
    en, zh = (EvidenceFormatter(HOIST, language).evidence(evidence) for language in ("en", "zh"))
    assert en == "The brake is told to open, but 1.5 s later the brake is not open"
    assert zh == "已发制动器打开命令，但已过 1.5 秒，制动器未打开"


def as_it_was_stored(numbers, others):
    stored = {"slug": "conjunction-above", "numbers": numbers | {"others": others}, "signal": "tension"}
    return Evidence.from_dict(stored)


def test_other_signs_are_told_with_what_they_are() -> None:
    numbers = {"value": 952.0, "unit": "N", "limit": 800.0, "for_s": 0.5}
    others = (OtherSignal("output_frequency", 50.0), OtherSignal("upper_limit", False))
    evidence = Evidence("conjunction-above", numbers, "tension", others=others)
    en, zh = (EvidenceFormatter(HOIST, language).evidence(evidence) for language in ("en", "zh"))
    assert en == (
        "Rope tension is 952 N, at most 800 N expected as things are, "
        "while output frequency is 50.00 Hz and the upper limit switch is not made, for 0.5 s"
    )
    assert zh == "钢丝绳张力 952 N，此时应不高于 800 N，同时输出频率 50.00 Hz、上限位未动作，已持续 0.5 秒"
    older = as_it_was_stored(numbers, "output_frequency=50.0000 upper_limit=False")
    assert older == evidence, "a record of old, with the others as one text, says the same"
    expected = as_it_was_stored(numbers, "output_frequency=50.0000/49.5000 upper_limit=False/ok").others
    assert [(one.expected, one.usual) for one in expected] == [(49.5, False), (None, True)]
    older = as_it_was_stored(numbers, "position")
    assert "while truck height is off too" in EvidenceFormatter(HOIST, "en").evidence(older)


@pytest.mark.parametrize(
    ("signals", "evidence", "said"),
    [
        (LIGHTING, Evidence("limit-above", {"value": 0.0216, "limit": 0.015, "unit": "A"}, "leakage"),
         "Residual current is 21.6 mA, above the limit of 15.0 mA"),
        (HOIST, Evidence("limit-above", {"value": 20000, "limit": 15000.0, "unit": ""}, "cycles"),
         "Cycle count is 20000, above the limit of 15000"),
        (HOIST, Evidence("schedule-missing", {"value": -0.001, "unit": "m", "edge_clock": 0, "tolerance_s": 180},
                         "position"),
         "Truck height is 0.00 m, although that should have changed at 00:00 (give or take 3 min)"),
        (FOUNTAIN, Evidence("clear-above", {"value": 7.2, "limit": 8.5, "unit": ""}, "ph"),
         "pH is 7.20, not above 8.50"),
        (FOUNTAIN, Evidence("rate-below", {"value": 1.2, "slope": "-0.28", "most": -0.1, "per_s": 3600, "unit": "m"},
                            "level"),
         "Basin level is 1.20 m and falls by 0.28 m per hour, at most 0.1 m expected"),
        (FOUNTAIN, Evidence("rate-over", {"value": 1.2, "slope": "-2.56e-05", "most": 0.1, "per_s": 60, "unit": "m"},
                            "level"),
         "Basin level is 1.20 m and moves by 0 m per minute, not too fast"),
    ],
)  # fmt: skip
def test_numbers_are_said_as_a_technician_says_them(signals: Any, evidence: Evidence, said: str) -> None:
    assert EvidenceFormatter(signals, "en").evidence(evidence) == said


@pytest.mark.parametrize(("language", "said"), [("en", "an unknown code 7"), ("zh", "未知代码 7")])
def test_an_unknown_code_is_named(language: Any, said: str) -> None:
    evidence = Evidence("unknown-bad", {"reason": Reason.unknown(7).value}, "fault_code")
    assert said in EvidenceFormatter(HOIST, language).evidence(evidence)


def test_every_switch_that_ships_has_its_clauses() -> None:
    bare = [
        f"{family.family}.{name}"
        for family in FAMILIES.values()
        for name, signal in family.signals.items()
        if signal.type == "bool" and (signal.active is None or signal.inactive is None)
    ]
    assert bare == []
