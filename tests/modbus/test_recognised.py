"""Who a unit is: constants are strict, ranges are patient, and a dead sensor does not hide its station."""

from __future__ import annotations

import pytest

from devices.modbus.identity import recognised
from devices.profile import IdentityCheck
from facilityd.model.quality import Reason
from facilityd.model.sample import Value

AIR = IdentityCheck(point="air", between=(-50, 60), why="air")
WIND = IdentityCheck(point="wind", between=(1, 60), why="wind")
MODEL = IdentityCheck(point="model", equals=7, why="model")
NONE = (None, Reason.NO_VALUE)


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize(
    ("answers", "wrong"),
    [
        ([(AIR, 20.0, None), (WIND, 3.0, None)], ""),
        ([(AIR, 20.0, None), (WIND, *NONE)], ""),
        ([(AIR, *NONE), (WIND, *NONE)], "air"),
        ([(AIR, 20.0, None), (WIND, None, Reason.TIMEOUT)], "wind"),
        ([(MODEL, 7, None), (WIND, *NONE)], ""),
        ([(MODEL, *NONE), (WIND, 3.0, None)], "model"),
        ([(MODEL, 8, None)], "model"),
        ([], ""),
    ],
)
def test_recognised(
    answers: list[tuple[IdentityCheck, Value | None, Reason | None]], wrong: str, again: bool
) -> None:
    found = recognised(answers, constants_only=again)
    assert (found[0].point if found else "") == wrong


def test_one_reading_beyond_its_range_makes_no_stranger_of_a_known_unit() -> None:
    beyond = (AIR, None, Reason.OUT_OF_RANGE)
    assert recognised([beyond, (WIND, 80.0, None)], constants_only=True) is None
    assert recognised([beyond, (WIND, 80.0, None)], constants_only=False)
    assert recognised([beyond], constants_only=True), "with words swapped nothing holds"


def test_a_range_that_is_left_is_believed_once_known_and_an_absurd_number_never() -> None:
    assert recognised([(WIND, 80.0, None)], constants_only=False)
    assert recognised([(WIND, 80.0, None)], constants_only=True) is None
    assert recognised([(WIND, 1e9, None)], constants_only=True)
