"""What a scenario may expect, as sentences. The table below is the whole language."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from facilityd.scenario.people_expectations import PEOPLE_SENTENCES, PeopleExpectation
from facilityd.scenario.sentence_parts import TIME as _T
from facilityd.scenario.sentence_parts import WORD as _W
from facilityd.scenario.sentence_parts import span as _at
from facilityd.scenario.sentence_parts import span_or_none as _time


@dataclass(frozen=True, slots=True)
class AlarmRaised:
    """The alarm is told: not suppressed as the consequence of another.

    ``rule`` is a rule or a catalogue number; ``within`` ns from ``since`` (None: the first act).
    """

    rule: str
    device: str
    within: int
    since: int | None = None


@dataclass(frozen=True, slots=True)
class AlarmSuppressed:
    """The alarm is raised and told to nobody, as a consequence of ``cause`` on the same device."""

    rule: str
    device: str
    cause: str
    within: int
    since: int | None = None


@dataclass(frozen=True, slots=True)
class AlarmCleared:
    """The alarm is over ``within`` ns from ``since``."""

    rule: str
    device: str
    within: int
    since: int


@dataclass(frozen=True, slots=True)
class NoAlarm:
    """No alarm is told: none at all, none ``other`` than expected, none on a device, none of a rule there.

    One that is suppressed as the consequence of another is told to nobody.
    """

    other: bool = False
    rule: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class RuleUnknown:
    """A rule cannot be told, ``within`` ns from ``since`` (None: the first act)."""

    rule: str
    device: str
    within: int
    since: int | None = None


@dataclass(frozen=True, slots=True)
class HistoryGap:
    """``least`` ns without a good value, or no such gap at all."""

    signal: str
    device: str
    present: bool
    least: int = 0


@dataclass(frozen=True, slots=True)
class SignalIs:
    """What a signal's newest sample says at an instant (ns from the start)."""

    signal: str
    device: str
    test: Literal["above", "below", "is", "unknown"]
    value: str
    at: int


@dataclass(frozen=True, slots=True)
class NoticeCount:
    """How many notices of an alarm left, or were taken by the channels of a ``recipient``."""

    count: int
    rule: str
    device: str
    exact: bool
    recipient: str = ""


@dataclass(frozen=True, slots=True)
class ReadinessIs:
    """What the readiness check says at an instant (ns from the start)."""

    device: str
    ready: bool
    because: str
    at: int


@dataclass(frozen=True, slots=True)
class TaskCameTo:
    """What happened to the repair of an alarm ``within`` ns from ``since`` (None: at any time)."""

    rule: str
    device: str
    kind: str
    within: int | None = None
    since: int | None = None


Expectation = (
    AlarmRaised
    | AlarmSuppressed
    | AlarmCleared
    | NoAlarm
    | RuleUnknown
    | HistoryGap
    | SignalIs
    | NoticeCount
    | ReadinessIs
    | TaskCameTo
    | PeopleExpectation
)


