"""A rota file that a person or a calendar server spoils costs no more than a moment, and is told by its place."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from facilityd.notify.rota_calendar import RotaTooCostly, on_duty, summaries

ZONE = ZoneInfo("Asia/Shanghai")
AT = 1_796_000_000 * 10**9
NAMES = {"li": "li"}


def calendar(*events: str) -> str:
    body = "".join(f"BEGIN:VEVENT\nSUMMARY:li\n{event}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{body}END:VCALENDAR\n"


def repeating(rule: str, begins: str = "20200101T000000", number: int = 1) -> str:
    return f"UID:{number}\nDTSTART:{begins}\nDURATION:PT1S\nRRULE:{rule}"


@pytest.mark.parametrize(
    "event",
    [
        repeating("FREQ=SECONDLY"),
        repeating("FREQ=MINUTELY"),
        repeating("FREQ=HOURLY;INTERVAL=12"),
        repeating("FREQ=DAILY;BYSECOND=0,1,2,3,4,5"),
        repeating("FREQ=DAILY;BYHOUR=1,2,3"),
        repeating("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"),
        repeating("FREQ=WEEKLY;BYSETPOS=9"),
        repeating("FREQ=YEARLY;BYEASTER=0"),
        repeating("FREQ=DAILY;INTERVAL=0"),
        repeating("FREQ=DAILY", begins="00010101T000000"),
        repeating("FREQ=DAILY", begins="19991231"),
        repeating("FREQ=DAILY") + "\nRRULE:FREQ=SECONDLY",
        repeating("FREQ=DAILY") + "\nEXRULE:FREQ=SECONDLY",
        "UID:1\nRRULE:FREQ=DAILY",
    ],
)
def test_what_would_take_for_ever_is_refused_by_every_door(event: str) -> None:
    text = calendar(event)
    for door in (summaries, lambda one: on_duty(one, AT, ZONE, NAMES)):
        with pytest.raises(ValueError, match=r"."):
            door(text)


def test_hundreds_of_repeating_duties_are_refused() -> None:
    events = [repeating("FREQ=DAILY", number=number) for number in range(51)]
    assert summaries(calendar(*events[:50])) == {"li"}
    with pytest.raises(RotaTooCostly, match="more than 50 repeating events"):
        summaries(calendar(*events))


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY",
        "FREQ=DAILY;INTERVAL=1;COUNT=100000",
        "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;WKST=MO",
        "FREQ=MONTHLY;BYMONTHDAY=" + ",".join(map(str, range(1, 32))),
        "FREQ=YEARLY;BYMONTH=" + ",".join(map(str, range(1, 13))) + ";BYDAY=MO,TU,WE,TH,FR,SA,SU",
    ],
)
def test_how_people_write_a_rota_is_still_understood(rule: str) -> None:
    text = calendar(f"UID:1\nDTSTART:20200101T000000\nDURATION:P1D\nRRULE:{rule}")
    assert on_duty(text, AT, ZONE, NAMES) == {"li"}
    assert summaries(text) == {"li"}
