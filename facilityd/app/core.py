"""The core of the daemon: ingest queue, journal, rule engine, alarms and notifications, built once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from devices.operating_mode import OperatingModeTracker
from facilityd.alarm.alarms import AlarmManager
from facilityd.alarm.first_out import AlarmTiming
from facilityd.alarm.groups import GroupedAlarms
from facilityd.app.alarm_plot import AlarmPlot, PlotQueue
from facilityd.app.baseline_file import install
from facilityd.app.builtin import all_devices, scope_of
from facilityd.app.calendar import SiteCalendar
from facilityd.app.ceremony import Ceremonies
from facilityd.app.downtimes import Downtimes
from facilityd.app.engine import make_engine, reconfigure
from facilityd.app.groups import cause_groups
from facilityd.app.notice_ledger import JournalLedger
from facilityd.app.outputs import make_planner, telling
from facilityd.app.reload_requests import ReloadRequests
from facilityd.app.repeats import repeat_limits
from facilityd.app.scan_requests import ScanRequests
from facilityd.app.stages import earlier_stages
from facilityd.app.task_notifier import TaskNotifier
from facilityd.config.site import Device, Site
from facilityd.detect.conditional import REPLAYED
from facilityd.detect.engine import RuleEngine
from facilityd.detect.present import present_evidence
from facilityd.detect.resume import Past
from facilityd.detect.unwatched import unwatched
from facilityd.errors import StoreFull
from facilityd.model.alarm import AlarmState
from facilityd.model.baseline import Baseline
from facilityd.model.clock import Clock
from facilityd.model.finding import Evidence
from facilityd.model.rule import Rule
from facilityd.model.sample import Sample
from facilityd.model.task import fold
from facilityd.notify.planner import NotificationPlanner
from facilityd.pipeline.flow import Flow
from facilityd.pipeline.ingest_queue import IngestQueue
from facilityd.pipeline.spilled import MARK, Spilled
from facilityd.pipeline.writer import Writer
from facilityd.store.journal import DiskUsage, Journal
from facilityd.store.meta import FINDINGS_BEFORE, MetaWrite
from facilityd.store.reader import JournalReader
from facilityd.store.spill import Spill
from facilityd.supervise.clock_steps import ClockStepMonitor
from facilityd.tasks.manager import TaskManager

log = logging.getLogger(__name__)

WARM_ROWS = 20_000
PAGE = 5_000


@dataclass(frozen=True, slots=True)
class PreparedChange:
    """What another site is taken over with, read and made beside the loop."""

    devices: dict[str, Device]
    baselines: Sequence[Baseline]
    past: Past


@dataclass(slots=True)
class Core:
    """Everything between the sources and the outputs.

    ``spilled``: devices with alarms that a full disk had not taken before this start. After a change of the
    site ``planner`` and ``alarms`` are others; the rest goes on.
    """

    devices: dict[str, Device]
    ingest_queue: IngestQueue
    path: Path
    writer: Writer
    journal: Journal
    flow: Flow
    planner: NotificationPlanner
    ledger: JournalLedger
    engine: RuleEngine
    alarms: GroupedAlarms
    tasks: TaskManager
    task_notifier: TaskNotifier
    mode: OperatingModeTracker
    clock_steps: ClockStepMonitor
    downtimes: Downtimes
    clock: Clock
    drawings: PlotQueue
    spilled: frozenset[str]
    calendar: SiteCalendar
    reloads: ReloadRequests
    scans: ScanRequests = field(default_factory=ScanRequests)

    @classmethod
    def assemble(
        cls,
        site: Site,
        journal: Journal,
        writer: Writer,
        thread: Writer,
        clock: Clock,
        calendar: SiteCalendar,
        reloads: ReloadRequests,
    ) -> Core:
        """Build the parts; ``thread`` is for the drawings alone. Nothing runs yet."""
        devices, clock_steps, spill = all_devices(site), ClockStepMonitor(clock), Spill(journal.path)
        install(site, journal)
        if not spill.prepare():
            log.warning(
                "%s: no room is kept there: a crash while the disk is full may lose notices", spill.path
            )
        with JournalReader.open(journal.path) as reader:
            spilled = _spilled(spill, reader)
            newest = {(one.device, one.rule): one for one in (*reader.alarms(), *spilled.alarms)}
            states = list(newest.values())
            tasks = TaskManager(fold([*reader.task_events(), *spilled.tasks]).values(), site.tasks)
            engine = make_engine(devices, calendar, reader.baselines(), site.units.values())
            engine.restore_findings(stored.finding for stored in reader.verdicts())
        alarms = make_alarms(states, devices, site, present_evidence(engine, clock.steady))
        engine.resume(states)
        ingest_queue = IngestQueue(doubtful=clock_steps.doubtful)
        drawings = PlotQueue(AlarmPlot(journal.path, devices), thread)
        ledger = JournalLedger(journal.path)
        planner = make_planner(site, devices, ledger)
        told = telling(planner, alarms.state, drawings)
        flow = Flow(
            ingest_queue, journal, writer, engine, alarms, told, spill, spilled,
            priority_of(devices),
        )  # fmt: skip
        ledger.pending = flow.pending_notices
        mode = OperatingModeTracker({name: device.family for name, device in devices.items()}, calendar.near)
        return cls(
            devices,
            ingest_queue,
            journal.path,
            writer,
            journal,
            flow,
            planner,
            ledger,
            engine,
            alarms,
            tasks,
            TaskNotifier(site, devices),
            mode,
            clock_steps,
            Downtimes(clock),
            clock,
            drawings,
            frozenset(one.device for one in spilled.alarms),
            calendar,
            reloads,
        )

    def close(self) -> None:
        """Let go of the thread for drawings and of the ledger's file."""
        self.drawings.close()
        self.ledger.close()

    def adopt(self, site: Site, change: PreparedChange) -> None:
        """Go on with another site; call while the flow is paused.

        Alarms of what is gone stand until ``retire``.
        """
        devices = change.devices
        self.calendar.adopt(Ceremonies.of(site), site.timezone, site.duty.holidays)
        reconfigure(self.engine, devices, self.calendar, change.baselines, site.units.values(), change.past)
        present = present_evidence(self.engine, self.clock.steady)
        alarms = make_alarms(self.alarms.states.values(), devices, site, present)
        alarms.go_on(self.alarms)
        self.alarms = alarms
        self.tasks.adopt(site.tasks)
        self.task_notifier = TaskNotifier(site, self.devices)
        troubled, self.planner = self.planner.troubled, make_planner(site, devices, self.ledger)
        self.planner.troubled = troubled
        # In place, and never empty: plots are drawn beside the loop.
        self.devices.update(devices)
        for name in self.devices.keys() - devices.keys():
            del self.devices[name]
        told = telling(self.planner, self.alarms.state, self.drawings)
        self.flow.adopt(self.alarms, told, priority_of(devices))
        self.mode.adopt({name: device.family for name, device in devices.items()})

    async def disk_usage(self) -> DiskUsage:
        """Return how full file and disk are."""
        return await self.writer.call(self.journal.disk_usage)

    async def catch_up(self) -> None:
        """Show the rules the recent past, and evaluate what a crash left unevaluated."""
        steady = self.clock.steady()
        with JournalReader.open(self.path) as reader:
            self.downtimes.started(reader)
            await self.downtimes.record(self.flow.commit)
            with suppress(StoreFull):  # its alarm stands against everything meanwhile
                await self.flow.commit([MetaWrite({FINDINGS_BEFORE: str(reader.last_finding())})])
            evaluated, checkpoint = reader.last_judged(), reader.checkpoint()
            self.engine.restore(checkpoint.states)
            known = min(checkpoint.sample, evaluated)
            seen = reader.samples_after(max(0, evaluated - WARM_ROWS), WARM_ROWS)
            past = [row for row in seen if row.id <= evaluated and row.at > steady - REPLAYED]
            recent = [reader.sample(row) for row in past if row.id <= known or not known]
            pauses = [one.until for one in reader.downtimes(0, steady + 1)]
            shown = _without(recent, self.spilled)
            self.engine.warm(shown, steady, remembered=bool(known), pauses=pauses)
            if known:
                self._show(reader, known, evaluated, steady, pauses)
            while rows := reader.samples_after(evaluated, PAGE):
                evaluated = rows[-1].id
                await self.flow.rejudge([reader.sample(row) for row in rows], [row.id for row in rows])
        await self.retire()
        self.engine.on_pause = self.downtimes.paused
        self.engine.begin(self.clock.steady())

    async def retire(self) -> None:
        """End the alarms that nothing watches any more: nobody would be notified of their end."""
        rules = {device.id: device.family.rules for device in self.devices.values()}
        ended = unwatched(self.alarms.states.values(), self.engine.watched, rules)
        for state, why in ended:
            log.warning("%s %s: this alarm is no longer watched (%s)", state.device, state.rule, why.slug)
        await self.flow.retire(ended, self.clock.now()[0])

    def _show(
        self, reader: JournalReader, after: int, until: int, steady: int, pauses: Sequence[int]
    ) -> None:
        """Show the rules what was judged since their memory was stored: every sample of it, however old."""
        while rows := [row for row in reader.samples_after(after, PAGE) if row.id <= until]:
            after = rows[-1].id
            shown = _without((reader.sample(row) for row in rows), self.spilled)
            here = [one for one in pauses if rows[0].at <= one]  # the others were seen with those before
            self.engine.warm(shown, steady, pauses=here)


