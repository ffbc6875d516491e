"""Last stage: the words for each reader, and one notice for each channel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from facilityd.model.notice import Notice, Purpose, notice_key
from facilityd.model.settings import RecipientSettings
from facilityd.notify.plan import Addressee, NotificationPlan
from facilityd.notify.render import SiteContext, render, render_test


class Send:
    """Renders. What it makes becomes durable with the change; the deliverer takes it from there."""

    def __init__(self, place: SiteContext) -> None:
        self._place = place

    def __call__(self, plan: NotificationPlan) -> NotificationPlan:
        """Return the plan with its notices."""
        return replace(plan, notices=tuple(self._notice(plan, one) for one in plan.addressees))

    def _notice(self, plan: NotificationPlan, one: Addressee) -> Notice:
        change, language = plan.change, one.person.language
        subject, body = render(change, plan.state, plan.context, self._place, language, plan.sparkline)
        key = notice_key(
            change.device, change.rule, change.occurrence, plan.purpose, one.person.id, one.channel, change.at
        )
        return Notice(
            key, one.person.id, one.channel, plan.purpose, language, subject, body, change.device,
            change.rule, change.occurrence, int(plan.context.rule.priority), change.at,
        )  # fmt: skip


def plan_test(at: int, place: SiteContext, recipients: Iterable[RecipientSettings]) -> list[Notice]:
    """Return one harmless message for each channel: the proof that it works to the end."""
    notices = []
    for recipient in recipients:
        subject, body = render_test(at, place, recipient.language)
        for channel in recipient.channels:
            name = notice_key(Purpose.TEST, recipient.id, channel.id, at)
            notices.append(
                Notice(name, recipient.id, channel.id, Purpose.TEST, recipient.language, subject, body, at=at)
            )
    return notices
