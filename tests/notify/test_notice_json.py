"""What the outbox keeps comes back as it was."""

from __future__ import annotations

from support.notification_fixtures import notice

from facilityd.model.notice import DeliveryOutcome, DeliveryResult, Notice, Purpose


def test_a_notice_comes_back_as_it_was() -> None:
    again = Notice.from_json(notice().to_json())
    assert again == notice()
    assert again.purpose is Purpose.RAISED
    assert "国旗旗杆" in notice().to_json()


def test_only_accepted_and_rejected_are_final() -> None:
    assert [result for result in DeliveryOutcome if DeliveryResult(result).final] == [
        DeliveryOutcome.ACCEPTED,
        DeliveryOutcome.REJECTED,
    ]
