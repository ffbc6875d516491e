"""The hazard ledger: everything that is open now, each with since when, who has it and what comes next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from facilityd.config.site import Device
from facilityd.model.alarm import AlarmStateName
from facilityd.model.readiness import Waiver
from facilityd.model.sample import NS
from facilityd.model.suppression import Suppression, Suppressor
from facilityd.model.task import TaskStateName
from facilityd.model.text import Language, Text
from facilityd.query.alarms import AlarmRow, cause_of
from facilityd.query.devices import DeviceRow, SignalRow
from facilityd.query.instants import show_second
from facilityd.query.json_data import to_plain
from facilityd.query.liveness import Liveness
from facilityd.query.report_table import report_sentence, report_words
from facilityd.query.tasks import TaskRow
from facilityd.query.words import both, listed

UNREADABLE_AFTER = 900 * NS
"""For how long a value must have been away (ns): a moment's silence is no hazard."""
NAMED = 4
"""So many signals of a device are named; the others are counted."""
_CEREMONY, _MEDIUM, _LOW, _FIRST = 3, 2, 1, 5
LATCHED = (AlarmStateName.LATCHED_UNACKNOWLEDGED.value, AlarmStateName.LATCHED_ACKNOWLEDGED.value)


@dataclass(frozen=True, slots=True)
class HazardRow:
    """One open hazard. ``since`` and ``until`` (when it comes back or ends by itself) in ns UTC; 0: unknown.

    ``kind``: unwatched, alarm, unseen, suppressed, task, waiver, unreadable or unjudged. ``ref``: the rule,
    item or number of the task by which commands name it. ``cause``: the rule whose consequence it is.
    """

    kind: str
    device: str
    ref: str
    level: int
    where: Text
    what: Text
    since: int
    who: str
    next: Text
    until: int | None = None
    cause: str = ""

    @property
    def kind_name(self) -> Text:
        """What the kind is called."""
        return report_words().word[f"hazard-{self.kind}"]

    def plain(self) -> dict[str, Any]:
        """Return data for JSON; texts in both languages, instants in ns UTC."""
        return dict(to_plain(asdict(self) | {"where": self.where, "what": self.what, "next": self.next}))


@dataclass(frozen=True, slots=True)
class OpenState:
    """What the journal has of the present: what hazards are found in. ``now`` in ns UTC."""

    now: int
    zone: str
    devices: Mapping[str, Device]
    alarms: Sequence[AlarmRow]
    tasks: Sequence[TaskRow]
    waivers: Sequence[Waiver]
    rows: Sequence[DeviceRow]
    liveness: Liveness
    unjudged: int

    def task_of(self, device: str, rule: str) -> TaskRow | None:
        """Return the open repair of an alarm."""
        return next((row for row in self.tasks if row.task.key == (device, rule)), None)

    def text(self, name: str, **fields: object) -> Text:
        """Return one of the sentences in both languages; a Text among the fields in each."""

        def make(language: Language) -> str:
            own = {key: one.in_(language) if isinstance(one, Text) else one for key, one in fields.items()}
            return report_sentence(name, language, **own)

        return both(make)

    def shown(self, at: int) -> str:
        """Return an instant on the site's clock, to the minute."""
        return show_second(at, self.zone)[:16]

    def name(self, device: str) -> Text:
        """Return what a device is called; its id where it left the site."""
        known = self.devices.get(device)
        return known.name if known else Text(zh=device or "?", en=device or "?")


def open_hazards(state: OpenState) -> list[HazardRow]:
    """Return everything that is open, the most urgent and oldest first."""
    found = [
        *_unwatched(state), *(row for alarm in state.alarms for row in _alarm(state, alarm)),
        *_tasks(state), *(_waiver(state, one) for one in state.waivers if one.holds(state.now)),
        *_unreadable(state), *_unjudged(state),
    ]  # fmt: skip
    return sorted(found, key=lambda row: (-row.level, row.since or state.now, row.device, row.ref))


def _unwatched(state: OpenState) -> Iterator[HazardRow]:
    """Yield that nobody watches: all else is as it was then."""
    if state.liveness.state in ("running", "full"):
        return
    what, ahead = state.text("hazard-unwatched"), state.text("next-unwatched")
    name = Text(zh="facilityd", en="facilityd")
    yield HazardRow("unwatched", "", "", _FIRST, name, what, state.liveness.since, "", ahead)


# --- alarms ------------------------------------------------------------------------------------


def _alarm(state: OpenState, alarm: AlarmRow) -> Iterator[HazardRow]:
    held = [fact for fact in alarm.suppressors if fact.kind is not Suppressor.BY_DESIGN]
    if held:
        yield from (_held(state, alarm, fact) for fact in held if _laid_on(alarm, fact))
        return
    level = max(1, alarm.level)
    kind = "alarm" if alarm.active or alarm.state_id in LATCHED else "unseen"
    task = state.task_of(alarm.device, alarm.rule)
    who = task.task.person if task else alarm.acked_by
    ahead = _next(state, alarm, task)
    name = state.name(alarm.device)
    yield HazardRow(
        kind, alarm.device, alarm.rule, level, name, alarm.what, alarm.since, who, ahead,
        cause=alarm.suppressed_by,
    )  # fmt: skip


