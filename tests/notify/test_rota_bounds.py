"""A rota file that a person or a calendar server spoils costs no more than a moment, and is told by its place."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from facilityd.notify.rota_calendar import RotaUnusable, on_duty, summaries

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
    with pytest.raises(RotaUnusable, match="more than 50 repeating events"):
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


@pytest.mark.parametrize(
    ("event", "line", "why"),
    [
        ("UID:1", 4, "this duty has no beginning"),
        (
            "DTSTART;TZID=Mars/Base:20261101T080000\nDTEND:20261101T200000",
            6,
            "there is no time zone 'Mars/Base'",
        ),
        ("DTSTART:20261101T080000\nDTEND:20261101T080000", 7, "a duty ends .* after it begins"),
        ("DTSTART:20261101T080000\nDTEND:20251101T200000", 7, "a duty ends .* after it begins"),
        ("DTSTART:20261101T080000Z\nDTEND:20261101T200000", 7, "both are written alike"),
        ("DTSTART;VALUE=DATE:20261101\nDTEND:20261101T200000", 7, "both are written alike"),
    ],
)
def test_a_duty_at_no_time_is_refused_by_its_line(event: str, line: int, why: str) -> None:
    """Found in a running daemon: everybody was on duty, with a name of Python's in the log."""
    with pytest.raises(RotaUnusable, match=why) as refused:
        summaries(calendar(event))
    assert refused.value.line == line


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "China Standard Time"])
def test_zones_of_the_world_and_of_outlook_are_known(zone: str) -> None:
    times = f"DTSTART;TZID={zone}:20261130T080000\nDTEND;TZID={zone}:20261130T200000"
    assert on_duty(calendar(times), AT, ZONE, NAMES) == {"li"}
