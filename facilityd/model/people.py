"""When people are there: hours, rotas, quiet hours; and whom an alarm goes to that nobody answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from facilityd.model.rule import Priority

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WORKDAYS, RESTDAYS, ALL = "workdays", "restdays", "all"
NEXT_CHANNEL = "next-channel"
"""A step of an escalation that tries whoever was notified over their next channel."""


@dataclass(frozen=True, slots=True)
class Hours:
    """A part of a day, in minutes of the site's clock; ``until`` not after ``begin``: of the next day.

    ``days`` are names of weekdays, ``workdays``, ``restdays`` or ``all``: of the day on which it begins.
    """

    begin: int
    until: int
    days: frozenset[str] = frozenset({ALL})


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Hours in which only what is of at least ``least`` priority is reported at once."""

    hours: Hours
    least: Priority = Priority.CRITICAL


@dataclass(frozen=True, slots=True)
class MorningSettings:
    """One message at ``at`` of what came since ``since`` (both minutes of the site's clock), on ``days``.

    ``when_quiet``: also where there is nothing to say.
    """

    at: int
    since: int
    days: frozenset[str] = frozenset({ALL})
    when_quiet: bool = True


@dataclass(frozen=True, slots=True)
class Shift:
    """Who is on duty in some hours: all of ``people``, or one after another in turns of ``turn`` days.

    ``start`` is the first day of the first one's turn.
    """

    hours: Hours
    people: tuple[str, ...]
    turn: int = 0
    start: date | None = None


@dataclass(frozen=True, slots=True)
class Substitution:
    """``by`` stands in for ``person`` from ``begin`` up to, but not with, ``until``: days of the site."""

    person: str
    by: str
    begin: date
    until: date


@dataclass(frozen=True, slots=True)
class Rota:
    """Who is on duty when; ``calendar`` is the text of an iCal file whose events name people."""

    id: str
    shifts: tuple[Shift, ...] = ()
    calendar: str = field(default="", repr=False)
    people: frozenset[str] = frozenset()
    """Everybody who is ever on it: while nobody is on duty all of them are notified."""


@dataclass(frozen=True, slots=True)
class EscalationStep:
    """``after`` ns without an answer ``to`` are notified: ids of people and rotas, or ``next-channel``."""

    after: int
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EscalationPolicy:
    """What happens to an alarm of at least ``least`` priority that nobody answers.

    ``still_on_it``: by priority, after how many ns an acknowledgement of what goes on is asked about.
    """

    least: Priority = Priority.HIGH
    steps: tuple[EscalationStep, ...] = ()
    still_on_it: Mapping[Priority, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProofOfLife:
    """Shows people that notices reach them: a test message ``test_at`` minutes after midnight on ``days``.

    ``heartbeat_url`` is called every ``heartbeat_every`` ns, so that somebody outside misses it; "" for none.
    """

    test_at: int | None = None
    days: frozenset[str] = frozenset({ALL})
    heartbeat_url: str = field(default="", repr=False)
    heartbeat_every: int = 60 * 10**9


@dataclass(frozen=True, slots=True)
class AlertmanagerSettings:
    """An Alertmanager that alarms are posted to every ``every`` ns; the token is resolved."""

    id: str
    url: str
    every: int
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class DutyPlan:
    """Everything that says who is notified when, beside the people themselves.

    ``holidays`` is the calendar of public holidays that decides what a workday is: ``china``, or none.
    """

    rotas: tuple[Rota, ...] = ()
    substitutions: tuple[Substitution, ...] = ()
    escalation: EscalationPolicy = field(default_factory=EscalationPolicy)
    holidays: str = ""
    proof: ProofOfLife = field(default_factory=ProofOfLife)
    alertmanagers: tuple[AlertmanagerSettings, ...] = ()
