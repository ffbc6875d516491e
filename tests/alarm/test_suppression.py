"""Shelved, out of service, confirmed: what lies over an alarm's life, how it ends, and what is refused."""

from __future__ import annotations

import pytest
from support.commands import operate

from facilityd.alarm import AlarmManager
from facilityd.alarm.timers import PROOF
from facilityd.errors import UsageError
from facilityd.model.alarm import AlarmState, AlarmStateName, Change, ChangeKind, Suppression, Suppressor
from facilityd.model.finding import Evidence, Finding
from facilityd.model.sample import NS
from facilityd.model.suppression import SuppressionLimits

KEY = ("hoist", "drag")
WHY = Evidence("limit-above", {"value": 12.5})
LIMITS = {KEY: SuppressionLimits(shelf=100, review=1000)}
VERDICTS = {"#": True, ".": False, "?": None}


def _made(latching: bool = False) -> AlarmManager:
    return AlarmManager((), {KEY} if latching else (), limits=LIMITS)


def _walk(story: str, latching: bool = False, alarms: AlarmManager | None = None) -> AlarmManager:
    """'1' shelves for one occurrence, '>' lets the shelf's time pass; the rest as in ``support.commands``."""
    alarms, at = alarms or _made(latching), 0
    for mark in story:
        at += 1
        if mark in VERDICTS:
            alarms.apply(Finding(*KEY, VERDICTS[mark], at, at, WHY))
        elif mark == ">":
            alarms.tick(at := at + 100)
        else:
            operate(alarms, "s" if mark == "1" else mark, KEY, at, **({"once": True} if mark == "1" else {}))
    return alarms


def _shown(story: str, latching: bool = False) -> str:
    return _walk(story, latching).state(*KEY).state_name.value


@pytest.mark.parametrize(
    ("story", "ends"),
    [
        ("#s", "shelved"),
        ("#su", "acknowledged"),
        ("#s>", "unacknowledged"),
        ("#as>", "unacknowledged"),
        ("#asu", "acknowledged"),
        ("s#u", "acknowledged"),
        ("s#>", "unacknowledged"),
        ("s#.>", "normal"),
        ("#.su", "normal"),
        ("#.s>", "normal"),
        ("#s.", "shelved"),
        ("#1.", "normal"),
        ("1#.", "normal"),
        ("1#.#", "unacknowledged"),
        ("#1?", "shelved"),
        ("#o", "out-of-service"),
        ("#o>", "out-of-service"),
        ("#ob", "unacknowledged"),
        ("#oab", "unacknowledged"),
        ("o#.b", "normal"),
        ("#sob", "shelved"),
        ("#sobu", "acknowledged"),
        ("#so>b", "unacknowledged"),
        ("s?u", "normal"),
        ("#s?>", "unacknowledged"),
    ],
)
def test_how_a_suppression_ends(story: str, ends: str) -> None:
    assert _shown(story) == ends


@pytest.mark.parametrize(
    ("story", "ends"),
    [
        ("#.s>", "latched-unacknowledged"),
        ("#.su", "latched-acknowledged"),
        ("#a.s>", "latched-unacknowledged"),
        ("#1.", "latched-acknowledged"),
        ("s#.>", "latched-unacknowledged"),
        ("#.ob", "latched-unacknowledged"),
        ("#.sur", "normal"),
    ],
)
def test_what_is_latched_still_waits_for_its_reset(story: str, ends: str) -> None:
    assert _shown(story, latching=True) == ends


def test_a_shelf_says_who_why_and_until_when_and_its_end_shows_what_goes_on() -> None:
    alarms = _walk("#")
    shelved = operate(alarms, "s", KEY, 5, until=55)
    assert shelved.details == {"command": shelved.details["command"], "until": 55, "once": False}
    fact = alarms.state(*KEY).suppressed_by(Suppressor.SHELVED)
    assert fact == Suppression(Suppressor.SHELVED, 5, 55, "Li", "on my way")
    assert (alarms.next_due, alarms.tick(54)) == (55, [])
    (over,) = alarms.tick(60)
    assert over == Change(60, *KEY, 1, ChangeKind.SHELF_OVER, WHY)
    assert alarms.next_due is None


def test_without_a_time_a_shelf_lasts_as_long_as_its_class_allows() -> None:
    assert _walk("#s").next_due == 102


