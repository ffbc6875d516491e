"""States of a device in which nobody is notified of it but for danger to people: maintenance and the like.

A person begins one for a time (``facilityd maintenance``, ``facilityd state``), or a season of the site's
files does (app/seasons.py). Each ends by itself.
"""

from __future__ import annotations

from collections.abc import Collection

from facilityd.app.core import Core
from facilityd.model.command import StartMaintenance, StopMaintenance
from facilityd.model.command_record import CommandRecord
from facilityd.model.message import Wording
from facilityd.model.sample import NS
from facilityd.model.suppression import DEVICE_STATES, SEASON, Suppression, Suppressor
from facilityd.store.meta import MetaWrite
from facilityd.store.reader import JournalReader

STOPPED = "season-stopped/{0}/{1}"
"""Names, by season and device, until when (ns UTC) a season was that a person ended before its time."""
SHORT = 3
"""A longest time of up to so many days is said in hours."""


def season_of(season: str) -> str:
    """Return what stands for the person where a season of the files began a state."""
    return f"{SEASON}{season}"


def suppressible(core: Core, device: str, also: Collection[str] = ()) -> list[str]:
    """Return the rules of a device of which nobody is notified in a state, sorted.

    Whoever works on it must be notified of danger more than anybody else; ``also`` names what is not.
    """
    known = core.devices.get(device)
    rules = known.family.rules.items() if known else ()
    chosen = (name for name, rule in rules if rule.at_stake != "safety" or name in also)
    return sorted(name for name in chosen if (device, name) in core.engine.watched)


def state_of(core: Core, device: str) -> Suppression | None:
    """Return the state that a device is in, None where it is in none."""
    states = (state for state in core.alarms.states.values() if state.device == device)
    return next((fact for one in states if (fact := one.suppressed_by(Suppressor.BY_STATE))), None)


async def start_state(core: Core, _: JournalReader, ask: StartMaintenance, record: CommandRecord) -> str:
    """Begin a state with its record, or set another end; return why that was refused, or nothing."""
    if why := _refusal(core, ask, record.done_at):
        return why
    watched = suppressible(core, ask.device)
    if not watched:
        safety = suppressible(core, ask.device, core.devices[ask.device].family.rules)
        why = "command.maintenance-safety" if safety else "command.maintenance-nothing"
        return Wording(why, device=ask.device)
    at, person = record.done_at, ask.person.strip()
    fact = Suppression(Suppressor.BY_STATE, at, ask.until, person, ask.reason.strip(), state=ask.state)
    await core.flow.carry_out(
        lambda: core.alarms.begin_state(ask.device, watched, at, fact, record.id), record
    )
    return ""


def _refusal(core: Core, ask: StartMaintenance, at: int) -> str:
    if ask.device not in core.devices:
        return Wording("ask.no-device", device=ask.device)
    if ask.state not in DEVICE_STATES:
        return Wording("command.no-such-state", state=ask.state, known=", ".join(DEVICE_STATES))
    if not ask.person.strip() or not ask.reason.strip():
        return Wording("command.maintenance-name")
    longest = DEVICE_STATES[ask.state]
    if not at < ask.until <= at + longest:
        return _too_long(longest)
    if (other := state_of(core, ask.device)) and other.state != ask.state:
        return Wording("command.other-state", device=ask.device, state=other.state)
    return ""


def _too_long(longest: int) -> str:
    days = longest // (24 * 3600 * NS)
    if days <= SHORT:
        return Wording("command.maintenance-span", hours=24 * days)
    return Wording("command.state-span", days=days)


async def stop_state(core: Core, _: JournalReader, ask: StopMaintenance, record: CommandRecord) -> str:
    """End a state with its record; return why that was refused, or nothing."""
    at, person, fact = record.done_at, ask.person.strip(), state_of(core, ask.device)
    if fact is None or (ask.state and fact.state != ask.state):
        return Wording("command.no-maintenance", device=ask.device)
    if fact.person.startswith(SEASON):  # else it would begin again tomorrow
        name = STOPPED.format(fact.person.removeprefix(SEASON), ask.device)
        await core.flow.commit([MetaWrite({name: str(fact.until)})])
    await core.flow.carry_out(lambda: core.alarms.end_state(ask.device, at, person, record.id), record)
    return ""
