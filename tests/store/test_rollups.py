"""Roll-ups: whatever comes, in whatever order, they are what recomputing them from the samples gives."""

from __future__ import annotations

from bisect import bisect_right
from contextlib import ExitStack
from fractions import Fraction
from functools import partial
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.journals import DAY, T0, edit, open_journal, rows, sample, stream

from facilityd.model.quality import Reason
from facilityd.model.sample import NS, Sample, SignalType, Stream
from facilityd.store.history import explained, gaps
from facilityd.store.reader import JournalReader
from facilityd.store.rollup import HOUR, Rollup, joined, roll, stale_after
from facilityd.store.rollup_blocks import HOURS, LEVELS, MINUTES, QUARTERS
from facilityd.store.rollups import RollupWrite
from facilityd.store.samples import SampleWrite
from facilityd.store.whole_hours import doubtful

TYPES = (SignalType.FLOAT, SignalType.BOOL, SignalType.ENUM, SignalType.INT)
PUMP = Stream("pump", "pump", "drive", "bus", ("power", "on", "state", "energy"), TYPES, 40 * NS)
START = T0 // HOUR * HOUR
SPAN = 3 * HOUR


def everything(reader: JournalReader, signal: str, level) -> list[Rollup]:
    return reader.rollups("pump", signal, START - HOUR, START + SPAN + 2 * HOUR, level)


def roll_up(journal, until: int = START + DAY, most: int = 100) -> None:
    journal.commit([RollupWrite(until, 0, most)])


