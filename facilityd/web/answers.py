"""What the API answers, field by field: the OpenAPI description is made of these.

They follow the ``plain()`` of the read model. Instants are ISO 8601 with their offset in the site's zone,
null where there is none; ages and spans in seconds. What the read model tells beyond them goes out too.
"""

from __future__ import annotations

from typing import Any, Literal

from facilityd.web.answer_base import Answer, BothTexts, MaybeWhen, Scalar, When


class SignalAnswer(Answer):
    """One signal. ``age_s``: of its last good value; ``quality``: ``good`` or why the value is not."""

    signal: str
    label: BothTexts
    value: Scalar
    shown: BothTexts
    age_s: float | None
    message_age_s: float | None
    quality: str
    unit_id: str
    link: str


class DeviceAnswer(Answer):
    """One device. ``state``: its worst active alarm's rule, or its operating mode."""

    device: str
    title: BothTexts
    state: str
    state_text: BothTexts
    priority: str
    quality: str
    links: list[str]
    signals: list[SignalAnswer]


class ValueAnswer(Answer):
    """The newest value of one signal of one device."""

    device: str
    signal: str
    value: Scalar
    shown: BothTexts
    age_s: float | None
    quality: str


class SuppressorAnswer(Answer):
    """Why nobody is notified of an alarm."""


class AlarmAnswer(Answer):
    """One alarm as a row; ``first``: what to do first."""

    device: str
    rule: str
    what: BothTexts
    state: str
    state_text: BothTexts
    priority: str
    occurrence: int
    since: MaybeWhen
    first: BothTexts
    acked_by: str
    active: bool
    suppressors: list[SuppressorAnswer]
    suppressed_by: str


class AlarmChangeAnswer(Answer):
    """One step in the life of an alarm."""

    at: MaybeWhen
    kind: str
    person: str
    comment: str
    occurrence: int
    details: dict[str, Any]
    evidence: dict[str, Any] | None


class AlarmRecordAnswer(Answer):
    """One alarm whole: what the rule means, what it rests on now, and its life."""

    device: str
    rule: str
    state: str
    occurrence: int
    priority: str
    changes: list[AlarmChangeAnswer]


class ChangeAnswer(Answer):
    """One change of an alarm, with the evidence in words."""

    id: int
    at: MaybeWhen
    device: str
    title: BothTexts
    family: str
    rule: str
    what: BothTexts
    kind: str
    occurrence: int
    state: str
    priority: str
    evidence: BothTexts
    person: str
    comment: str
    details: dict[str, Any]


class ChangesAnswer(Answer):
    """Changes in the order they were stored; ``more``: there are others, ask again with a later ``since``."""

    since: MaybeWhen
    until: MaybeWhen
    changes: list[ChangeAnswer]
    more: bool


class RuleAnswer(Answer):
    """One rule on one device, and how it stands."""

    device: str
    rule: str
    fault: str
    kind: str
    name: BothTexts
    priority: str
    state: str
    said: BothTexts
    missing: list[str]
    assumed: dict[str, Any]


class CeremonyAnswer(Answer):
    """The next ceremony; ``in``: seconds until then."""

    name: str
    at: When
    origin: str


class ItemAnswer(Answer):
    """One item of a checklist."""

    device: str
    item: str
    result: str
    why: BothTexts
    values: dict[str, Any]


class ReadinessReport(Answer):
    """Whether devices are ready for the next ceremony; unknown is not ready."""

    ready: bool
    ceremony: CeremonyAnswer | None
    items: list[ItemAnswer]


class RecordedCheckAnswer(Answer):
    """A check that the daemon made before a ceremony."""

    ceremony: MaybeWhen
    name: str
    before_min: int
    device: str
    at: MaybeWhen
    ready: bool
    items: list[dict[str, Any]]


class TaskAnswer(Answer):
    """One task as a row."""

    id: int
    kind: str
    device: str
    state: str
    person: str
    due: MaybeWhen
    what: BothTexts
    steps: list[BothTexts]
    late: bool


class TaskRecordAnswer(TaskAnswer):
    """One task whole."""

    events: list[dict[str, Any]]


class NoticeAnswer(Answer):
    """One notice to one person over one channel, and what came of it."""

    id: int
    at: MaybeWhen
    recipient: str
    channel: str
    purpose: str
    device: str
    rule: str
    subject: str
    outcome: str
    attempts: int
    next_at: MaybeWhen
    reason: str


class CommandRecordAnswer(Answer):
    """Who asked what, from where, and what came of it; ``refused`` is empty where it was carried out."""

    id: str
    command: str
    by: str
    asked_at: MaybeWhen
    done_at: MaybeWhen
    account: str
    payload: Any
    refused: BothTexts | Literal[""]


class HealthAnswer(Answer):
    """Whether the daemon watches. ``since``: its last word; ``age_s``: how old that is; ``text`` says it.

    ``outdated_since``: it runs by files that have changed since.
    """

    site: str
    state: Literal["starting", "running", "hung", "stopped", "full"]
    watching: bool
    at: MaybeWhen
    since: MaybeWhen
    age_s: float | None
    outdated_since: MaybeWhen
    text: BothTexts


class PartAnswer(Answer):
    """A part of the journal."""

    part: str
    bytes: int
    bytes_per_day: int
    kept_days: float | None


class StorageReport(Answer):
    """What takes the room in the journal, and when it will be full."""

    used: int
    allowed: int
    disk_free: int
    full_at: str | None
    young: bool
    parts: list[PartAnswer]
