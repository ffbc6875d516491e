"""Whatever makes a signal unreadable is told, once, and nothing that nobody could have heard."""

from __future__ import annotations

from typing import Any

import pytest
from support.rule_harness import START, Kind, bad, brief, play, rule, sample, stream

from facilityd.detect import RuleEngine
from facilityd.model.finding import Evidence, Finding
from facilityd.model.quality import Reason
from facilityd.model.sample import NS, Sample, Stream

UNSEEN = {"kind": "unreadable", "signals": ["current", "load"], "on_delay": "5s", "off_delay": "2s"}
SILENCE = {"kind": "silence", "unanswered": 3, "unsure": 5}
ANSWERED = [
    r
    for r in Reason
    if not r.is_silence and r not in (Reason.CLOCK, Reason.LINK_DOWN, Reason.AGE_UNKNOWN, Reason.GATEWAY_PATH)
]
UNITS = {"current": "A", "load": "kN"}


def _kind(because: tuple[str, ...] = (), silent: str = "safety", **unseen: Any) -> Kind:
    rules = {
        "unseen": rule(UNSEEN | unseen, at_stake="safety", consequence_of=because),
        "silent": rule(SILENCE, at_stake=silent),
    }
    return Kind(rules, {}, UNITS)


def _say(engine: RuleEngine, seconds: range, *lines: tuple[Stream, Any]) -> list[Finding]:
    """Return what is found where each stream says the same each second: a value, a reason, or nothing."""
    found = []
    for second in seconds:
        for source, said in lines:
            if isinstance(said, Reason):
                found += engine.evaluate([bad(source, second, said)])
            elif said is not None:
                found += engine.evaluate([sample(source, second, *[said] * len(source.signals))])
        found += engine.tick(second * NS, START + second * NS)
    return found


def _told(found: list[Finding], rule: str = "unseen", device: str = "hoist") -> str:
    """Return the verdicts of a rule that are no consequence; unknown left out."""
    mine = [f for f in found if (f.rule, f.device) == (rule, device) and f.verdict is not None]
    return brief([f for f in mine if not f.evidence.cause])


@pytest.mark.parametrize(
    ("story", "verdicts"),
    [
        ("......", "......"),
        ("..?...", "..?..."),
        (".???????????..", ".???????####.."),  # eight questions without an answer
        ("?.?.?.?.?.?.?.", "?.?.?.?.?.?.?."),
        (".           ..", "....?????###.."),  # one that publishes: three periods, then the delay
        ("            ..", "????????####.."),  # and one that never did
    ],
)
def test_in_time(story: str, verdicts: str) -> None:
    seen = play(UNSEEN | {"off_delay": "0s"}, story)
    assert seen == verdicts


@pytest.mark.parametrize("reason", ANSWERED)
def test_every_reason_is_an_alarm_after_the_delay(reason: Reason) -> None:
    source = stream("current")
    engine = RuleEngine({"hoist": _kind()}, [source])
    found = _say(engine, range(5), (source, 1.0)) + _say(engine, range(5, 20), (source, reason))
    assert _told(found) == "0. 10#"
    told = found[-1].evidence
    assert (told.signal, told.names["reasons"]) == ("current", (reason.value,))
    found = _say(engine, range(20, 30), (source, 1.0))
    assert _told(found) == "22."


def test_a_retained_message_that_is_never_confirmed_is_no_value() -> None:
    source = stream("current")
    engine = RuleEngine({"hoist": _kind(silent="ceremony")}, [source])
    found = engine.evaluate([bad(source, 0, Reason.AGE_UNKNOWN)]) + _say(engine, range(1, 20), (source, None))
    assert _told(found) == "8#"


def test_one_that_says_it_is_offline_needs_no_second_word() -> None:
    source = stream("current", period=60)
    engine = RuleEngine({"hoist": _kind()}, [source])
    found = engine.evaluate([sample(source, 0, 1.0), bad(source, 10, Reason.OFFLINE)])
    found += _say(engine, range(11, 30), (source, None))
    assert _told(found) == "0. 15#"


@pytest.mark.parametrize(
    "mixed", [(Reason.TIMEOUT, Reason.ILLEGAL_ADDRESS), (Reason.TIMEOUT, Reason.LINK_DOWN)]
)
def test_reasons_that_change_by_turns_are_no_excuse(mixed: tuple[Reason, ...]) -> None:
    source = stream("current")
    engine = RuleEngine({"hoist": _kind(("silent",))}, [source])
    found = _say(engine, range(5), (source, 1.0))
    for second in range(5, 40):
        found += engine.evaluate([bad(source, second, mixed[second % 2])])
        found += engine.tick(second * NS, START + second * NS)
    assert "#" in _told(found)


