"""How late polls are and how busy a link is: counted by steps, told as what half and 99 % of them stay within."""

from __future__ import annotations

import random
from math import ceil

from facilityd.model.link import LinkHealth
from facilityd.model.poll_counts import EDGES, PollCounts, PollSpan, PollSpans, together
from facilityd.supervise.health import link_values


def counted(*late: float, busy: float = 0.0) -> PollCounts:
    counts = PollCounts(busy=busy)
    for by in late:
        counts.poll(by)
    return counts


def test_a_percentile_is_the_step_that_the_exact_one_lies_in() -> None:
    chance = random.Random(4)
    for count in (1, 2, 7, 100, 999):
        late = sorted(chance.lognormvariate(-5, 2) for _ in range(count))
        span = PollSpans().take("bus", counted(*late), 0.0)
        for share in (0.5, 0.99):
            exact = late[ceil(share * count) - 1]
            step = next(edge for edge in EDGES if edge >= min(exact, EDGES[-1]))
            assert span.within(share) == step, (count, share)


def test_polls_before_their_time_and_beyond_every_step_are_counted() -> None:
    counts = counted(-0.002, 0.0, 5000.0)
    assert (counts.late[0], counts.late[-1], sum(counts.late)) == (2, 1, 3)
    assert PollSpans().take("bus", counts, 0.0).within(0.99) == EDGES[-1]


def test_each_look_sees_what_came_since_the_one_before() -> None:
    spans, counts = PollSpans(), counted(0.04, busy=1.0)
    spans.take("bus", counts, 100.0)
    for _ in range(10):
        counts.poll(0.0005)
    counts.busy += 3.0
    found = spans.take("bus", counts, 110.0)
    assert (sum(found.late), found.within(0.99), found.load) == (10, 0.001, 0.3)
    again = spans.take("bus", counts, 120.0)
    assert (again.within(0.99), again.load) == (0.0, 0.0), "nothing was due"
    other = spans.take("bus", counted(0.2, busy=2.5), 130.0)
    assert (sum(other.late), other.load) == (1, 0.25), "an adapter that began anew counts from its start"


def test_links_together_are_as_late_as_all_their_polls() -> None:
    spans = [
        PollSpans().take("a", counted(*[0.001] * 98), 0.0),
        PollSpans().take("b", counted(0.9, 0.9), 0.0),
    ]
    whole = together(spans)
    assert (whole.within(0.5), whole.within(0.98), whole.within(0.99)) == (0.001, 0.001, 1.0)
    assert together([]).within(0.99) == 0.0


def test_a_link_that_is_down_tells_nothing_of_its_polls() -> None:
    span = PollSpan(counted(0.01).late, 2.0, 10.0)
    told = link_values(LinkHealth("bus", up=True), span)
    assert (told["lateness_p50"], told["lateness_p99"], told["load"]) == (10.0, 10.0, 20.0)
    assert "load" not in link_values(LinkHealth("bus", up=False), span)
