"""The morning digest: what happened at night, what is open, and what is ready, on what this rests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from facilityd.model.downtime import Downtime
from facilityd.model.notice import Notice, Purpose, notice_key
from facilityd.model.rule import Priority
from facilityd.model.settings import RecipientSettings
from facilityd.model.text import Language, Text
from facilityd.notify.channel_order import first_channels
from facilityd.notify.headline import headline
from facilityd.notify.render import SiteContext
from facilityd.notify.texts import texts
from facilityd.notify.value_text import format_minute

MOST = 15
"""Lines of one kind; the others are counted."""


@dataclass(frozen=True, slots=True)
class NightAlarm:
    """One alarm of a device. Instants in ns UTC; ``ended`` None: it goes on. ``times``: how often it came."""

    device: Text
    rule: Text
    priority: Priority
    raised: int
    ended: int | None
    acked_by: str = ""
    times: int = 1


@dataclass(frozen=True, slots=True)
class CeremonyOutlook:
    """A ceremony of today for one device: ``ready`` None where nothing was checked; ``against``: items."""

    name: str
    at: int
    device: Text
    ready: bool | None
    against: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class MorningFacts:
    """What one person is told of the time from ``since`` to ``at`` (ns UTC).

    ``raised`` began in it, ``before`` began earlier and goes on. ``unseen``: devices without a current value,
    of ``devices`` in all. ``hidden``: alarms of which nobody is told, ``tasks``: open and overdue.
    """

    since: int
    at: int
    raised: Sequence[NightAlarm]
    before: Sequence[NightAlarm]
    downtimes: Sequence[Downtime]
    unseen: Sequence[Text]
    devices: int
    hidden: int
    tasks: tuple[int, int]
    ceremonies: Sequence[CeremonyOutlook]

    @property
    def quiet(self) -> bool:
        """Return whether nothing happened, nothing is open, and somebody watched all the time."""
        blind = self.downtimes or self.unseen
        open_ = self.before or self.hidden or any(self.tasks)
        return not (self.raised or blind or open_ or self.not_ready)

    @property
    def not_ready(self) -> bool:
        """Return whether a ceremony that is to come is not ready."""
        return any(one.ready is False and one.at > self.at for one in self.ceremonies)


def plan_morning(
    facts: MorningFacts, person: RecipientSettings, place: SiteContext, due: int, troubled: Sequence[str] = ()
) -> list[Notice]:
    """Return the notice over each channel that begins; ``due`` (ns UTC) names the day's."""
    language = person.language
    subject, body = _subject(facts, place, language), "\n".join(_lines(facts, place, language))
    gravest = max((one.priority for one in (*facts.raised, *facts.before)), default=Priority.LOW)
    return [
        Notice(
            notice_key(Purpose.MORNING, person.id, channel, due), person.id, channel, Purpose.MORNING,
            language, subject, body, priority=int(gravest), at=facts.at,
        )
        for channel in first_channels(person, troubled)
    ]  # fmt: skip


def _subject(facts: MorningFacts, place: SiteContext, language: Language) -> str:
    standing = sum(one.ended is None for one in facts.raised) + len(facts.before)
    blind = bool(facts.downtimes or facts.unseen)
    some = "alarms" if standing else "over"
    which = some if facts.raised or facts.before else "blind" if blind else "none"
    counts = {"count": len(facts.raised), "standing": standing}
    what, more = (
        texts().morning[name].in_(language).format(**counts) if name in texts().morning else ""
        for name in (which, f"{which}-more")
    )  # fmt: skip
    marks = texts().morning["not-ready-mark"].in_(language) if facts.not_ready else ""
    gaps = texts().morning["blind-mark"].in_(language) if blind and which == some else ""
    fields = {"site": place.name.in_(language), "what": what, "more": more, "mark": marks, "gaps": gaps}
    return headline(Purpose.MORNING.value, fields, language)


def _lines(facts: MorningFacts, place: SiteContext, language: Language) -> Iterator[str]:
    words = texts().morning
    if not facts.raised:
        yield words["nothing-raised"].in_(language).format(since=_clock(facts.since, place))
    for ceremony in facts.ceremonies:
        yield _ceremony(ceremony, place, language)
    yield from _listed("raised", facts.raised, place, language)
    yield from _listed("before", facts.before, place, language)
    if facts.hidden:
        yield words["hidden"].in_(language).format(count=facts.hidden)
    if any(facts.tasks):
        yield words["tasks"].in_(language).format(open=facts.tasks[0], overdue=facts.tasks[1])
    yield from _basis(facts, place, language)


def _listed(
    which: str, alarms: Sequence[NightAlarm], place: SiteContext, language: Language
) -> Iterator[str]:
    if not alarms:
        return
    words = texts().morning
    yield words[which].in_(language).format(count=len(alarms), since=_clock(alarms[0].raised, place))
    order = sorted(alarms, key=lambda one: (one.ended is not None, -one.priority, one.raised))
    for one in order[:MOST]:
        yield _alarm(one, place, language)
    if len(order) > MOST:
        yield words["more"].in_(language).format(count=len(order) - MOST)


def _alarm(one: NightAlarm, place: SiteContext, language: Language) -> str:
    words = texts().morning
    state = "ended" if one.ended is not None else "taken" if one.acked_by else "standing"
    said = words[state].in_(language).format(
        ended=_clock(one.ended, place) if one.ended is not None else "",
        person=place.called(one.acked_by, language),
    )  # fmt: skip
    return words["alarm"].in_(language).format(
        at=_clock(one.raised, place), device=one.device.in_(language), rule=one.rule.in_(language),
        priority=texts().priority[one.priority.name.lower()].in_(language), state=said,
        times=words["times"].in_(language).format(n=one.times) if one.times > 1 else "",
    )  # fmt: skip


def _ceremony(one: CeremonyOutlook, place: SiteContext, language: Language) -> str:
    words = texts().morning
    which = "unchecked" if one.ready is None else "ready" if one.ready else "not-ready"
    said = words[which].in_(language).format(
        items=texts().separator.in_(language).join(item.in_(language) for item in one.against)
    )  # fmt: skip
    name = texts().readiness[one.name].in_(language)
    return words["ceremony"].in_(language).format(
        ceremony=name, at=_clock(one.at, place)[-5:], device=one.device.in_(language), state=said
    )  # fmt: skip


def _basis(facts: MorningFacts, place: SiteContext, language: Language) -> Iterator[str]:
    """Yield what it rests on: a time in which nobody looked, or a device that is silent, says nothing."""
    words, since, at = texts().morning, _clock(facts.since, place), _clock(facts.at, place)
    if facts.downtimes:
        said = (
            one.sentence(_clock(one.since, place), _clock(one.until, place), language)
            for one in facts.downtimes[:MOST]
        )
        yield words["blind-times"].in_(language).format(times=texts().separator.in_(language).join(said))
    if facts.unseen:
        names = [one.in_(language) for one in facts.unseen]
        more = words["more"].in_(language).format(count=len(names) - MOST) if len(names) > MOST else ""
        listed = texts().separator.in_(language).join(names[:MOST])
        yield words["unseen"].in_(language).format(count=len(names), names=f"{listed}{more}")
    if not facts.downtimes:
        yield (
            words["watched"]
            .in_(language)
            .format(since=since, at=at, seen=facts.devices - len(facts.unseen), devices=facts.devices)
        )


def _clock(at: int, place: SiteContext) -> str:
    return format_minute(at, place.zone)[5:]