def _laid_on(alarm: AlarmRow, fact: Suppression) -> bool:
    """Return whether a fact hides something: maintenance lies on every alarm of its device."""
    return fact.kind is not Suppressor.BY_STATE or alarm.active


def _next(state: OpenState, alarm: AlarmRow, task: TaskRow | None) -> Text:
    first = alarm.first
    if alarm.suppressed_by and any(one.kind is Suppressor.BY_DESIGN for one in alarm.suppressors):
        return state.text("next-consequence", rule=cause_of(alarm, state.devices))
    if alarm.state_id in LATCHED:
        return state.text("next-reset" if alarm.state_id == LATCHED[1] else "next-inspect")
    if not alarm.active:
        return state.text("next-unseen")
    if task and task.task.state is TaskStateName.DONE:
        return state.text("next-verify")
    if task:
        name = "next-late" if task.late else "next-taken" if task.task.due else "next-taken-undated"
        return state.text(name, due=state.shown(task.task.due), first=first)
    acked = alarm.state_id == AlarmStateName.ACKNOWLEDGED.value
    return state.text("next-repair" if acked else "next-acknowledge", first=first)


def _held(state: OpenState, alarm: AlarmRow, fact: Suppression) -> HazardRow:
    until = state.shown(fact.until) if fact.until is not None else ""
    name = {Suppressor.SHELVED: "next-shelved", Suppressor.BY_STATE: "next-maintenance"}.get(fact.kind)
    if name is None:
        name = "next-review-late" if fact.overdue else "next-review"
    elif fact.once:
        name = "next-shelved-once"
    ahead = state.text(name, until=until, ticket=fact.ticket)
    what = state.text("hazard-held", what=alarm.what, state=alarm.state, why=fact.comment or "—")
    return HazardRow(
        "suppressed", alarm.device, alarm.rule, max(1, alarm.level), state.name(alarm.device), what,
        fact.since, fact.person, ahead, fact.until,
    )  # fmt: skip


# --- tasks, waivers, readings ----------------------------------------------------------------


def _tasks(state: OpenState) -> Iterator[HazardRow]:
    """Yield the open tasks that are late, and repairs whose alarm is not listed any more."""
    listed_alarms = {(alarm.device, alarm.rule) for alarm in state.alarms}
    for row in state.tasks:
        task = row.task
        if (task.rule and task.key in listed_alarms) or not (task.rule or row.late):
            continue
        step = row.steps[0] if row.steps else row.what
        if row.late:
            ahead = state.text("next-late", due=state.shown(task.due), first=step)
        else:
            done = task.state is TaskStateName.DONE
            ahead = state.text("next-verify" if done else "next-done", number=task.id)
        yield HazardRow(
            "task", task.device, str(task.id), _MEDIUM, row.device, row.what,
            task.due if row.late else task.opened_at, task.person, ahead,
        )  # fmt: skip


def _waiver(state: OpenState, one: Waiver) -> HazardRow:
    known = state.devices.get(one.device)
    item = known.family.readiness.get(one.item) if known else None
    name = item.name if item else Text(zh=one.item or "?", en=one.item or "?")
    what = state.text("hazard-waived", item=name, why=one.reason)
    ahead = state.text("next-waiver", until=state.shown(one.until), first=item.first if item else name)
    return HazardRow(
        "waiver", one.device, one.item, _CEREMONY, state.name(one.device), what, one.at, one.person, ahead,
        one.until,
    )  # fmt: skip


def _unreadable(state: OpenState) -> Iterator[HazardRow]:
    """Yield the devices of which values are away; nothing while nobody watches: then all are."""
    if state.liveness.state != "running":
        return
    for row in state.rows:
        away = [one for one in row.signals if _is_away(one)]
        if away:
            yield _away(state, row, away)


def _is_away(one: SignalRow) -> bool:
    return one.quality != "good" and (one.age is None or one.age > UNREADABLE_AFTER)


def _away(state: OpenState, row: DeviceRow, away: Sequence[SignalRow]) -> HazardRow:
    ages = [one.age for one in away if one.age is not None]
    since = state.now - max(ages) if len(ages) == len(away) else 0
    units = ", ".join(sorted({one.unit_id for one in away}))

    def what(language: Language) -> str:
        names = listed((one.label.in_(language) for one in away[:NAMED]), language)
        name = "hazard-unreadable" if len(away) <= NAMED else "hazard-unreadable-more"
        return report_sentence(name, language, names=names, more=len(away) - NAMED)

    ahead = state.text("next-unreadable", units=units)
    return HazardRow("unreadable", row.device, units, _MEDIUM, row.title, both(what), since, "", ahead)


def _unjudged(state: OpenState) -> Iterable[HazardRow]:
    if not state.unjudged or state.liveness.state != "running":
        return
    what, ahead = state.text("hazard-unjudged", n=state.unjudged), state.text("next-unjudged")
    name = Text(zh="facilityd", en="facilityd")
    yield HazardRow("unjudged", "", "", _LOW, name, what, 0, "", ahead)