def test_a_link_that_stays_down_tells_of_itself_and_its_return_begins_anew() -> None:
    source = stream("current")
    engine = RuleEngine({"hoist": _kind()}, [source])
    found = _say(engine, range(5), (source, 1.0)) + _say(engine, range(5, 100), (source, Reason.LINK_DOWN))
    found += _say(engine, range(100, 103), (source, Reason.DEVICE_FAILURE))
    assert _told(found) == "0."
    found = _say(engine, range(103, 120), (source, Reason.DEVICE_FAILURE))
    assert _told(found) == "105#"


def test_a_link_that_comes_and_goes_excuses_nobody() -> None:
    source = stream("current")
    engine = RuleEngine({"hoist": _kind()}, [source])
    found = _say(engine, range(5), (source, 1.0))
    for start in range(5, 60, 8):
        found += _say(engine, range(start, start + 6), (source, Reason.LINK_DOWN))
        found += _say(engine, range(start + 6, start + 8), (source, Reason.TIMEOUT))
    assert "#" in _told(found)


@pytest.mark.parametrize("away", ["restart", "pause"])
def test_time_in_which_nobody_asked_is_nobodys(away: str) -> None:
    source = stream("current")
    engine = RuleEngine({"hoist": _kind()}, [source])
    engine.begin(0)
    found = _say(engine, range(10), (source, 1.0))
    if away == "restart":
        engine.begin(100 * NS)
    found += _say(engine, range(100, 103), (source, Reason.DEVICE_BUSY)) + _say(
        engine, range(103, 110), (source, 1.0)
    )
    assert _told(found) == "0."
    found = _say(engine, range(110, 120), (source, Reason.DEVICE_BUSY))
    assert _told(found) == "115#"


def test_a_restart_neither_clears_what_stands_nor_tells_it_before_it_is_seen_again() -> None:
    source = stream("current")
    engine = RuleEngine({"hoist": _kind()}, [source])
    _say(engine, range(10), (source, Reason.IDENTITY))
    engine.begin(100 * NS)
    found = _say(engine, range(100, 104), (source, Reason.IDENTITY))
    assert {f.verdict for f in found if f.rule == "unseen"} <= {None}
    assert "105#" in _told(_say(engine, range(104, 110), (source, Reason.IDENTITY)))


def test_silence_that_is_as_grave_explains_it_and_only_for_the_units_that_are_silent() -> None:
    drive, signal_state = stream("current", unit="drive"), stream("load", unit="cell")
    engine = RuleEngine({"hoist": _kind(("silent",))}, [drive, signal_state])
    found = _say(engine, range(5), (drive, 1.0), (signal_state, 1.0))
    found += _say(engine, range(5, 40), (drive, Reason.TIMEOUT), (signal_state, 1.0))
    assert (_told(found), _told(found, "silent")) == ("0.", "0. 7#")
    assert [f.evidence.cause for f in found if f.rule == "unseen" and f.verdict] == ["silent"]
    found = _say(engine, range(40, 60), (drive, Reason.TIMEOUT), (signal_state, Reason.DEVICE_FAILURE))
    assert "#" in _told(found), "the drive's silence does not explain the load cell's refusal"


def test_after_a_silence_a_refusal_is_told_within_its_own_time() -> None:
    source = stream("current")
    engine = RuleEngine({"hoist": _kind(("silent",))}, [source])
    found = _say(engine, range(5), (source, 1.0)) + _say(engine, range(5, 40), (source, Reason.TIMEOUT))
    assert _told(found) == "0."
    found = _say(engine, range(40, 60), (source, Reason.DEVICE_FAILURE))
    assert _told(found) in ("45#", "44#", "46#")


def _panel() -> tuple[RuleEngine, Stream, Stream]:
    east, west = (
        stream("current", "load", unit="panel", device="east"),
        stream("current", unit="panel", device="west"),
    )
    return RuleEngine({"hoist": _kind(("silent",))}, [west, east]), east, west


@pytest.mark.parametrize("reason", [Reason.ILLEGAL_ADDRESS, Reason.TIMEOUT, Reason.IDENTITY])
def test_a_module_of_several_devices_gives_one_notice(reason: Reason) -> None:
    engine, east, west = _panel()
    found = _say(engine, range(5), (west, 1.0), (east, 1.0))
    found += _say(engine, range(5, 40), (west, reason), (east, reason))
    raised = [(f.device, f.rule) for f in found if f.verdict and not f.evidence.cause]
    assert raised == [("east", "silent" if reason is Reason.TIMEOUT else "unseen")]
    assert found[-1].evidence.numbers.get("device", "east") == "east"