instants = st.integers(0, SPAN // NS - 1).map(lambda s: START + s * NS)
edges = st.sampled_from([START + k * 900 * NS + d for k in range(13) for d in (-NS, 0, 1)])
values = st.tuples(
    st.integers(-500, 500).map(lambda n: n / 100), st.booleans(), st.integers(0, 3), st.integers(0, 50)
)
reasons = st.dictionaries(st.integers(0, 3), st.sampled_from([Reason.TIMEOUT, Reason.CLOCK]), max_size=2)
samples = st.builds(
    lambda at, held, why: Sample(
        PUMP, at, at, tuple(None if why.get(i) is Reason.TIMEOUT else v for i, v in enumerate(held)), why
    ),
    st.one_of(instants, edges), values, reasons,
)  # fmt: skip
steps = st.lists(
    st.one_of(
        st.lists(samples, min_size=1, max_size=6).map(lambda found: ("commit", found)),
        st.tuples(st.just("roll"), st.integers(1, 3)),
        st.tuples(st.just("restart"), st.just(None)),
    ),
    max_size=14,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps)
def test_roll_ups_are_what_recomputing_gives_in_any_order_of_arrival(taken):
    with TemporaryDirectory() as folder, ExitStack() as stack:
        journal = stack.enter_context(open_journal(Path(folder)))
        reader = stack.enter_context(JournalReader.open(journal.path))
        for kind, what in taken:
            if kind == "commit":
                journal.commit([SampleWrite(what)])
            elif kind == "roll":
                roll_up(journal, most=what)
            else:
                journal.close()
                journal = stack.enter_context(open_journal(Path(folder)))
        before = [everything(reader, signal, level) for signal in PUMP.signals for level in LEVELS]
        roll_up(journal)
        assert not reader.rollup_due(START + DAY)
        after = [everything(reader, signal, level) for signal in PUMP.signals for level in LEVELS]
        assert before == after, "what is not rolled up yet reads the same"
        recomputed = []
        for index, signal in enumerate(PUMP.signals):
            raw = list(reader.history("pump", signal, 0, START + 2 * SPAN))
            held = [(at, value, reason is None) for at, value, reason in raw]
            states = TYPES[index] is SignalType.ENUM
            stale = stale_after(PUMP.expected)
            fine = []
            for hour in range(START - HOUR, START + SPAN + 2 * HOUR, HOUR):
                own = [one for one in held if hour - stale <= one[0] < hour + HOUR]
                fine += roll(own, hour, hour + HOUR, MINUTES.width, stale, states=states)
            recomputed += [list(joined(fine, level.width)) for level in LEVELS]
        assert after == recomputed


def slow_reference(held, since, until, stale):
    """The same figures of one bucket by looking at each piece of time between any two edges."""
    ats = [at for at, _, _ in held]
    edges = sorted({since, until, *ats, *(at + stale for at in ats)})
    area, covered, good, states = Fraction(0), 0, 0, {}
    for a, b in pairwise(edges):
        if a < since or b > until:
            continue
        place = bisect_right(ats, a) - 1
        if place < 0 or a - ats[place] >= stale or held[place][1] is None:
            continue
        value = held[place][1]
        area += Fraction(value) * (b - a)
        covered += b - a
        good += (b - a) * held[place][2]
        states[int(value)] = states.get(int(value), 0) + b - a
    inside = [(value, fine) for at, value, fine in held if since <= at < until]
    numbers = [value for value, _ in inside if value is not None]
    bad = sum(not fine for _, fine in inside)
    return area / covered if covered else None, covered, good, states, numbers, bad


held_values = st.lists(
    st.tuples(st.integers(-200, 2000), st.one_of(st.none(), st.integers(-9, 9).map(float)), st.booleans()),
    max_size=20, unique_by=lambda one: one[0],
).map(lambda found: sorted((at, value, good and value is not None) for at, value, good in found))  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(held_values, st.sampled_from([60, 300, 1800]), st.sampled_from([30, 90, 500]))
def test_the_mean_over_time_and_all_else_against_a_slow_reference(held, width, stale):
    found = {one.start: one for one in roll(held, 0, 1800, width, stale, states=True)}
    for start in range(0, 1800, width):
        mean, covered, good, states, numbers, bad = slow_reference(held, start, start + width, stale)
        one = found.get(start, Rollup(start))
        assert (one.covered, one.good, one.states) == (covered, good, states)
        assert (one.count, one.bad) == (len(numbers), bad)
        assert (one.mean is None) is (mean is None)
        if mean is not None:
            assert one.mean == pytest.approx(float(mean), abs=1e-9)
        assert (one.first, one.last) == ((numbers[0], numbers[-1]) if numbers else (None, None))
        assert (one.least, one.greatest) == ((min(numbers), max(numbers)) if numbers else (None, None))


@pytest.mark.parametrize(
    ("readings", "expected"),
    [([10, 12, 15], 5), ([10, 12, 0, 3], 5), ([10, 12, 1, 3, 0, 2], 7), ([7], 0), ([100, 99, 101], 1)],
)
def test_a_counter_goes_on_over_resets_wherever_buckets_end(readings, expected):
    """It began anew at 0; a correction by a little is no reset."""
    held = [(n * 30, value, True) for n, value in enumerate(readings)]
    for width in (30, 60, 600):
        (whole,) = joined(roll(held, 0, 600, width, 90), 600)
        assert whole.increase == expected


def test_a_counter_of_16_bits_goes_on_over_its_end():
    held = [(0, 65530, True), (30, 65534, True), (60, 3, True), (90, 9, True)]
    (whole,) = joined(roll(held, 0, 600, 60, 90), 600)
    assert whole.rolled_over(65536) == 15


def test_a_gap_is_no_value_and_an_hour_that_is_held_into_has_its_share(tmp_path):
    with open_journal(tmp_path) as journal, JournalReader.open(journal.path) as reader:
        at = START + HOUR - 30 * NS
        journal.commit([SampleWrite([Sample(PUMP, at, at, (2.0, True, 1, 7))])])
        roll_up(journal)
        assert rows(journal.path, "SELECT count(*) FROM rollup_due") == [(0,)]
        first, second = everything(reader, "power", HOURS)
        assert (first.start, first.count, first.covered, first.mean) == (START, 1, 30 * NS, 2.0)
        assert (second.start, second.count, second.covered) == (START + HOUR, 0, 90 * NS)
        assert (second.mean, second.last) == (2.0, None)
        states = [one.states for one in everything(reader, "state", HOURS)]
        assert states == [{1: 30 * NS}, {1: 90 * NS}]


def test_minutes_are_stored_only_where_there_is_more_than_they_say(tmp_path):
    fast, slow = stream("fast", "drive", 1, expected=NS), stream("slow", "drive", 1)
    with open_journal(tmp_path) as journal, JournalReader.open(journal.path) as reader:
        journal.commit([SampleWrite([sample(fast, START + n * NS) for n in range(3600)])])
        journal.commit([SampleWrite([sample(slow, START + n * 30 * NS) for n in range(120)])])
        roll_up(journal)
        stored = rows(journal.path, "SELECT stream, count FROM rollup WHERE level = 1 ORDER BY block")
        assert stored == [(1, 60)]
        for device in ("fast", "slow"):
            assert len(reader.rollups(device, "s0", START, START + HOUR, MINUTES)) == 60
            assert len(reader.rollups(device, "s0", START, START + HOUR, QUARTERS)) == 4


def test_who_comes_after_the_samples_are_gone_replaces_no_roll_up(tmp_path):
    hoist = stream(count=1)
    with open_journal(tmp_path, max_age=DAY) as journal, JournalReader.open(journal.path) as reader:
        journal.commit([SampleWrite([sample(hoist, START + n * 30 * NS) for n in range(120)])])
        roll_up(journal)
        before = reader.rollups("hoist-1", "s0", START, START + HOUR, HOURS)
        for n in range(3):
            journal.commit([SampleWrite([sample(hoist, START + 3 * DAY + n * NS)])])
        assert len(list(reader.history("hoist-1", "s0", START, START + HOUR))) < 120
        late = Sample(hoist, START + 60 * NS, START + 3 * DAY + 9 * NS, (99.0,))
        journal.commit([SampleWrite([late])])
        roll_up(journal)
        assert reader.rollups("hoist-1", "s0", START, START + HOUR, HOURS) == before
        assert reader.counters()["rollup_too_late"] == 1


def test_each_level_is_kept_as_long_as_the_site_says(tmp_path):
    hoist = stream(count=1)
    with open_journal(tmp_path, max_age=DAY) as journal, JournalReader.open(journal.path) as reader:
        journal.commit([SampleWrite([sample(hoist, START + n * NS) for n in range(3600)])])
        roll_up(journal)
        later = START + 500 * DAY
        for n in range(600):
            journal.commit([SampleWrite([sample(hoist, later + n * NS)])])
        kept = [len(reader.rollups("hoist-1", "s0", START, START + HOUR, level)) for level in LEVELS]
        assert kept == [0, 0, 1]


def test_a_damaged_block_has_no_values(tmp_path):
    hoist = stream(count=1)
    with open_journal(tmp_path) as journal, JournalReader.open(journal.path) as reader:
        journal.commit([SampleWrite([sample(hoist, START + n * 30 * NS) for n in range(120)])])
        roll_up(journal)
        edit(journal.path, "UPDATE rollup SET data = CAST(substr(data, 1, 9) || x'00' AS BLOB)")
        assert reader.rollups("hoist-1", "s0", START, START + HOUR, HOURS) == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps, st.integers(0, 5 * 3600), st.integers(1, 5 * 3600))
