"""What a scenario may expect of people: who is notified when, and who is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from facilityd.model.notice import Purpose
from facilityd.model.sample import NS
from facilityd.scenario.sentence_parts import TIME, WORD, span, span_or_none

WHAT = {
    "raised": Purpose.RAISED,
    "worse": Purpose.WORSENED,
    "still there": Purpose.REALARMED,
    "unanswered": Purpose.ESCALATED,
    "acknowledged": Purpose.ACKNOWLEDGED,
    "kept silent": Purpose.SUPPRESSED,
    "due for review": Purpose.REVIEW,
    "to be reset": Purpose.LATCHED,
    "over": Purpose.CLEARED,
}
"""What somebody is told that an alarm is."""


@dataclass(frozen=True, slots=True)
class PersonPaged:
    """Somebody is told of an alarm that stands ``within`` ns from ``since`` (None: the first act).

    Of one alarm, or (``rule`` and ``device`` empty) of any.
    """

    recipient: str
    within: int
    since: int | None = None
    rule: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class PersonTold:
    """Somebody is told that an alarm is so ``within`` ns from ``since``."""

    recipient: str
    rule: str
    device: str
    what: Purpose
    within: int
    since: int


@dataclass(frozen=True, slots=True)
class NobodyTold:
    """Nothing reaches anybody (or the ``recipient``), of any alarm or of one, although there was one.

    From ``since`` to ``until``, in ns from the start (None: from the beginning, to the end).
    """

    recipient: str = ""
    rule: str = ""
    device: str = ""
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Escalates:
    """An alarm that nobody answers reaches somebody ``after`` ns, and not before."""

    recipient: str
    after: int
    rule: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class DigestReaches:
    """Somebody gets one message for several notices ``within`` ns from ``since``."""

    recipient: str
    within: int
    since: int
    kind: Purpose = Purpose.DIGEST


@dataclass(frozen=True, slots=True)
class MessageCount:
    """So many messages reach somebody from ``since`` to ``until``, in ns from the start."""

    recipient: str
    count: int
    how: str = ""
    since: int | None = None
    until: int | None = None


PeopleExpectation = PersonPaged | PersonTold | NobodyTold | Escalates | DigestReaches | MessageCount
_SPAN = rf"(?: from {TIME} to {TIME})?"
_WHAT = "|".join(WHAT)


def _nobody(since: str | None, until: str | None, **about: str) -> NobodyTold:
    return NobodyTold(since=span_or_none(since), until=span_or_none(until), **about)


PEOPLE_SENTENCES: tuple[tuple[str, str, Callable[..., PeopleExpectation]], ...] = (
    (
        "page PERSON within TIME [after TIME]",
        rf"page {WORD} within {TIME}(?: after {TIME})?",
        lambda person, within, since: PersonPaged(person, span(within), span_or_none(since)),
    ),
    (
        "page PERSON of RULE on DEVICE within TIME [after TIME]",
        rf"page {WORD} of {WORD} on {WORD} within {TIME}(?: after {TIME})?",
        lambda person, rule, device, within, since: PersonPaged(
            person, span(within), span_or_none(since), rule, device
        ),
    ),
    (
        f"PERSON is told that RULE on DEVICE is {_WHAT} within TIME after TIME",
        rf"{WORD} is told that {WORD} on {WORD} is ({_WHAT}) within {TIME} after {TIME}",
        lambda person, rule, device, what, within, since: PersonTold(
            person, rule, device, WHAT[what], span(within), span(since)
        ),
    ),
    ("nobody is told [from TIME to TIME]", rf"nobody is told{_SPAN}", _nobody),
    (
        "nobody is told of RULE on DEVICE [from TIME to TIME]",
        rf"nobody is told of {WORD} on {WORD}{_SPAN}",
        lambda rule, device, since, until: _nobody(since, until, rule=rule, device=device),
    ),
    (
        "PERSON is told nothing [from TIME to TIME]",
        rf"{WORD} is told nothing{_SPAN}",
        lambda person, since, until: _nobody(since, until, recipient=person),
    ),
    (
        "escalates to PERSON after TIME",
        rf"escalates to {WORD} after {TIME}",
        lambda person, after: Escalates(person, span(after)),
    ),
    (
        "RULE on DEVICE escalates to PERSON after TIME",
        rf"{WORD} on {WORD} escalates to {WORD} after {TIME}",
        lambda rule, device, person, after: Escalates(person, span(after), rule, device),
    ),
    (
        "a digest reaches PERSON within TIME after TIME",
        rf"a digest reaches {WORD} within {TIME} after {TIME}",
        lambda person, within, since: DigestReaches(person, span(within), span(since)),
    ),
    (
        "the morning digest reaches PERSON within TIME after TIME",
        rf"the morning digest reaches {WORD} within {TIME} after {TIME}",
        lambda person, within, since: DigestReaches(person, span(within), span(since), Purpose.MORNING),
    ),
    (
        "[at least|at most] N messages reach PERSON [from TIME to TIME]",
        rf"(at least |at most )?(\d+) messages? reach(?:es)? {WORD}{_SPAN}",
        lambda how, count, person, since, until: MessageCount(
            person, int(count), (how or "").strip(), span_or_none(since), span_or_none(until)
        ),
    ),
)


def never(expectation: object, duration: int) -> tuple[str, str] | None:
    """Return (what, hint) where a span ends before it begins, or lies behind the end: that says nothing."""
    if not isinstance(expectation, NobodyTold | MessageCount):
        return None
    since, until = expectation.since or 0, duration if expectation.until is None else expectation.until
    if until > duration or since >= duration:
        return "the span ends after the story", f"it lasts {duration // NS} s (duration)"
    return ("the span ends before it begins", "from the earlier to the later") if until <= since else None
