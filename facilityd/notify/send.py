"""Last stage: the words for each reader, and one notice for each channel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from facilityd.model.notice import Notice, Purpose, notice_key
from facilityd.model.settings import RecipientSettings
from facilityd.model.text import Language
from facilityd.notify.plan import Addressee, NotificationPlan
from facilityd.notify.render import SiteContext, render, render_escalation, render_test
from facilityd.notify.route import present


class Send:
    """Renders. What it makes becomes durable with the change; the deliverer takes it from there."""

    def __init__(self, place: SiteContext, people: Sequence[RecipientSettings]) -> None:
        self._place, self._people = place, people

    def __call__(self, plan: NotificationPlan) -> NotificationPlan:
        """Return the plan with its notices."""
        return replace(plan, notices=tuple(self._notice(plan, one) for one in plan.addressees))

    def _notice(self, plan: NotificationPlan, one: Addressee) -> Notice:
        change, language = plan.change, one.person.language
        subject, body = self._words(plan, language, one.person.id)
        key = notice_key(
            change.device,
            change.rule,
            change.occurrence,
            plan.purpose,
            one.person.id,
            one.channel,
            plan.named,
        )
        return Notice(
            key, one.person.id, one.channel, plan.purpose, language, subject, body, change.device,
            change.rule, change.occurrence, int(plan.context.rule.priority), plan.moment,
            one.not_before,
        )  # fmt: skip

    def _words(self, plan: NotificationPlan, language: Language, person: str) -> tuple[str, str]:
        if plan.escalates:
            people = dict.fromkeys(
                known.person.name.in_(language) for known in present(plan.heard, self._people)
            )
            return render_escalation(
                plan.change, plan.state, plan.context, self._place, language, plan.due, people, person
            )
        return render(plan.change, plan.state, plan.context, self._place, language, plan.sparkline, person)


def plan_test(
    at: int, place: SiteContext, recipients: Iterable[RecipientSettings], due: int = 0
) -> list[Notice]:
    """Return one harmless message for each channel: the proof that it works to the end.

    ``due``, where given, names it instead of ``at`` (both ns UTC): there is one for that instant.
    """
    notices = []
    for recipient in recipients:
        subject, body = render_test(at, place, recipient.language)
        for channel in recipient.channels:
            name = notice_key(Purpose.TEST, recipient.id, channel.id, due or at)
            notices.append(
                Notice(name, recipient.id, channel.id, Purpose.TEST, recipient.language, subject, body, at=at)
            )
    return notices
