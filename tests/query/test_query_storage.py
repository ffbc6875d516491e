"""What takes the room in the journal, and when it is full at the present rate."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner
from support.query_sites import T0, MeterSite

from facilityd.cli.main import facilityd
from facilityd.cli.storage import size_text
from facilityd.model.sample import NS, Sample
from facilityd.model.settings import RetentionSettings
from facilityd.query.storage import SpacePart, StorageAnswer, read_storage
from facilityd.store.reader import JournalReader
from facilityd.store.rollup import HOUR
from facilityd.store.rollups import RollupWrite
from facilityd.store.samples import SampleWrite

DAY = 86_400 * NS


def fill(yard: MeterSite, days: int, period: int = 30) -> None:
    """Days of readings of the meter at the gate, rolled up."""
    for day in range(days):
        ats = range(T0 + day * DAY, T0 + (day + 1) * DAY, period * NS)
        values = [(n / 100,) * len(yard.stream.signals) for n in range(len(ats))]
        read = zip(ats, values, strict=True)
        yard.journal.commit([SampleWrite([Sample(yard.stream, at, at, v) for at, v in read])])
    yard.now = T0 + days * DAY
    yard.journal.commit([RollupWrite(yard.now + HOUR, 0, 10**6)])


def ask(yard: MeterSite, **store: object) -> StorageAnswer:
    site = replace(yard.site, store=replace(yard.site.store, **store))
    with JournalReader.open(yard.journal.path) as reader:
        return read_storage(site, reader, yard.now)


def test_the_parts_are_all_there_is_and_the_signals_share_the_samples(yard: MeterSite) -> None:
    fill(yard, 3)
    answer = ask(yard)
    file = yard.journal.disk_usage().used
    assert sum(one.size for one in answer.parts) == pytest.approx(answer.used, abs=8)
    assert answer.used == pytest.approx(file, rel=0.02)
    parts = {one.name: one for one in answer.parts}
    assert sum(one.samples for one in answer.signals) == pytest.approx(parts["samples"].size, rel=0.01)
    assert parts["samples"].per_day == pytest.approx(parts["samples"].size / 3, rel=0.02)
    assert {one.device for one in answer.signals} == {"gate"}
    assert all(one.rollups > 0 for one in answer.signals)
    (device,) = answer.devices()
    assert device[0] == "gate"


def test_the_day_on_which_it_is_full_is_the_day_on_which_it_is(yard: MeterSite) -> None:
    """Told after two days for a limit that is reached on the sixth; then the days come."""
    fill(yard, 2)
    before = ask(yard)
    limit = round(before.used * 2.9)
    told = ask(yard, max_size=limit).full_at
    assert told is not None
    fill(yard, 7)
    assert ask(yard).used > limit
    days = next(d for d in range(1, 9) if before.used + d * sum(p.per_day for p in before.parts) >= limit)
    assert abs(told - (T0 + (2 + days) * DAY)) <= DAY


def test_what_is_forgotten_in_time_never_fills_it(yard: MeterSite) -> None:
    fill(yard, 2)
    kept = RetentionSettings(rollup_15min=10 * DAY, rollup_1h=20 * DAY)
    answer = ask(yard, keep=5 * DAY, retention=kept)
    assert answer.full_at is None
    assert answer.finally_size is not None
    parts = {one.name: one for one in answer.parts}
    assert parts["samples"].finally_size == pytest.approx(2.5 * parts["samples"].size, rel=0.05)
    assert (parts["samples"].kept_days, parts["rollup_1h"].kept_days) == (5, 20)


def test_a_part_grows_until_it_is_as_old_as_it_may_be() -> None:
    part = SpacePart("samples", 100, 10.0, 30)
    assert [part.after(days) for days in (0, 10, 20, 99)] == [100, 200, 300, 300]
    assert SpacePart("other", 100, 10.0, None).finally_size is None


def test_of_a_young_journal_no_day_is_told(yard: MeterSite) -> None:
    """What a start brings, and rows before they are sealed, are no rate for a year."""
    fill(yard, 1)
    answer = ask(yard, max_size=yard.journal.disk_usage().used + 1)
    assert (answer.young, answer.full_at, answer.finally_size) == (True, None, None)
    fill(yard, 2)
    assert not ask(yard).young


def test_an_empty_journal_is_told_too(yard: MeterSite) -> None:
    answer = ask(yard)
    assert (answer.signals, answer.oldest, answer.full_at) == ((), 0, None)


def test_the_command_says_it_in_both_languages_and_as_json(yard: MeterSite) -> None:
    fill(yard, 2)
    folder = yard.site.source
    shown = CliRunner().invoke(facilityd, ["storage", folder, "--lang", "en"])
    assert shown.exit_code == 0, shown.output
    assert "by the hour" in shown.output
    assert "never be full" in shown.output or "it is full on" in shown.output
    chinese = CliRunner().invoke(facilityd, ["storage", folder, "--signals", "--lang", "zh"]).output
    assert "小时汇总" in chinese
    assert "power" in chinese
    data = json.loads(CliRunner().invoke(facilityd, ["storage", folder, "--json"]).stdout)
    assert {"samples", "rollup_1h", "alarms"} <= {one["part"] for one in data["parts"]}
    assert data["used"] > 0
    assert {one["device"] for one in data["signals"]} == {"gate"}


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (20 * 2**20, "20 MiB"), (2**31, "2.0 GiB")],
)
def test_sizes_are_read_with_ease(size: int, text: str) -> None:
    assert size_text(size) == text


def test_sealed_samples_have_a_part_of_their_own_and_count_for_their_signals(yard: MeterSite) -> None:
    fill(yard, 3)
    yard.journal.commit([RollupWrite(T0 + 4 * DAY, 0, 1000)])
    before = ask(yard)
    with JournalReader.open(yard.journal.path) as reader:
        for write in reader.sealing(T0 + 2 * DAY):
            yard.journal.commit([write] if write else [])
    answer = ask(yard)
    parts = {one.name: one for one in answer.parts}
    assert parts["sealed"].size > 0
    assert parts["samples"].size < {one.name: one for one in before.parts}["samples"].size
    assert answer.oldest == before.oldest
    assert parts["samples"].kept_days == 2
    assert parts["sealed"].kept_days == yard.site.store.keep / DAY - 2
    assert parts["sealed"].per_day < parts["samples"].per_day
    whole = parts["sealed"].size + parts["samples"].size
    assert sum(one.samples for one in answer.signals) == pytest.approx(whole, rel=0.01)
