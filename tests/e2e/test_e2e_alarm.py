"""The life of one alarm, from the contact to the crew's phones and back, with the daemon killed in between."""

from __future__ import annotations

import time

import pytest
from support.daemon import daemon, facilityd, facilityd_json, journal_of, running, until
from support.notification_receivers import notification_receivers
from support.site import make_contacts

from facilityd.model.alarm import AlarmStateName, ChangeKind
from facilityd.model.sample import NS
from facilityd.store.batch import Delivery
from facilityd.store.reader import JournalReader
from simulators.site import serve

FIRE = ("fire", "active")
HOLD_S, CLEAR_HOLD_S, PERIOD_S, SLACK_S = 1.0, 10.0, 0.5, 2.5


def state_of(reader):
    """The alarm as the journal has it, or None."""
    return next((s for s in reader.alarms() if (s.device, s.rule) == FIRE), None)


def life_of(reader):
    state = state_of(reader)
    return state.state_name if state else AlarmStateName.NORMAL


async def delivered(reader, told, count):
    """Wait until each person has ``count`` messages and the journal knows that they have."""
    await until(lambda: told.counts == (count, count))
    await until(lambda: all(entry.state is Delivery.ACCEPTED for entry in reader.outbox()))


async def killed_and_back(watching, made, told):
    """The daemon dies and is started again; the alarm and the phones must not notice."""
    with JournalReader.open(made.journal) as reader:
        before, sent = state_of(reader), told.counts
        outbox = reader.outbox()
        await watching.kill()
        last = reader.last_sample()
        await watching.start()
        await until(lambda: reader.last_sample() > last + 12)
        assert state_of(reader) == before
        assert (reader.outbox(), told.counts) == (outbox, sent)


def near(change, since):
    """Seconds from an instant to the change."""
    return (change.at - since) / NS


@pytest.mark.timeout(110)
async def test_raised_told_acknowledged_cleared_and_never_told_twice(tmp_path):
    made = make_contacts(tmp_path / "yard")
    site, truth = made.site, {FIRE: False, ("water", "active"): False}
    async with (
        serve(list(site.units.values()), list(site.links.values()), lambda: truth) as _,
        notification_receivers(made.webhook, made.smtp) as told,
        running(daemon(made.folder, log=tmp_path / "daemon.log")) as watching,
    ):
        with await journal_of(made.journal, watching) as reader:
            await until(lambda: reader.last_sample() > 10)
            truth[FIRE], begun = True, time.time_ns()
            await until(lambda: life_of(reader) is AlarmStateName.UNACKNOWLEDGED)
            await delivered(reader, told, 1)
            await killed_and_back(watching, made, told)
            said = await facilityd("ack", made.folder, *FIRE, "--as", "王师傅", "-m", "现场查看")
            assert "acknowledged by 王师傅" in said
            await delivered(reader, told, 2)
            await killed_and_back(watching, made, told)
            [listed] = await facilityd_json("alarms", made.folder)
            assert (listed["device"], listed["state"], listed["acked_by"]) == (
                "fire",
                "acknowledged",
                "王师傅",
            )
            truth[FIRE], ended = False, time.time_ns()
            await until(lambda: life_of(reader) is AlarmStateName.NORMAL)
            await delivered(reader, told, 3)
            changes = [row.change for row in reader.changes() if (row.change.device, row.change.rule) == FIRE]
            assert await facilityd_json("alarms", made.folder) == []
            await watching.stop()
            final = told.counts
    told_of = {change.kind: change for change in changes}
    assert [c.kind for c in changes if c.kind not in (ChangeKind.LOSE, ChangeKind.REGAIN)] == [
        ChangeKind.RAISE, ChangeKind.ACKNOWLEDGE, ChangeKind.CLEAR
    ]  # fmt: skip
    assert HOLD_S <= near(told_of[ChangeKind.RAISE], begun) <= HOLD_S + PERIOD_S + SLACK_S
    assert CLEAR_HOLD_S <= near(told_of[ChangeKind.CLEAR], ended) <= CLEAR_HOLD_S + PERIOD_S + SLACK_S
    assert told_of[ChangeKind.ACKNOWLEDGE].comment == "现场查看"
    assert final == (3, 3)
    _the_right_words(told)
    assert "Traceback" not in watching.text()


def _the_right_words(told):
    """Chinese to the crew by webhook, English to the engineer by SMTP; what, where, what to do first."""
    assert [post["purpose"] for post in told.posts] == ["raised", "acknowledged", "cleared"]
    assert {post["recipient"] for post in told.posts} == {"crew"}
    assert len({post["key"] for post in told.posts}) == 3
    first = told.posts[0]
    assert (first["language"], first["device"], first["rule"], first["occurrence"]) == ("zh", *FIRE, 1)
    assert "火灾报警" in first["subject"]
    assert "立即派人到现场查看" in first["body"]
    mail = told.mails[0]
    assert mail["to"] == "engineer@yard.example"
    assert "Fire panel" in mail["subject"]
    assert "Send somebody to look at once" in mail.get_body(("plain",)).get_content()
    assert len({mail["message-id"] for mail in told.mails}) == told.sessions == 3
    assert "王师傅" in told.posts[1]["body"]
    assert "王师傅" in told.mails[1].get_body(("plain",)).get_content()
