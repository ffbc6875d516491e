"""A bad contact: a link that loses a fifth of its answers for hours says nothing of its units."""

from __future__ import annotations

import pytest
from support.site import SQUARE

from facilityd.config.load import load
from facilityd.model.alarm import ChangeKind
from facilityd.store.reader import JournalReader


@pytest.mark.parametrize("link", ["hoist-bus", "lighting-bus", "fountain-gateway", "weather-bus"])
def test_a_fifth_of_the_answers_lost_is_nobodys_silence(simulated_site, link: str) -> None:
    behind = [d.id for d in load(SQUARE).devices.values() if any(s.link == link for s in d.streams)]
    site = simulated_site("square", only=behind, start="2026-04-19T18:00")
    site.advance("10min")
    site.hazard(link, "flaky", magnitude=0.2)
    site.advance("4h")
    with JournalReader.open(site.journal) as reader:
        raised = [
            (s.change.device, s.change.rule) for s in reader.changes() if s.change.kind is ChangeKind.RAISE
        ]
        lost = sum(1 for row in reader.samples_after(0, 10**6) if row.reasons and "timeout" in row.reasons)
    assert raised == []
    assert lost > 10, "answers were lost"


@pytest.mark.parametrize("link", ["hoist-bus", "lighting-bus", "fountain-gateway", "pole-bus"])
def test_a_link_that_hangs_is_told_before_any_of_its_units(simulated_site, link: str) -> None:
    """By night the units of a bus are read minutes apart: the first to fall silent must not wait for the last."""
    site = simulated_site("square", start="2026-04-19T22:00")
    site.advance("32min")
    site.hazard(link, "half-open")
    site.advance("9min")
    site.hazard(link, "none")
    site.advance("20min")
    with JournalReader.open(site.journal) as reader:
        raised = [s.change for s in reader.changes() if s.change.kind is ChangeKind.RAISE]
    told = [(one.device, one.rule) for one in raised if not (one.evidence and one.evidence.cause)]
    serial = site.site.links[link].protocol == "modbus-rtu"
    assert told == [(f"link-{link}", "down" if serial else "unanswered")]
    assert {one.device for one in raised} == {f"link-{link}"}
