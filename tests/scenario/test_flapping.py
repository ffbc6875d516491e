"""What comes and goes is one alarm: raised once, over once it was well for its off-delay, and told so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.rule_harness import play
from support.site import make_contacts

from devices.tables import families
from facilityd.model.alarm import ChangeKind
from facilityd.model.kinds import Silence
from facilityd.model.sample import NS
from facilityd.scenario.virtual_runtime import VirtualRuntime
from facilityd.store.reader import JournalReader

START = 1_781_056_800 * NS


def _life(runtime: VirtualRuntime) -> list[ChangeKind]:
    with JournalReader.open(runtime.journal) as reader:
        changes = [stored.change for stored in reader.changes()]
    mine = [change.kind for change in changes if change.device == "link-io"]
    return [kind for kind in mine if kind in (ChangeKind.RAISE, ChangeKind.CLEAR)]


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[VirtualRuntime]:
    with VirtualRuntime(make_contacts(tmp_path / "yard").site, tmp_path, start=START) as runtime:
        runtime.advance(120)
        yield runtime


@pytest.mark.parametrize(("away", "there"), [(20, 40), (40, 20), (30, 90)])
def test_a_link_that_flaps_is_told_once_and_ends_once(runtime: VirtualRuntime, away: int, there: int) -> None:
    for _ in range(8):
        runtime.hazard("io", "refused")
        runtime.advance(away)
        runtime.hazard("io", "none")
        runtime.advance(there)
    assert _life(runtime) == [ChangeKind.RAISE]
    runtime.advance(180)
    assert _life(runtime) == [ChangeKind.RAISE, ChangeKind.CLEAR]
    told = [n.purpose.value for n in runtime.mailbox.taken if n.device == "link-io" and n.recipient == "crew"]
    assert told == ["raised", "cleared"]


def test_a_restart_within_the_off_delay_ends_nothing_early(runtime: VirtualRuntime) -> None:
    runtime.hazard("io", "refused")
    runtime.advance(60)
    runtime.hazard("io", "none")
    runtime.advance(30)
    runtime.restart(5)
    runtime.advance(60)
    assert _life(runtime) == [ChangeKind.RAISE]
    runtime.advance(180)
    assert _life(runtime) == [ChangeKind.RAISE, ChangeKind.CLEAR]


@pytest.mark.parametrize(
    ("delay", "verdicts"),
    [
        ("0s", "....##...#...###......"),
        ("4s", "....################.."),
        ("2s", "....####.###.#####...."),
    ],
)
def test_a_unit_that_flaps_is_silent_until_it_was_heard_for_its_off_delay(delay: str, verdicts: str) -> None:
    rule = {"kind": "silence", "unanswered": 2, "unsure": 2, "off_delay": delay}
    assert play(rule, "...???..??..????......") == verdicts


def test_every_shipped_silence_has_an_off_delay() -> None:
    shipped = [rule.detect for family in families(None).values() for rule in family.rules.values()]
    assert {detect.off_delay for detect in shipped if isinstance(detect, Silence)} == {120 * NS}
