"""What people do in a scenario, as the commands that they would type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from facilityd.model.command import (
    AcknowledgeAlarm,
    Command,
    ConfirmAlarm,
    RealarmAlarm,
    ResetAlarm,
    ReturnToService,
    ShelveAlarm,
    StartMaintenance,
    StopMaintenance,
    TakeOutOfService,
    TakeTask,
    UnshelveAlarm,
)
from facilityd.scenario.runtime import ScenarioRuntime
from facilityd.scenario.schema import ScenarioEvent

WHY, TICKET = "as the story has it", "T-1"
Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PersonAct:
    """A command, what is said of it, and what it takes beside device, rule and person.

    ``text`` is a template over the event's ``by``, ``on`` and the rule.
    """

    command: type[Command]
    text: str
    fields: Callable[[ScenarioEvent, int], Fields] = lambda _event, _now: {}


def _until(event: ScenarioEvent, now: int) -> int:
    return now + event.lasting if event.lasting is not None else 0


def _shelf(event: ScenarioEvent, now: int) -> Fields:
    return {"until": _until(event, now), "once": event.once, "comment": WHY}


def _ticket(event: ScenarioEvent, now: int) -> Fields:
    return {"until": _until(event, now), "ticket": TICKET, "comment": WHY}


ACTS: dict[str, PersonAct] = {
    "acknowledge": PersonAct(AcknowledgeAlarm, "{by} acknowledges {rule} on {on}"),
    "take": PersonAct(TakeTask, "{by} takes the repair of {rule} on {on}"),
    "confirm": PersonAct(ConfirmAlarm, "{by} says that {rule} on {on} is repaired"),
    "reset": PersonAct(ResetAlarm, "{by} resets {rule} on {on}"),
    "realarm": PersonAct(RealarmAlarm, "{by} takes the acknowledgement of {rule} on {on} back"),
    "shelve": PersonAct(ShelveAlarm, "{by} shelves {rule} on {on}", _shelf),
    "unshelve": PersonAct(UnshelveAlarm, "{by} ends the shelf of {rule} on {on}"),
    "out_of_service": PersonAct(TakeOutOfService, "{by} takes {rule} on {on} out of service", _ticket),
    "return_to_service": PersonAct(ReturnToService, "{by} returns {rule} on {on} to service"),
}
"""By the name of the event's field, which holds the rule."""


def text_of(event: ScenarioEvent) -> str:
    """Return what a person does, in words."""
    if event.maintenance is not None:
        return f"{event.by} {'begins' if event.maintenance else 'ends'} maintenance of {event.on}"
    return ACTS[event.step].text.format(by=event.by, on=event.on, rule=getattr(event, event.step))


def carry_out(event: ScenarioEvent, runtime: ScenarioRuntime) -> None:
    """Leave the command in the daemon's inbox; it takes it at its next beat."""
    if event.maintenance is not None:
        _maintain(event, runtime)
        return
    act, rule = ACTS[event.step], getattr(event, event.step)
    runtime.ask(act.command, device=event.on, rule=rule, person=event.by, **act.fields(event, runtime.now))


def _maintain(event: ScenarioEvent, runtime: ScenarioRuntime) -> None:
    if event.maintenance:
        until = runtime.now + (event.lasting or 0)
        runtime.ask(StartMaintenance, device=event.on, person=event.by, reason=WHY, until=until)
    else:
        runtime.ask(StopMaintenance, device=event.on, person=event.by)