Make = Callable[..., Expectation]
SENTENCES: tuple[tuple[str, str, Make], ...] = (
    (
        "alarm RULE on DEVICE within TIME [after TIME]",
        rf"alarm {_W} on {_W} within {_T}(?: after {_T})?",
        lambda rule, device, within, since: AlarmRaised(rule, device, _at(within), _time(since)),
    ),
    (
        "alarm RULE on DEVICE clears within TIME after TIME",
        rf"alarm {_W} on {_W} clears within {_T} after {_T}",
        lambda rule, device, within, since: AlarmCleared(rule, device, _at(within), _at(since)),
    ),
    (
        "alarm RULE on DEVICE is suppressed because of RULE within TIME [after TIME]",
        rf"alarm {_W} on {_W} is suppressed because of {_W} within {_T}(?: after {_T})?",
        lambda rule, device, cause, within, since: AlarmSuppressed(
            rule, device, cause, _at(within), _time(since)
        ),
    ),
    ("no alarm", r"no alarm", NoAlarm),
    ("no other alarm", r"no other alarm", lambda: NoAlarm(other=True)),
    ("no alarm on DEVICE", rf"no alarm on {_W}", lambda device: NoAlarm(device=device)),
    (
        "no alarm RULE on DEVICE",
        rf"no alarm {_W} on {_W}",
        lambda rule, device: NoAlarm(rule=rule, device=device),
    ),
    (
        "RULE on DEVICE is unknown within TIME [after TIME]",
        rf"{_W} on {_W} is unknown within {_T}(?: after {_T})?",
        lambda rule, device, within, since: RuleUnknown(rule, device, _at(within), _time(since)),
    ),
    (
        "history of SIGNAL on DEVICE has a gap [of at least TIME]",
        rf"history of {_W} on {_W} has a gap(?: of at least {_T})?",
        lambda signal, device, least: HistoryGap(signal, device, True, _time(least) or 0),
    ),
    (
        "history of SIGNAL on DEVICE has no gap",
        rf"history of {_W} on {_W} has no gap",
        lambda signal, device: HistoryGap(signal, device, False),
    ),
    (
        "SIGNAL on DEVICE is above|below NUMBER at TIME",
        rf"{_W} on {_W} is (above|below) (-?[\d.]+) at {_T}",
        lambda signal, device, test, value, at: SignalIs(signal, device, test, value, _at(at)),
    ),
    (
        "SIGNAL on DEVICE is unknown at TIME",
        rf"{_W} on {_W} is unknown at {_T}",
        lambda signal, device, at: SignalIs(signal, device, "unknown", "", _at(at)),
    ),
    (
        "SIGNAL on DEVICE is VALUE at TIME",
        rf"{_W} on {_W} is (-?[\d.]+|true|false) at {_T}",
        lambda signal, device, value, at: SignalIs(signal, device, "is", value, _at(at)),
    ),
    (
        "[at least] N notices of RULE on DEVICE",
        rf"(at least )?(\d+) notices? of {_W} on {_W}",
        lambda least, count, rule, device: NoticeCount(int(count), rule, device, exact=not least),
    ),
    (
        "[at least] N notices of RULE on DEVICE reach RECIPIENT",
        rf"(at least )?(\d+) notices? of {_W} on {_W} reach(?:es)? {_W}",
        lambda least, count, rule, device, person: NoticeCount(
            int(count), rule, device, exact=not least, recipient=person
        ),
    ),
    (
        "task of RULE on DEVICE is taken|verified|overdue|reopened [within TIME after TIME]",
        rf"task of {_W} on {_W} is (taken|verified|overdue|reopened)(?: within {_T} after {_T})?",
        lambda rule, device, kind, within, since: TaskCameTo(rule, device, kind, _time(within), _time(since)),
    ),
    (
        "DEVICE is ready at TIME",
        rf"{_W} is ready at {_T}",
        lambda device, at: ReadinessIs(device, True, "", _at(at)),
    ),
    (
        "DEVICE is not ready at TIME [because ITEM]",
        rf"{_W} is not ready at {_T}(?: because {_W})?",
        lambda device, at, because: ReadinessIs(device, False, because or "", _at(at)),
    ),
    *PEOPLE_SENTENCES,
)


def parse(sentence: str) -> Expectation:
    """Return what a sentence expects. Raises ValueError with the sentences that it may have meant."""
    text = " ".join(sentence.split())
    for _, pattern, make in SENTENCES:
        found = re.fullmatch(pattern, text)
        if found:
            return make(*found.groups())
    raise ValueError("is none of the sentences: " + " · ".join(_meant(text)))


def _meant(text: str) -> list[str]:
    """Return the sentences with the most of a text's words, all where none has any of them."""
    written = set(text.lower().split())
    shared = {form: len(written.intersection(_KEYWORD.findall(form))) for form, _, _ in SENTENCES}
    most = max(shared.values())
    return [form for form, count in shared.items() if count == most]


_KEYWORD = re.compile(r"\b[a-z]+\b")
