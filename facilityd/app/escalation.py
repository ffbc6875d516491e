"""Nobody answers: at each stored deadline the alarm's state is read, then the next people are notified."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from facilityd.app.core import Core
from facilityd.errors import StoreFull
from facilityd.model.alarm import AlarmState, Change, ChangeKind
from facilityd.model.notice import Notice
from facilityd.model.people import EscalationPolicy
from facilityd.model.rule import Priority
from facilityd.store.escalation import EscalationDeadline, EscalationWrite

log = logging.getLogger(__name__)
Key = tuple[str, str]
ANNOUNCED = (ChangeKind.RAISE, ChangeKind.UNSUPPRESS, ChangeKind.WORSEN, ChangeKind.REALARM)


class Escalator:
    """A deadline is in the journal from the first beat at which an alarm waits for an answer.

    It counts from when the alarm began to wait, so a beat that was missed, or a restart, moves nothing. An
    answer ends it. Whom a step names is asked when the step is due: a rota may be another one by then.
    """

    def __init__(self, core: Core, policy: EscalationPolicy) -> None:
        self._core, self._policy = core, policy
        self._running: dict[Key, EscalationDeadline] | None = None
        self._leapt = False

    def next_due(self) -> int | None:
        """Return when the next step is due, ns UTC; None where none is, or before the first beat."""
        return min((one.due_at for one in (self._running or {}).values() if one.due_at), default=None)

    def leapt(self, by: int) -> None:
        """Let every wait last as long as before, although the clock was put forward by ``by`` ns, or back."""
        if self._running:
            self._running = {key: _moved(one, by) for key, one in self._running.items()}
            self._leapt = True

    async def beat(self, at: int) -> None:
        """Begin, carry out and end what an instant (ns UTC) asks for."""
        if not self._policy.steps:
            return
        if self._running is None:
            # What began to wait later than now did so by a clock that was put back since.
            stored = (
                self._due_again(_moved(one, min(0, at - one.since)))
                for one in self._core.ledger.escalations()
            )
            self._running = {(one.device, one.rule): one for one in stored}
        waiting = {(state.device, state.rule): state for state in self._unanswered()}
        ended = [key for key, one in self._running.items() if not _goes_on(one, waiting.get(key))]
        for key in ended:
            del self._running[key]
        begun = [self._begin(state) for key, state in waiting.items() if key not in self._running]
        due = [one for one in (*self._running.values(), *begun) if 0 < one.due_at <= at]
        if not (ended or begun or due or self._leapt):
            return
        notices = [n for one in due for n in self._tell(one, waiting[one.device, one.rule], at)]
        leapt = self._running.values() if self._leapt else ()
        moved = {(one.device, one.rule): self._after(one, at) for one in (*leapt, *begun, *due)}
        if notices:
            await self._core.flow.tell((), notices)
        self._running |= moved
        self._leapt = False
        with suppress(StoreFull):  # sent all the same; the notices of a step have the same keys again
            await self._core.flow.commit([EscalationWrite(list(moved.values()), ended)])

    def _unanswered(self) -> Iterator[AlarmState]:
        for state in self._core.alarms.states.values():
            stands = (state.active or state.latched) and not state.acked
            if stands and not state.suppressors and self._grave(state):
                yield state

    def _grave(self, state: AlarmState) -> bool:
        device = self._core.devices.get(state.device)
        rule = device.family.rules.get(state.rule) if device else None
        return rule is not None and rule.priority >= max(self._policy.least, Priority.LOW)

    def _begin(self, state: AlarmState) -> EscalationDeadline:
        due = state.since + self._policy.steps[0].after
        return EscalationDeadline(state.device, state.rule, state.occurrence, state.since, 0, due)

    def _due_again(self, one: EscalationDeadline) -> EscalationDeadline:
        """Return a stored deadline under this policy, which may have other times and more steps by now."""
        steps = self._policy.steps
        return replace(one, due_at=one.since + steps[one.step].after if one.step < len(steps) else 0)

    def _after(self, one: EscalationDeadline, at: int) -> EscalationDeadline:
        """Return the deadline of the first step that is not due yet."""
        steps = self._policy.steps
        step = next(
            (n for n, s in enumerate(steps) if n >= one.step and one.since + s.after > at), len(steps)
        )
        return replace(one, step=step, due_at=one.since + steps[step].after if step < len(steps) else 0)

    def _tell(self, one: EscalationDeadline, state: AlarmState, at: int) -> Iterator[Notice]:
        """Yield the notices of every step that is due: after a downtime there may be several."""
        change = announced(self._core, one.device, one.rule, one.occurrence, one.since)
        for step in self._policy.steps[one.step :]:
            due = one.since + step.after
            if due > at:
                return
            names = ", ".join(step.to)
            log.warning("%s %s: nobody has answered; told next: %s", one.device, one.rule, names)
            # By a clock that was put back since it would have begun a moment ago, or not yet.
            raised = min(state.began or at, at - step.after)
            shown = replace(state, raised_at=raised, clock_set=0)
            yield from self._core.planner.escalate(change, shown, step.to, due, at)


def announced(core: Core, device: str, rule: str, occurrence: int, since: int) -> Change:
    """Return the change that announced an alarm, with its evidence where the journal has it."""
    stored = core.ledger.changes(device, rule, occurrence)
    told = [change for change in stored if change.kind in ANNOUNCED and change.evidence]
    return told[-1] if told else Change(since, device, rule, occurrence, ChangeKind.RAISE)


def _moved(one: EscalationDeadline, by: int) -> EscalationDeadline:
    """Return a deadline of which all instants are later by ``by`` ns."""
    return replace(one, since=one.since + by, due_at=one.due_at + by if one.due_at else 0)


def _goes_on(one: EscalationDeadline, state: AlarmState | None) -> bool:
    return state is not None and state.occurrence == one.occurrence