def test_what_is_wrong_for_one_device_only_is_told_there() -> None:
    engine, east, west = _panel()
    found = _say(engine, range(5), (west, 1.0), (east, 1.0))
    found += _say(engine, range(5, 40), (west, Reason.ILLEGAL_ADDRESS), (east, 1.0))
    assert (_told(found, device="west"), _told(found, device="east")) == ("0. 10#", "0.")
    engine, east, west = _panel()
    found = _say(engine, range(5), (west, 1.0), (east, 1.0))
    for second in range(5, 40):  # one broken sensor there, another refusal here
        values, reasons = (None, 1.0), {0: Reason.NO_VALUE}
        found += engine.evaluate([bad(west, second, Reason.ILLEGAL_ADDRESS)])
        found += engine.evaluate([Sample(east, START + second * NS, second * NS, values, reasons)])
        found += engine.tick(second * NS, START + second * NS)
    assert (_told(found, device="west"), _told(found, device="east")) == ("0. 10#", "0. 10#")


def test_a_lesser_alarm_of_another_device_hides_nothing() -> None:
    lamp, fan = stream("current", "load", unit="relay"), stream("current", device="fan", unit="relay")
    kind = _kind((), silent="appearance")
    kind.rules["silent"] = rule(SILENCE, at_stake="appearance", respond="1d")
    lamp_kind = Kind({"silent": kind.rules["silent"]}, {}, UNITS)
    from facilityd.detect.context import RuleContext

    engine = RuleEngine({"hoist": kind}, [lamp, fan], None, RuleContext(own={"hoist": lamp_kind}))
    found = _say(engine, range(5), (lamp, 1.0), (fan, 1.0))
    found += _say(engine, range(5, 40), (lamp, Reason.TIMEOUT), (fan, Reason.TIMEOUT))
    assert "#" in _told(found, device="fan")


@pytest.mark.parametrize(
    ("reason", "first"), [(Reason.IDENTITY, 24), (Reason.DEVICE_FAILURE, 15), (Reason.TIMEOUT, 24)]
)
def test_where_answers_get_lost_what_the_loss_may_have_done_needs_more(reason: Reason, first: int) -> None:
    source = stream("current")
    engine = RuleEngine({"hoist": _kind()}, [source])
    found = _say(engine, range(5), (source, 1.0)) + _say(engine, range(5, 7), (source, Reason.TIMEOUT))
    found += _say(engine, range(7, 10), (source, 1.0)) + _say(engine, range(10, 40), (source, reason))
    assert _told(found) == f"0. {first}#"


def test_a_poor_line_is_told_in_the_end() -> None:
    source = stream("current")
    engine = RuleEngine({"hoist": _kind()}, [source])
    found = _say(engine, range(5), (source, 1.0))
    for second in range(5, 100, 2):
        found += _say(engine, range(second, second + 1), (source, Reason.TIMEOUT))
        found += _say(engine, range(second + 1, second + 2), (source, Reason.IDENTITY))
    assert _told(found) == "0. 44#"


def test_what_waited_for_its_cause_and_is_over_is_told_to_nobody() -> None:
    source = stream("current")
    kind = _kind(("silent",))
    kind.rules["silent"] = rule({"kind": "silence", "unanswered": 30, "unsure": 30}, at_stake="safety")
    engine = RuleEngine({"hoist": kind}, [source])
    found = _say(engine, range(5), (source, 1.0)) + _say(engine, range(5, 14), (source, Reason.TIMEOUT))
    found += _say(engine, range(14, 20), (source, 1.0))
    assert _told(found) == "0. 14."


def test_what_a_crash_left_unjudged_makes_nothing_unreadable() -> None:
    """The gap before it is nobody's: the first unit that speaks after it does not accuse the others."""
    drive, signal_state = stream("current", unit="drive"), stream("load", unit="cell")
    engine = RuleEngine({"hoist": _kind()}, [drive, signal_state])
    engine.warm([sample(drive, 0, 1.0), sample(signal_state, 0, 1.0)], 700 * NS)
    found = engine.evaluate([sample(signal_state, 650, 1.0), sample(signal_state, 651, 1.0)])
    engine.begin(700 * NS)
    found += _say(engine, range(700, 704), (drive, None), (signal_state, 1.0))
    found += _say(engine, range(704, 706), (drive, 1.0), (signal_state, 1.0))
    assert "#" not in _told(found)


def test_records_of_before_had_names_as_one_text_and_read_the_same() -> None:
    old = {
        "slug": "unreadable",
        "numbers": {
            "signals": "active flag",
            "for_s": 3.0,
            "reasons": "timeout exception-02",
            "points": "p, q",
        },
        "signal": "active",
    }
    read = Evidence.from_dict(old)
    assert read.numbers == {"for_s": 3.0}
    assert read.names == {
        "signals": ("active", "flag"),
        "reasons": ("timeout", "exception-02"),
        "points": ("p", "q"),
    }
    assert Evidence.from_dict(read.as_dict()) == read
