"""What the daemon's settings of the collector do to garbage that refers to itself."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from facilityd.app.daemon import KNOTS, _settle


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()
    gc.collect()


def test_knots_do_not_pile_up() -> None:
    class Knot:
        def __init__(self) -> None:
            self.me = self

    _settle()
    alive = weakref.WeakSet[Knot]()
    for _ in range(6 * KNOTS):
        alive.add(Knot())
    assert len(alive) <= KNOTS


def test_what_lives_as_long_as_the_daemon_is_not_walked() -> None:
    _settle()
    assert gc.get_freeze_count() > 10 * len(gc.get_objects())
