from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.journals import T0, connected, open_journal, sample, stream

from facilityd.model.downtime import Downtime
from facilityd.model.quality import Reason
from facilityd.model.sample import NS, SignalType, Stream
from facilityd.store.history import Bucket, Carrier, Gap, Point, _gaps, buckets, explained
from facilityd.store.reader import JournalReader
from facilityd.store.samples import SampleWrite

HOIST = stream(expected=10 * NS)
LAMP = stream("lamp-1", "relay", 2)


@pytest.fixture
def journal(tmp_path):
    with open_journal(tmp_path) as opened:
        yield opened


@pytest.fixture
def reader(journal):
    with JournalReader.open(journal.path) as opened:
        yield opened


def fill(journal, seconds: Sequence[int], of: Stream = HOIST, **reasons: Reason) -> None:
    values = [None if name in reasons and not reasons[name].keeps_value else 1.0 for name in of.signals]
    journal.commit([SampleWrite([sample(of, T0 + s * NS, *values, **reasons) for s in seconds])])


def gaps(reader, since: int, until: int) -> list[tuple[int, int, Reason | None]]:
    found = reader.gaps("hoist-1", "s0", T0 + since * NS, T0 + until * NS)
    return [((gap.since - T0) // NS, (gap.until - T0) // NS, gap.reason) for gap in found]


def test_history_is_half_open_and_of_one_signal(journal, reader):
    samples = [sample(HOIST, T0 + n * NS, float(n), float(-n)) for n in range(10)]
    journal.commit([SampleWrite([*samples, sample(LAMP, T0 + 3 * NS, 99.0, 99.0)])])
    found = list(reader.history("hoist-1", "s1", T0 + 2 * NS, T0 + 5 * NS))
    assert found == [(T0 + n * NS, float(-n), None) for n in (2, 3, 4)]


def test_history_tells_why_there_is_no_value(journal, reader):
    fill(journal, [0])
    fill(journal, [1], s0=Reason.TIMEOUT)
    fill(journal, [2], s1=Reason.TIMEOUT)
    fill(journal, [3], s0=Reason.AGE_UNKNOWN)
    found = [(value, reason) for _, value, reason in reader.history("hoist-1", "s0", T0, T0 + 9 * NS)]
    assert found == [(1.0, None), (None, Reason.TIMEOUT), (1.0, None), (1.0, Reason.AGE_UNKNOWN)]


def test_history_leaps_over_months_and_pages(journal, reader):
    minutes = [0, 1, 61, 62, 200, 43_200, 86_400, 86_401]
    fill(journal, [minute * 60 for minute in minutes])
    found = [at for at, _, _ in reader.history("hoist-1", "s0", T0, T0 + 10**8 * NS)]
    assert found == [T0 + minute * 60 * NS for minute in minutes]
    assert len(list(reader.history("hoist-1", "s0", 0, 2**62))) == len(minutes)


def test_what_is_unknown_has_no_history(journal, reader):
    fill(journal, [0])
    assert list(reader.history("hoist-1", "nothing", 0, 2**62)) == []
    assert list(reader.history("nobody", "s0", 0, 2**62)) == []


def test_an_open_history_does_not_hold_the_log(journal, reader):
    fill(journal, [minute * 60 for minute in range(200)])
    run = reader.history("hoist-1", "s0", T0, 2 * T0)
    next(run)
    fill(journal, range(20_000, 21_000))
    with connected(journal.path) as db:
        pages_in_log, written_back = db.wal_checkpoint()
    assert pages_in_log == written_back
    assert len(list(run)) == 199 + 1000


def test_buckets(journal, reader):
    fill(journal, [0, 1, 2])
    fill(journal, [3], s0=Reason.TIMEOUT)
    journal.commit([SampleWrite([sample(HOIST, T0 + 25 * NS, v) for v in (2.0, 4.0)])])
    fill(journal, [41], s0=Reason.TIMEOUT)
    found = list(reader.buckets("hoist-1", "s0", T0, T0 + 100 * NS, 10 * NS))
    assert found == [
        Bucket(T0, 3, 1.0, 1.0, 1.0, 1),
        Bucket(T0 + 20 * NS, 2, 3.0, 2.0, 4.0, 0),
        Bucket(T0 + 40 * NS, 0, None, None, None, 1),
    ]


def test_buckets_of_a_switch_tell_the_share_of_time(journal, reader):
    relay = Stream("lamp-2", "lantern", "relay", "l", ("on",), (SignalType.BOOL,), NS)
    journal.commit([SampleWrite([sample(relay, T0 + n * NS, n < 3) for n in range(4)])])
    bucket = next(reader.buckets("lamp-2", "on", T0, T0 + 10 * NS, 10 * NS))
    assert (bucket.mean, bucket.low, bucket.high) == (0.75, False, True)


@given(
    st.lists(st.tuples(st.integers(0, 500), st.none() | st.floats(-1e6, 1e6), st.booleans())),
    st.integers(1, 100),
)
def test_buckets_lose_and_invent_nothing(raw, width):
    run: list[Point] = [
        (at, v, Reason.TIMEOUT if bad or v is None else None)
        for at, v, bad in sorted(raw, key=lambda r: r[0])
    ]
    found = list(buckets(run, 0, width))
    assert sum(bucket.count for bucket in found) == sum(v is not None for _, v, _ in run)
    assert sum(bucket.bad for bucket in found) == sum(reason is not None for _, _, reason in run)
    assert [bucket.start for bucket in found] == sorted({at // width * width for at, _, _ in run})


def test_no_gap_while_samples_keep_coming(journal, reader):
    fill(journal, range(0, 300, 30))
    assert gaps(reader, 0, 300) == []


def test_silence_is_a_gap_from_the_last_sample_to_the_next(journal, reader):
    fill(journal, [0, 10, 20, 51, 60])
    assert gaps(reader, 0, 70) == [(20, 51, None)]


def test_silence_at_both_ends(journal, reader):
    fill(journal, [100, 110])
    assert gaps(reader, 0, 200) == [(0, 100, None), (110, 200, None)]


def test_a_sample_shortly_before_the_window_counts(journal, reader):
    fill(journal, [90, 115])
    assert gaps(reader, 100, 140) == []
    assert gaps(reader, 100, 150) == [(115, 150, None)]


def test_bad_values_are_a_gap_with_its_reason(journal, reader):
    fill(journal, [0, 10])
    fill(journal, [20, 30], s0=Reason.TIMEOUT)
    fill(journal, [40], s0=Reason.LINK_DOWN)
    fill(journal, [50, 60])
    fill(journal, [70], s0=Reason.AGE_UNKNOWN)
    assert gaps(reader, 0, 80) == [(20, 40, Reason.TIMEOUT), (40, 50, Reason.LINK_DOWN)]


def test_bad_then_silent_then_bad(journal, reader):
    fill(journal, [0])
    fill(journal, [10, 20, 100, 110], s0=Reason.TIMEOUT)
    assert gaps(reader, 0, 120) == [
        (10, 20, Reason.TIMEOUT),
        (20, 100, None),
        (100, 120, Reason.TIMEOUT),
    ]


def test_another_signals_trouble_is_no_gap(journal, reader):
    fill(journal, [0])
    fill(journal, [10, 20], s1=Reason.TIMEOUT)
    assert gaps(reader, 0, 30) == []


def test_nothing_at_all_is_one_gap(journal, reader):
    assert gaps(reader, 0, 30) == [(0, 30, None)]


@given(st.lists(st.tuples(st.integers(0, 400), st.booleans()), max_size=30))
def test_gaps_are_ordered_and_every_value_lies_outside(raw):
    run: list[Point] = [
        (at, 1.0, None) if good else (at, None, Reason.TIMEOUT) for at, good in dict(raw).items()
    ]
    run.sort()
    found = [gap for gap in _gaps(run, 0, 400, 30) if gap.until > gap.since]
    for before, after in pairwise(found):
        assert before.until <= after.since
    for at, value, _ in run:
        inside = [gap for gap in found if gap.since < at < gap.until or (gap.since == at and gap.reason)]
        assert not (inside and value is not None)
    assert all(isinstance(gap, Gap) for gap in found)


@given(
    ends=st.lists(st.integers(0, 1000), min_size=2, max_size=2, unique=True).map(sorted),
    downs=st.lists(st.tuples(st.integers(-100, 1100), st.integers(1, 400)), max_size=4),
    expected=st.integers(1, 40),
)
def test_a_gap_that_is_explained_is_as_long_as_before(ends, downs, expected):
    downs = sorted((since, since + length) for since, length in downs)
    apart = [one for n, one in enumerate(downs) if all(one[0] >= end for _, end in downs[:n])]
    downtimes = [Downtime(*one) for one in apart]
    carrier = Carrier(1, (SignalType.FLOAT,), 0, expected)
    found = list(explained([Gap(*ends, None)], downtimes, carrier.expected))
    assert [found[0].since, found[-1].until] == ends
    assert all(a.until == b.since for a, b in pairwise(found))
    assert all(gap.since < gap.until for gap in found)
    silence = 3 * expected
    for gap in found:
        if gap.downtime is None and len(found) > 1:
            assert gap.until - gap.since > silence, "what is left over is a gap itself"
    whole = [one for one in downtimes if one.since <= ends[0] and one.until >= ends[1]]
    assert not whole or [gap.downtime for gap in found] == whole


def test_a_bad_value_keeps_its_reason_whoever_watched():
    gap = Gap(0, 100, Reason.TIMEOUT)
    assert list(explained([gap], [Downtime(0, 100)], 1)) == [gap]
