"""What is said of a readiness check: who hears that a device is not ready, and that it is again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from facilityd.model.notice import Notice, Purpose
from facilityd.model.readiness import BEFORE, Check, Checked, Item, Outcome
from facilityd.model.rule import Priority
from facilityd.model.sample import NS
from facilityd.model.text import Language, Text
from facilityd.notify.plan import Recipient, key
from facilityd.notify.render import Place
from facilityd.notify.texts import texts
from facilityd.notify.wording import SignalWords, say_span, say_state

LATE = 60 * NS
"""A check made so much later than planned says so (ns)."""
RULE = "readiness"


@dataclass(frozen=True, slots=True)
class Subject:
    """The device that is checked: its name, its checklist, its signals, and the names of rules."""

    device: Text
    items: Mapping[str, Item]
    signals: Mapping[str, SignalWords]
    rules: Mapping[str, Text]

    def line(self, checked: Checked, language: Language) -> str:
        """Return one item in words: its name, its outcome, what it rests on, what to do first."""
        item, why = self.items[checked.item], self.why(checked, language)
        return texts().readiness["line"].in_(language).format(
            item=item.name.in_(language), outcome=texts().outcome[checked.outcome.value].in_(language),
            why=why, first=item.first.in_(language), person=checked.waived_by,
        )  # fmt: skip

    def why(self, checked: Checked, language: Language) -> str:
        """Return what an item rests on: the rules that stand against it, or what is seen."""
        item = self.items[checked.item]
        against = [self.rules[rule].in_(language) for rule in checked.rules if rule in self.rules]
        seen = [self._value(item, signal, value, language) for signal, value in checked.values.items()]
        why = (" / " if language == "en" else "；").join(against or seen)
        if against and checked.outcome is Outcome.UNKNOWN:
            return texts().readiness["untold"].in_(language).format(rules=why)
        return why

    def _value(self, item: Item, signal: str, value: object, language: Language) -> str:
        words, said = self.signals[signal], texts().readiness
        if not isinstance(value, bool | int | float):
            return said["no-value"].in_(language).format(signal=words.name.in_(language))
        shown = say_state(value, words, words.name.in_(language), words.unit, language)
        bounds = [said[side].in_(language).format(limit=f"{x:g}") for side, x in item.bounds(signal)]
        return (", " if language == "en" else "，").join([shown, *bounds])


def plan_check(check: Check, subject: Subject, place: Place, recipients: Iterable[Recipient]) -> list[Notice]:
    """Return the notices of a check: that the device is not ready, or that it is again."""
    last = check.before == min(BEFORE)
    priority = Priority.CRITICAL if last and not check.ready else Priority.HIGH
    return [
        _notice(check, subject, place, recipient, channel.id, priority)
        for recipient in recipients
        if priority >= recipient.minimum
        for channel in recipient.channels
    ]


def _notice(
    check: Check, subject: Subject, place: Place, recipient: Recipient, channel: str, priority: Priority
) -> Notice:
    purpose = Purpose.READY if check.ready else Purpose.NOT_READY
    fields = _fields(check, subject, place, recipient.language)
    title = texts().subject[purpose.value].in_(recipient.language).format(**fields)
    body = texts().body[purpose.value].in_(recipient.language).format(**fields).strip()
    name = key(RULE, check.device, check.ceremony, check.before, recipient.id, channel)
    return Notice(
        name, recipient.id, channel, purpose, recipient.language, title, body,
        check.device, RULE, 0, int(priority), check.at,
    )  # fmt: skip


def _fields(check: Check, subject: Subject, place: Place, language: Language) -> dict[str, str]:
    words = texts().readiness
    against = [one for one in check.items if one.stands_against]
    waived = [one for one in check.items if one.outcome is Outcome.WAIVED]
    late = words["late"].in_(language).format(late=say_span(check.late / NS, language))
    return {
        "device": subject.device.in_(language),
        "ceremony": words[check.name].in_(language),
        "time": f"{datetime.fromtimestamp(check.ceremony // NS, place.zone):%H:%M}",
        "left": say_span(max(0, check.ceremony - check.at) // NS, language),
        "count": str(len(against)),
        "items": "\n".join(subject.line(one, language) for one in (*against, *waived)),
        "late": late if check.late > LATE else "",
        "command": place.command,
        "site": place.name.in_(language),
    }