@pytest.mark.parametrize(
    ("story", "mark", "more", "said"),
    [
        ("#s", "s", {}, "shelved already: unshelve it first / 报警已搁置"),
        ("#", "s", {"until": 300}, "at most"),
        ("#", "s", {"until": 99}, "is over already"),
        ("#", "s", {"comment": " "}, "a shelf needs a name and a reason / 搁置须有姓名和原因"),
        ("#", "u", {}, "it is not shelved / 报警没有搁置"),
        ("#", "o", {"ticket": " "}, "bears the number of a ticket"),
        ("#", "o", {"person": ""}, "needs a name and a reason"),
        ("#", "o", {"until": 2000}, "at most"),
        ("#", "b", {}, "it is not out of service / 报警没有停用"),
        ("#", "c", {}, "acknowledge it before you confirm"),
        (".", "c", {}, "no alarm whose repair could be confirmed"),
        ("#ac", "c", {}, r"confirmed already \(Li\)"),
        ("#", "s", {"occurrence": 2}, "occurrence 2 has not happened"),
    ],
)
def test_what_is_refused_changes_nothing(story: str, mark: str, more: dict[str, object], said: str) -> None:
    alarms = _walk(story)
    before = alarms.state(*KEY)
    with pytest.raises(UsageError, match=said):
        operate(alarms, mark, KEY, 100, **more)
    assert alarms.state(*KEY) == before


def test_a_class_may_allow_no_shelf_at_all_and_the_longest_is_said_in_its_unit() -> None:
    never = AlarmManager(limits={KEY: SuppressionLimits(0, 0)})
    for mark, said in (("s", "may not be shelved"), ("o", "may not be out of service")):
        with pytest.raises(UsageError, match=said):
            operate(never, mark, KEY, 1)
    hour = AlarmManager(limits={KEY: SuppressionLimits(3600 * NS)})
    with pytest.raises(
        UsageError, match=r"1 h at most \(section 'alarms' of the site\) / 此类报警最长 1 小时"
    ):
        operate(hour, "s", KEY, 1, until=7200 * NS)


def test_out_of_service_bears_a_ticket_and_its_review_falls_due_once() -> None:
    alarms = _walk("#")
    operate(alarms, "o", KEY, 5, until=500)
    (review,) = alarms.tick(500)
    assert (review.kind, alarms.tick(900), alarms.next_due) == (ChangeKind.REVIEW, [], None)
    fact = alarms.state(*KEY).suppressed_by(Suppressor.OUT_OF_SERVICE)
    assert fact == Suppression(
        Suppressor.OUT_OF_SERVICE, 5, 500, "Li", "on my way", ticket="T-7", overdue=True
    )
    operate(alarms, "o", KEY, 901, ticket="T-8", until=1500)
    again = alarms.state(*KEY).suppressed_by(Suppressor.OUT_OF_SERVICE)
    assert again
    assert (again.ticket, again.overdue, alarms.next_due) == ("T-8", False, 1500)


def test_a_confirmed_repair_that_is_none_is_announced_again() -> None:
    alarms = _walk("#ac")
    state = alarms.state(*KEY)
    assert (state.state_name, state.confirmed_by) == (AlarmStateName.ACKNOWLEDGED, "Li")
    (again,) = alarms.tick(3 + PROOF)
    assert (again.kind, again.details) == (
        ChangeKind.REALARM,
        {"unproven": True, "confirmed_by": "Li", "confirmed_at": 3},
    )
    assert alarms.state(*KEY).confirmed_at is None


@pytest.mark.parametrize("story", ["#ac.", "#ac?", "#a.c"])
def test_a_repair_that_is_proven_or_not_seen_is_not_announced_again(story: str) -> None:
    assert _walk(story).tick(2 * PROOF) == []


def test_thirty_shelves_that_end_together_come_back_in_one_order_whatever_the_start() -> None:
    limits = {("pole", f"r{n}"): SuppressionLimits(100, 0) for n in range(30)}
    alarms = AlarmManager(limits=limits)
    for device, rule in limits:
        alarms.apply(Finding(device, rule, True, 1, 1, WHY))
        operate(alarms, "s", (device, rule), 2, until=50)
    again = AlarmManager(reversed(list(alarms.states.values())), limits=limits)
    assert again.tick(60) == [
        Change(one.at, one.device, one.rule, 1, ChangeKind.SHELF_OVER) for one in alarms.tick(60)
    ]
    assert again.states == alarms.states


def test_what_nothing_watches_any_more_takes_its_shelf_with_it() -> None:
    alarms = _walk("s")
    change = alarms.retire(*KEY, Evidence("unwatched-rule"), 9)
    assert change
    state = alarms.state(*KEY)
    assert (state.state_name, state.suppressors) == (AlarmStateName.NORMAL, ())
    assert AlarmState.from_json(state.to_json()) == state
