"""What is said when a state of a device ends by its time: it is watched again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from facilityd.model.notice import Notice, Purpose, notice_key
from facilityd.model.settings import RecipientSettings
from facilityd.model.text import Text
from facilityd.notify.headline import headline
from facilityd.notify.render import SiteContext
from facilityd.notify.texts import texts
from facilityd.notify.value_text import format_minute


@dataclass(frozen=True, slots=True)
class StateOver:
    """A device, the state that it was in, and when that ended, ns UTC."""

    device: str
    state: str
    at: int


def plan_state_over(
    over: StateOver, name: Text, people: Iterable[RecipientSettings], place: SiteContext
) -> list[Notice]:
    """Return a notice for each person; alarms of the device that go on are told as such."""
    return [_notice(over, name, person, place) for person in people if person.channels]


def _notice(over: StateOver, name: Text, person: RecipientSettings, place: SiteContext) -> Notice:
    language, channel = person.language, person.channels[0].id
    known = texts().state
    fields = {
        "device": name.in_(language), "device_id": over.device, "site": place.name.in_(language),
        "at": format_minute(over.at, place.zone),
        "state": known.get(over.state, known["maintenance"]).in_(language),
    }  # fmt: skip
    purpose = Purpose.STATE_OVER
    subject = headline("state-ended", fields | {"device-short": over.device}, language)
    body = texts().body["state-ended"].in_(language).format(**fields).rstrip()
    key = notice_key("state-over", over.device, over.at, person.id, channel)
    return Notice(
        key, person.id, channel, purpose, language, subject, body, over.device, priority=1, at=over.at
    )