def _without(samples: Iterable[Sample], devices: frozenset[str]) -> list[Sample]:
    """Leave out devices of whose alarms memory knew more than the journal has samples of.

    What was seen last of a fire contact there is older than the fire, and would end its alarm.
    """
    return [sample for sample in samples if sample.stream.device not in devices]


def _spilled(spill: Spill, reader: JournalReader) -> Spilled:
    """Return what a full disk had not taken before this start, nothing where the journal has it by now."""
    return Spilled.outstanding(spill.read(), reader.meta(MARK)) or Spilled("")


def make_alarms(
    states: Iterable[AlarmState],
    devices: Mapping[str, Device],
    site: Site,
    present: Callable[[str, str], Evidence | None],
) -> GroupedAlarms:
    """Return the alarms of some devices, from exactly these states; ``present``: what a rule rests on now."""
    behind = {name: [one for one, _ in scope_of(name, site)] for name in devices.keys() - site.devices}
    rules = _rules(devices)
    lives = AlarmManager(
        states,
        frozenset(key for key, rule in rules.items() if rule.latching),
        _expiry(devices, site),
        limits={key: site.limits[rule.at_stake] for key, rule in rules.items()},
        timing=_timing(devices),
        repeats=repeat_limits(rules, site.devices, site.repeats),
        stages=earlier_stages(rules),
        present=present,
    )
    return GroupedAlarms(lives, cause_groups(site, devices), behind, present)


def _expiry(devices: Mapping[str, Device], site: Site) -> dict[tuple[str, str], int]:
    """Return after how many ns an acknowledgement is asked about, of the alarms of which it is."""
    asked = site.duty.escalation.still_on_it
    return {key: asked[rule.priority] for key, rule in _rules(devices).items() if rule.priority in asked}


def priority_of(devices: Mapping[str, Device]) -> Callable[[str, str], str]:
    """Return the function that names the priority of a rule of a device; "" for one that there is not."""
    priorities = {key: rule.priority.name.lower() for key, rule in _rules(devices).items()}
    return lambda device, rule: priorities.get((device, rule), "")


def _rules(devices: Mapping[str, Device]) -> dict[tuple[str, str], Rule]:
    return {
        (device.id, name): rule for device in devices.values() for name, rule in device.family.rules.items()
    }


def _timing(devices: Mapping[str, Device]) -> AlarmTiming:
    delays = {key: getattr(rule.detect, "on_delay", 0) for key, rule in _rules(devices).items()}
    periods = {
        device.id: max(stream.expected for stream in device.streams)
        for device in devices.values()
        if device.streams
    }
    return AlarmTiming(delays, periods)