def test_gaps_are_the_same_where_whole_hours_are_not_read(taken, begin, length):
    """Hours that were read all the time stand between those that chance wrote into."""
    since = START - HOUR + begin * NS
    until = since + length * NS
    with (
        TemporaryDirectory() as name,
        open_journal(Path(name)) as journal,
        JournalReader.open(journal.path) as reader,
    ):
        steady = [
            Sample(PUMP, at, at, (1.0, True, 1, 7))
            for at in range(START + HOUR, START + 2 * HOUR + 1, 100 * NS)
        ]
        journal.commit([SampleWrite(steady)])
        for step, given_ in taken:
            if step == "commit":
                journal.commit([SampleWrite(given_)])
            elif step == "roll":
                roll_up(journal, most=given_)
        read = partial(reader.history, "pump", "power")
        every = list(explained(gaps(read, PUMP.expected, since, until), [], PUMP.expected))
        assert list(reader.gaps("pump", "power", since, until)) == every


def test_a_month_without_a_gap_is_not_read_for_one(tmp_path):
    fast = stream("fast", "drive", 1, expected=NS)
    with open_journal(tmp_path) as journal, JournalReader.open(journal.path) as reader:
        for hour in range(3):
            journal.commit([SampleWrite([sample(fast, START + hour * HOUR + n * NS) for n in range(3600)])])
        roll_up(journal)
        hours = reader.rollups("fast", "s0", START, START + 3 * HOUR, HOURS)
        assert doubtful(hours, START, START + 3 * HOUR, 0) == []
        assert doubtful(hours, START - NS, START + 4 * HOUR, 0) == [
            (START - NS, START), (START + 3 * HOUR, START + 4 * HOUR),
        ]  # fmt: skip
        assert doubtful(hours, START, START + HOUR, START + 1) == [(START, START + HOUR)], (
            "samples are forgotten"
        )
