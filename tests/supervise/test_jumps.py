"""A wall clock that jumps an hour: noticed, marked, told, and then over."""

from __future__ import annotations

from dataclasses import dataclass

from facilityd.model.clock import Clock
from facilityd.model.quality import Reason
from facilityd.model.sample import NS, Sample, SignalType, Stream
from facilityd.pipeline.ingest_queue import IngestQueue
from facilityd.supervise.clock_steps import ClockStepMonitor

STREAM = Stream("d", "contact", "u", "l", ("a", "b"), (SignalType.FLOAT,) * 2)


@dataclass
class Hands:
    wall: int = 1_000 * NS
    steady: int = 5 * NS

    def clock(self) -> Clock:
        return Clock(lambda: self.wall, lambda: self.steady)

    def pass_(self, ns: int) -> None:
        self.wall += ns
        self.steady += ns


def test_slow_drift_is_no_jump() -> None:
    hands = Hands()
    clock_steps = ClockStepMonitor(hands.clock())
    for _ in range(100):
        hands.pass_(NS)
        hands.wall += NS // 2
        assert not clock_steps.doubtful()
    assert (clock_steps.count, clock_steps.recent()) == (0, 0.0)


def test_a_jump_is_doubted_told_and_over() -> None:
    for hour in (3600 * NS, -3600 * NS):
        hands = Hands()
        clock = hands.clock()
        clock_steps = ClockStepMonitor(clock)
        before = clock.steady()
        hands.wall += hour
        assert clock_steps.doubtful()
        assert clock.steady() == before
        assert clock_steps.recent() == hour / NS
        hands.pass_(11 * NS)
        assert not clock_steps.doubtful()
        assert clock_steps.recent() == hour / NS
        hands.pass_(700 * NS)
        assert (clock_steps.count, clock_steps.recent()) == (1, 0.0)


def test_samples_taken_in_doubt_keep_their_values_and_say_so() -> None:
    hands = Hands()
    clock_steps = ClockStepMonitor(hands.clock())
    ingest_queue = IngestQueue(doubtful=clock_steps.doubtful)
    ingest_queue.offer([Sample(STREAM, 1, 1, (1.0, None), {1: Reason.TIMEOUT})])
    hands.wall += 3600 * NS
    ingest_queue.offer([Sample(STREAM, 2, 2, (1.0, None), {1: Reason.TIMEOUT})])
    sound, doubtful = ingest_queue.take_now().samples
    assert sound.reasons == {1: Reason.TIMEOUT}
    assert doubtful.values == (1.0, None)
    assert doubtful.reasons == {0: Reason.CLOCK, 1: Reason.TIMEOUT}
