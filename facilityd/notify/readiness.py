"""What is said of a readiness check: who is notified that a device is not ready, and that it is again."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from facilityd.model.notice import Notice, Purpose, notice_key
from facilityd.model.readiness import BEFORE, Check, CheckedItem, Item, ItemOutcome, VerdictEvidence
from facilityd.model.rule import Priority
from facilityd.model.sample import NS
from facilityd.model.settings import RecipientSettings
from facilityd.model.text import Language, Text
from facilityd.notify.channel_order import first_channels
from facilityd.notify.evidence_text import EvidenceFormatter
from facilityd.notify.headline import headline
from facilityd.notify.render import SiteContext
from facilityd.notify.texts import texts
from facilityd.notify.value_text import SignalWords, format_span, format_state

LATE = 60 * NS
"""A check made so much later than planned says so (ns)."""
RULE = "readiness"


@dataclass(frozen=True, slots=True)
class ReadinessContext:
    """The device that is checked: its name, its checklist, the names of rules, and the site's zone.

    ``spoken``: the signals by the device that stands before a rule's name; its own stand under ''.
    """

    device: Text
    items: Mapping[str, Item]
    rules: Mapping[str, Text]
    spoken: Mapping[str, Mapping[str, SignalWords]]
    zone: ZoneInfo

    def line(self, checked: CheckedItem, language: Language) -> str:
        """Return one item in words: its name, its outcome, what it rests on, what to do first."""
        item, why = self.items[checked.item], self.why(checked, language)
        form = "passed" if checked.outcome is ItemOutcome.PASS else "line"
        person = f" {checked.waived_by}" if checked.waived_by else ""
        return texts().readiness[form].in_(language).format(
            item=item.name.in_(language), outcome=texts().outcome[checked.outcome.value].in_(language),
            why=why, first=item.first.in_(language), person=person,
        )  # fmt: skip

    def why(self, checked: CheckedItem, language: Language) -> str:
        """Return what an item rests on: the rules that stand against it, or what is seen and its age."""
        if checked.outcome is ItemOutcome.UNKNOWN and not checked.fitted:
            return texts().readiness["unfitted"].in_(language)
        item, grounds = self.items[checked.item], {one.rule: one for one in checked.grounds}
        if checked.outcome is ItemOutcome.ADVISED:
            told = [one for one in checked.grounds if one.rule in checked.rules]
            return _joined(self._dated(told, language), language)
        unknown = checked.outcome is ItemOutcome.UNKNOWN
        rules = [rule for rule in checked.rules if rule in self.rules]
        against = self._against(rules, grounds, language, unknown=unknown)
        why = _joined(
            against or [*self._seen(item, checked, language), *self._dated(checked.grounds, language)],
            language,
        )
        if against and unknown:
            return texts().readiness["untold"].in_(language).format(rules=why)
        return why

    def _against(
        self,
        rules: Sequence[str],
        grounds: Mapping[str, VerdictEvidence],
        language: Language,
        *,
        unknown: bool,
    ) -> list[str]:
        """Return the names of rules; of unknown ones also why, once for all of one reason."""
        by_reason: dict[tuple[str, str], list[str]] = {}
        for rule in rules:
            ground = grounds.get(rule)
            if not unknown or (ground is not None and ground.verdict is not None and not ground.old):
                why = "alone", ""
            elif ground is None:
                why = "unheard", ""
            else:
                said = self._dated([ground], language)[0] if ground.old else self._say(ground, language)
                why = "because", said
            by_reason.setdefault(why, []).append(self.rules[rule].in_(language))
        words, comma = texts().readiness, texts().separator.in_(language)
        return [
            words[form].in_(language).format(rule=comma.join(names), said=said)
            for (form, said), names in by_reason.items()
        ]

    def _seen(self, item: Item, checked: CheckedItem, language: Language) -> list[str]:
        """Return the values, those of one age together."""
        by_age: dict[str, list[str]] = {}
        for signal, value in checked.values.items():
            age = checked.ages.get(signal)
            key = "" if age is None else format_span(age // NS, language)
            by_age.setdefault(key, []).append(self._value(item, signal, value, language))
        form = texts().readiness["aged"].in_(language)
        together = {age: _joined(said, language) for age, said in by_age.items()}
        return [form.format(said=said, age=age) if age else said for age, said in together.items()]

    def _dated(self, grounds: Iterable[VerdictEvidence], language: Language) -> list[str]:
        """Return the rules' evidence with its instant and age, that of one instant together."""
        by_time: dict[tuple[str, str, str], list[str]] = {}
        for one in grounds:
            if one.verdict is not None:
                form = "of-then" if one.evidence.seen else "so-since"
                time = f"{datetime.fromtimestamp(one.at // NS, self.zone):%Y-%m-%d %H:%M}"
                key = form, time, format_span(one.age // NS, language)
                by_time.setdefault(key, []).append(self._say(one, language))
        return [
            texts().readiness[form].in_(language).format(said=_joined(said, language), time=time, age=age)
            for (form, time, age), said in by_time.items()
        ]

    def _say(self, ground: VerdictEvidence, language: Language) -> str:
        signals = self.spoken.get(ground.rule.rpartition(".")[0], {})
        return EvidenceFormatter(signals, language, self.zone).evidence(ground.evidence)

    def _value(self, item: Item, signal: str, value: object, language: Language) -> str:
        words, said = self.spoken[""][signal], texts().readiness
        if not isinstance(value, bool | int | float):
            return said["no-value"].in_(language).format(signal=words.name.in_(language))
        shown = format_state(value, words, words.name.in_(language), words.unit, language)
        bounds = [
            said[side].in_(language).format(limit=f"{x:g} {words.unit}".rstrip())
            for side, x in item.bounds(signal)
        ]
        return (", " if language == "en" else "，").join([shown, *bounds])


def _joined(said: Iterable[str], language: Language) -> str:
    return (" / " if language == "en" else "；").join(dict.fromkeys(said))


def plan_check(
    check: Check,
    subject: ReadinessContext,
    place: SiteContext,
    recipients: Collection[RecipientSettings],
    mended: Container[str] = (),
    troubled: Collection[str] = (),
) -> list[Notice]:
    """Return the notices of a check: that the device is not ready, or that it is again.

    ``mended``: the items that stood against it at the check before; ``troubled``: the channels that take
    no notices now. Who is on standby is told of no check, unless there is nobody else.
    """
    last = check.before == min(BEFORE)
    priority = Priority.CRITICAL if last and not check.ready else Priority.HIGH
    return [
        _notice(check, subject, place, recipient, channel, priority, mended)
        for recipient in [one for one in recipients if not one.standby] or recipients
        if priority >= recipient.minimum
        for channel in first_channels(recipient, troubled)
    ]


def _notice(
    check: Check, subject: ReadinessContext, place: SiteContext, recipient: RecipientSettings,
    channel: str, priority: Priority, mended: Container[str],
) -> Notice:  # fmt: skip
    purpose = Purpose.READY if check.ready else Purpose.NOT_READY
    fields = _fields(check, subject, place, recipient.language, mended)
    title = headline(purpose.value, fields, recipient.language)
    lines = texts().body[purpose.value].in_(recipient.language).format(**fields).strip().splitlines()
    body = "\n".join(line.rstrip() for line in lines)
    # Who was told of a check that was made too early is told of the one in its place: not the same notice.
    anew = (check.at,) if check.again else ()
    name = notice_key(RULE, check.device, check.ceremony, check.before, *anew, recipient.id, channel)
    return Notice(
        name, recipient.id, channel, purpose, recipient.language, title, body,
        check.device, RULE, 0, int(priority), check.at,
    )  # fmt: skip


def _fields(
    check: Check, subject: ReadinessContext, place: SiteContext, language: Language, mended: Container[str]
) -> dict[str, str]:
    words = texts().readiness
    against = [one for one in check.items if one.stands_against]
    beside = (ItemOutcome.WAIVED, ItemOutcome.ADVISED)
    waived = [one for one in check.items if one.outcome in beside]
    passed = [one for one in check.items if one.outcome is ItemOutcome.PASS and one.item in mended]
    late = words["late"].in_(language).format(late=format_span(check.late / NS, language))
    return {
        "device": subject.device.in_(language),
        "device-short": check.device,
        "ceremony": words[check.name].in_(language),
        "ceremony-short": words[f"{check.name}-short"].in_(language),
        "time": f"{datetime.fromtimestamp(check.ceremony // NS, place.zone):%H:%M}",
        "left": format_span(max(0, check.ceremony - check.at) // NS, language),
        "count": str(len(against)),
        "items": "\n".join(subject.line(one, language) for one in (*against, *waived, *passed)),
        "late": late if check.late > LATE else "",
        "command": place.command,
        "site": place.name.in_(language),
    }
