"""Who is notified of what.

The policy is stages in one row, each in a file of its own:

    change ─> route ─> suppress ─> wait ─> dedupe ─> gather ─> send ─> notices

    route     who is responsible; for the end of an alarm, who was notified of the raise (notify/route.py)
    suppress  what is not sent while another alarm stands for it (notify/suppress.py)
    wait      what may wait until somebody's quiet hours are over (notify/wait.py)
    dedupe    nobody is notified twice of the same (notify/dedupe.py)
    gather    what comes together while somebody gets push after push (notify/gather.py)
    send      the words for each reader, one notice for each channel (notify/send.py)

Nothing is remembered here: who was notified of what is read from the ledger, which is the journal.
Nobody is notified that a condition became unknown: that is the alarm of the link, or of silence.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from facilityd.model.alarm import AlarmState, Change, ChangeKind
from facilityd.model.notice import Notice, Purpose
from facilityd.model.people import DutyPlan
from facilityd.model.settings import RecipientSettings
from facilityd.model.text import Text
from facilityd.notify.dedupe import dedupe
from facilityd.notify.gather import Gather
from facilityd.notify.plan import NoticeLedger, NotificationPlan, NotificationStage, run, told_raised
from facilityd.notify.render import PURPOSES, AlarmContext, SiteContext
from facilityd.notify.roster import Roster
from facilityd.notify.route import Route, present
from facilityd.notify.send import Send, plan_test
from facilityd.notify.sparkline import Sparkline
from facilityd.notify.suppress import is_silent, suppress
from facilityd.notify.unwatched import plan_unwatched
from facilityd.notify.wait import Wait


class NotificationPlanner:
    """Plans the notices of changes. ``alarm_contexts`` by (device, rule)."""

    def __init__(
        self,
        place: SiteContext,
        alarm_contexts: Mapping[tuple[str, str], AlarmContext],
        recipients: Sequence[RecipientSettings],
        ledger: NoticeLedger,
        duty: DutyPlan | None = None,
    ) -> None:
        self._place, self._alarm_contexts, self._recipients = place, alarm_contexts, recipients
        self._roster = Roster(recipients, duty or DutyPlan(), place.zone)
        self._ledger = ledger
        self.troubled: Callable[[], Collection[str]] = lambda: ()
        """The channels that take no notices now."""
        self._stages: tuple[NotificationStage, ...] = (
            Route(self._roster, self._deaf),
            suppress,
            Wait(self._roster),
            dedupe,
            Gather(ledger.pushes),
            Send(place, recipients),
        )

    def tell(self, change: Change, state: AlarmState, sparkline: Sparkline | None = None) -> list[Notice]:
        """Return the notices of a change; ``state`` is the one after it, ``sparkline`` what led to it."""
        if change.kind is ChangeKind.RETIRE:
            return self._unwatched(change, state)
        context = self._alarm_contexts.get((change.device, change.rule))
        if context is None or change.kind not in PURPOSES:
            return []  # of a device or rule that is no longer configured, or nothing to tell
        heard = self._ledger.notices(change.device, change.rule, change.occurrence)
        return list(run(self._stages, NotificationPlan(change, state, context, heard, sparkline)).notices)

    def escalate(
        self, change: Change, state: AlarmState, to: tuple[str, ...], due: int, now: int
    ) -> list[Notice]:
        """Return the notices of an alarm that nobody has answered by ``due``, told ``now`` (ns UTC).

        ``change`` announced it; ``to`` are the ids of people and rotas that are next, or ``next-channel``.
        """
        context = self._alarm_contexts.get((change.device, change.rule))
        if context is None:
            return []
        heard = self._ledger.notices(change.device, change.rule, change.occurrence)
        plan = NotificationPlan(change, state, context, heard, escalates=to, due=due, now=now)
        return list(run(self._stages, plan).notices)

    @property
    def people(self) -> Mapping[str, Text]:
        """The names of the recipients, by id."""
        return self._place.people

    def test(self, at: int, recipient: str = "", due: int = 0) -> list[Notice]:
        """Return a harmless message for each channel, of one recipient (its id) or of all.

        ``due``: the instant that names the daily one, whenever it is sent.
        """
        people = [one for one in self._recipients if recipient in ("", one.id)]
        return plan_test(at, self._place, people, due)

    @property
    def contexts(self) -> Mapping[tuple[str, str], AlarmContext]:
        """Return what there is to say of each rule, by device and rule."""
        return self._alarm_contexts

    def draws(self, change: Change, state: AlarmState) -> bool:
        """Return whether a message may go out that shows what led to the change."""
        raised = PURPOSES.get(change.kind) is Purpose.RAISED
        return bool(self._recipients) and raised and not is_silent(change, state)

    def has_told(self, notice: Notice) -> bool:
        """Return whether the address of a notice was told, or may have been, that its alarm was raised."""
        heard = self._ledger.notices(notice.device, notice.rule, notice.occurrence)
        return (notice.recipient, notice.channel) in told_raised(heard)

    def _deaf(self) -> Collection[str]:
        return self.troubled()

    def _unwatched(self, change: Change, state: AlarmState) -> list[Notice]:
        """Return the notices of an alarm that nothing watches any more; of one that was over, none."""
        if state.cleared_at != change.at:
            return []
        known = present(self._ledger.notices(change.device, change.rule, change.occurrence), self._recipients)
        heard = [replace(notice, channel=one.channel) for one, notice in known.items()]
        return plan_unwatched(change, state, heard, self._alarm_contexts, self._place)
