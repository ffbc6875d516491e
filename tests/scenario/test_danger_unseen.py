"""Whatever makes a fire contact, a leak or a limit unreadable is told in time, through the real adapters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from facilityd.model.alarm import Change, ChangeKind
from facilityd.model.notice import Purpose
from facilityd.model.quality import Reason
from facilityd.store.reader import JournalReader

SITE = "square"
Told = list[tuple[str, str, float]]


def _told(site: Any, since: float) -> Told:
    """Return (device, rule, seconds since) of every alarm that somebody was told of."""
    with JournalReader.open(site.journal) as reader:
        changes = [stored.change for stored in reader.changes()]
    raised = [
        (c.device, c.rule, c.at / 1e9 - since)
        for c in changes
        if c.kind in (ChangeKind.RAISE, ChangeKind.UNSUPPRESS) and not (c.evidence and c.evidence.cause)
    ]
    return [one for one in raised if one[2] >= 0]


def _life(site: Any, device: str, rule: str) -> list[Change]:
    """Return what happened to one alarm, without what nobody is told of."""
    with JournalReader.open(site.journal) as reader:
        changes = [stored.change for stored in reader.changes()]
    kinds = (ChangeKind.RAISE, ChangeKind.WORSEN, ChangeKind.UNSUPPRESS, ChangeKind.CLEAR)
    return [c for c in changes if (c.device, c.rule) == (device, rule) and c.kind in kinds]


def _reasons(site: Any, device: str) -> set[str]:
    with JournalReader.open(site.journal) as reader:
        return {
            reason
            for stored in reader.changes()
            if stored.change.device == device
            and stored.change.kind is ChangeKind.RAISE
            and stored.change.evidence
            for reason in stored.change.evidence.names.get("reasons", ())
        }


def test_a_gateway_without_a_path_to_the_fire_panel_is_no_other_panel(
    simulated_site: Callable[..., Any],
) -> None:
    site = simulated_site(SITE, only=["fire-gate", "fire-museum"], start="2026-06-10T10:00")
    site.advance("5min")
    since = site.now.timestamp()
    site.hazard("safety-contacts", "gateway-path")
    site.advance("15min")
    ((_, _, took),) = _told(site, since)
    assert took <= 300, "the time to respond to a fire"
    with JournalReader.open(site.journal) as reader:
        said = str(
            [stored.change.evidence for stored in reader.changes() if stored.change.kind is ChangeKind.RAISE]
        )
    assert Reason.GATEWAY_PATH.value in said
    assert Reason.IDENTITY.value not in said


@pytest.mark.parametrize(
    ("hazard", "code", "reason"),
    [
        ("exception", 2.0, Reason.ILLEGAL_ADDRESS),
        ("exception", 4.0, Reason.DEVICE_FAILURE),
        ("exception", 6.0, Reason.DEVICE_BUSY),
        ("exception", 1.0, Reason.ILLEGAL_FUNCTION),
    ],
)
def test_a_fire_panel_that_refuses(
    simulated_site: Callable[..., Any], hazard: str, code: float, reason: Reason
) -> None:
    site = simulated_site(SITE, only=["fire-gate", "fire-museum"], start="2026-06-10T10:00")
    site.advance("5min")
    since = site.now.timestamp()
    site.hazard("safety-contacts", hazard, code)
    site.advance("15min")
    ((device, rule, took),) = _told(site, since)
    assert (device, rule) == ("fire-gate", "unseen")
    assert took <= 300, "the time to respond to a fire"
    assert reason.value in _reasons(site, "fire-gate")
    assert Reason.IDENTITY.value not in _reasons(site, "fire-gate"), "it was known; nobody else is there"


@pytest.mark.parametrize(
    ("only", "unit", "hazard", "device", "rule", "within"),
    [
        ("hoist-1", "hoist-1-plc", "word-order", "hoist-1", "ceremony-unseen", 900),
        ("fountain-1", "fountain-rcm-1", "no-value", "fountain-1", "leakage-unseen", 300),
        ("fountain-1", "fountain-contacts", "device-busy", "fountain-1", "flood-unseen", 300),
        ("pole-1", "pole-1-plc", "device-failure", "pole-1", "unseen", 900),
        ("lantern-3", "lantern-3-plug", "offline", "lantern-3", "temperature-unseen", 900),
        ("lantern-3", "lantern-3-plug", "retained-only", "lantern-3", "temperature-unseen", 900),
        ("lantern-3", "lantern-3-plug", "text-for-number", "lantern-3", "temperature-unseen", 900),
        ("lantern-3", "lantern-3-plug", "wrong-json", "lantern-3", "temperature-unseen", 900),
    ],
)
def test_any_other_reason(
    simulated_site: Callable[..., Any], only: str, unit: str, hazard: str, device: str, rule: str, within: int
) -> None:
    site = simulated_site(SITE, only=[only], start="2026-06-10T21:00")
    site.advance("31min")
    since = site.now.timestamp()
    site.hazard(unit, hazard)
    site.advance("31min")
    told = {(d, r): took for d, r, took in _told(site, since)}
    assert (device, rule) in told
    assert told[device, rule] <= within


def test_a_module_that_is_another_one_after_the_start(simulated_site: Callable[..., Any]) -> None:
    site = simulated_site(SITE, only=["fire-gate"], start="2026-06-10T10:00")
    site.advance("5min")
    site.hazard("safety-contacts", "exception", 2.0)
    site.restart(10)
    since = site.now.timestamp()
    site.advance("10min")
    ((device, rule, took),) = _told(site, since)
    assert (device, rule) == ("fire-gate", "unseen")
    assert took <= 300
    assert _reasons(site, "fire-gate") == {"identity"}


def test_ninety_seconds_away_raise_nothing(simulated_site: Callable[..., Any]) -> None:
    site = simulated_site(SITE, start="2026-06-10T21:00")
    site.advance("10min")
    since = site.now.timestamp()
    site.restart(90)
    site.advance("40min")
    told = [(device, rule) for device, rule, _ in _told(site, since)]
    assert told == [("facilityd", "stood-still")], "that nobody watched is told, and nothing of the devices"


def test_another_signal_that_goes_unread_while_the_alarm_stands_is_told_once(
    simulated_site: Callable[..., Any],
) -> None:
    site = simulated_site(SITE, only=["hoist-1"], start="2026-06-10T10:00")
    site.advance("5min")
    site.hazard("hoist-1-io", "device-failure")
    site.advance("20min")
    site.hazard("hoist-1-encoder", "device-failure")
    site.advance("20min")
    site.restart(10)
    site.advance("20min")
    life = _life(site, "hoist-1", "unseen")
    with JournalReader.open(site.journal) as reader:
        told = [
            e.notice for e in reader.outbox() if (e.notice.device, e.notice.rule) == ("hoist-1", "unseen")
        ]
    assert [c.kind for c in life] == [ChangeKind.RAISE, ChangeKind.WORSEN]
    before, after = (set(c.evidence.extent) for c in life if c.evidence)
    assert before < after
    assert after - before == {"position"}
    crew = [n for n in told if n.recipient == "crew"]
    assert [n.purpose for n in crew] == [Purpose.RAISED, Purpose.WORSENED]
    assert "旗车高度" not in crew[0].body
    assert "范围扩大" in crew[1].subject


def test_another_module_that_falls_silent_while_the_alarm_stands_is_told_once(
    simulated_site: Callable[..., Any],
) -> None:
    site = simulated_site(SITE, only=["hoist-1"], start="2026-06-10T10:00")
    site.advance("5min")
    site.hazard("hoist-1-encoder", "silent")
    site.advance("30min")
    site.hazard("hoist-1-rope", "silent")
    site.advance("90min")
    life = _life(site, "hoist-1", "silent")
    assert [c.kind for c in life] == [ChangeKind.RAISE, ChangeKind.WORSEN]
    assert [c.evidence.extent for c in life if c.evidence] == [
        ("hoist-1-encoder",),
        ("hoist-1-encoder", "hoist-1-rope"),
    ]
