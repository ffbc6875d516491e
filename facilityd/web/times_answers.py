"""What the API answers about spans of time: timeline, figures, report, hazards."""

from __future__ import annotations

from typing import Any

from facilityd.web.answer_base import Answer, BothTexts, MaybeWhen, Scalar, When


class TimelineLineAnswer(Answer):
    """One thing that belongs to an entry: its evidence, what came first, who did what."""

    kind: str
    at: MaybeWhen
    text: BothTexts


class AlarmCountAnswer(Answer):
    """How often an alarm came within an incident; ``lead``: it stands for it, else it is a consequence."""

    device: str
    rule: str
    times: int
    lead: bool


class TimelineEntryAnswer(Answer):
    """One thing that happened; ``until`` null: it goes on at the end of the span."""

    kind: str
    since: When
    until: MaybeWhen
    seconds: float | None
    devices: list[str]
    where: BothTexts
    what: BothTexts
    priority: str
    times: int
    told: int
    suppressed: int
    unacknowledged: bool
    alarms: list[AlarmCountAnswer]
    lines: list[TimelineLineAnswer]


class TimelineReport(Answer):
    """What happened in a span; ``figures`` are null where nothing is known of it."""

    since: When
    until: When
    devices: list[str]
    notes: list[BothTexts]
    figures: dict[str, float | None]
    entries: list[TimelineEntryAnswer]


class TimelineAnswer(TimelineReport):
    """The same, with the span ``before`` it where that was asked for."""

    before: TimelineReport | None


class HazardAnswer(Answer):
    """Something that is open: an alarm that stands, what is held back, a task that is late, and the like."""

    kind: str
    device: str
    ref: str
    level: int
    where: BothTexts
    what: BothTexts
    since: MaybeWhen
    until: MaybeWhen
    who: str
    next: BothTexts


class FigureAnswer(Answer):
    """One figure of alarm management; ``value`` null: not known, ``why`` says why."""

    id: str
    name: BothTexts
    value: float | None
    n: int


class WindowAnswer(Answer):
    """What was asked for, and what is known of it."""

    since: When
    until: When
    zone: str
    known_from: MaybeWhen
    observed_s: float
    notes: list[BothTexts]


class KpiReport(Answer):
    """How well alarms serve people, by ISA-18.2, IEC 62682 and EEMUA 191."""

    window: WindowAnswer
    alarms: int
    figures: list[FigureAnswer]


class MonthReport(Answer):
    """What a month or a quarter was: each chapter as the command has it."""

    site: BothTexts
    period: BothTexts
    window: WindowAnswer
    made_at: When
    ceremonies: list[dict[str, Any]]
    availability: list[dict[str, Any]]
    alarms: list[dict[str, Any]]
    kpi: KpiReport
    hazards: list[HazardAnswer]


class EventAnswer(Answer):
    """One event: of what (``source``), what happened (``kind``), and evidence, note or reason (``more``)."""

    at: When
    source: str
    kind: str
    device: str
    where: BothTexts
    rule: str
    what: BothTexts
    said: BothTexts
    priority: str
    person: str
    more: BothTexts | None


class OccurrenceAnswer(Answer):
    """One occurrence of an alarm; ``told_at`` null: nobody was told, ``until`` null: it stands."""

    device: str
    where: BothTexts
    family: str
    rule: str
    what: BothTexts
    priority: str
    occurrence: int
    since: When
    until: MaybeWhen
    seconds: float | None
    told_at: MaybeWhen
    acknowledged_at: MaybeWhen
    person: str
    evidence: BothTexts


class StateSpanAnswer(Answer):
    """A signal was one value for so many seconds; null: not known, and ``quality`` says why."""

    seconds: float
    value: Scalar
    quality: str
    text: BothTexts


class StateTotalAnswer(Answer):
    """How often a value began, and for how many seconds it held in all."""

    value: Scalar
    times: int
    seconds: float


class StatesReport(Answer):
    """How long a switch, a code or a text was what."""

    device: str
    signal: str
    totals: list[StateTotalAnswer]
    spans: list[StateSpanAnswer]


class AsOfAnswer(Answer):
    """What a signal was at an instant; ``age_s``: how old it was then; ``held``: it was not yet stale."""

    device: str
    signal: str
    time: MaybeWhen
    value: Scalar
    quality: str
    age_s: float | None
    held: bool


class WorstDeviceAnswer(Answer):
    """One device with its alarms that were told, its time in alarm and without data."""

    device: str
    where: BothTexts
    family: str
    alarms: int
    in_alarm_s: float
    without_data_s: float
    what: BothTexts | None
    times: int


class WorstReport(Answer):
    """The devices that gave the most trouble, the worst first."""

    window: WindowAnswer
    devices: list[WorstDeviceAnswer]


class RunAnswer(Answer):
    """One run from its beginning to its end."""

    since: When
    until: When
    seconds: float
    kind: str


class RunEnvelopeAnswer(Answer):
    """One signal over all runs: ``seconds`` from the start, there the median, the band, the newest run."""

    signal: str
    unit: str
    seconds: list[float]
    middle: list[float | None]
    low: list[float | None]
    high: list[float | None]
    count: list[int]
    newest: list[float | None]


class RunsReport(Answer):
    """The last runs of a device laid over each other."""

    device: str
    where: BothTexts
    mode: str
    kind: str
    name: BothTexts
    median_s: float | None
    runs: list[RunAnswer]
    signals: list[RunEnvelopeAnswer]
