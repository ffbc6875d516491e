"""Healthy lamps anywhere on earth, in any season, give no alarm of the hour."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from facilityd.app.calendar import SiteCalendar
from facilityd.app.ceremony import Ceremonies
from facilityd.detect.context import RuleContext
from facilityd.detect.engine import RuleEngine
from facilityd.model.sample import NS, Sample, Stream
from simulators.physics import World
from simulators.square import Square
from tests.detect.test_lighting_rules import LIGHTING, SIGNALS

PLACES = {
    "Beijing": (39.9, 116.4, "Asia/Shanghai"),
    "Madrid": (40.4, -3.7, "Europe/Madrid"),
    "Honolulu": (21.3, -157.8, "Pacific/Honolulu"),
    "Kiritimati": (1.9, -157.4, "Pacific/Kiritimati"),
    "Auckland": (-36.8, 174.7, "Pacific/Auckland"),
    "Helsinki": (60.2, 24.9, "Europe/Helsinki"),
    "Tromsø": (69.65, 18.96, "Europe/Oslo"),
    "Ushuaia": (-54.8, -68.3, "America/Argentina/Ushuaia"),
}
STARTS = ("2026-03-28T12:00", "2026-05-17T12:00", "2026-06-20T15:00", "2026-10-24T12:00", "2026-12-20T12:00")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("start", STARTS)
def test_no_alarm_of_the_hour(place: str, start: str) -> None:
    latitude, longitude, zone = PLACES[place]
    begin = int(datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone)).timestamp()) * NS
    square = Square({"weather": "weather", "it": "lighting"}, World(latitude, longitude, zone, begin), 1)
    calendar = SiteCalendar(Ceremonies(latitude, longitude, 0, timezone=zone), zone)
    types = tuple(LIGHTING.signals[s].type for s in SIGNALS)
    stream = Stream("it", "lighting", "unit", "bus", SIGNALS, types, 180 * NS)
    engine = RuleEngine({"lighting": LIGHTING}, [stream], calendar.near, RuleContext(calendar))
    for _ in range(72 * 20):
        square.advance(180, step=180)
        now, values = square.world.now, square.models["it"].read()
        for found in engine.evaluate([Sample(stream, now, now, tuple(values[s] for s in SIGNALS))]):
            local = datetime.fromtimestamp(now / NS, ZoneInfo(zone))
            assert not found.verdict, f"{found.rule} at {local:%d %H:%M}: {found.evidence}"


def test_the_sun_of_white_nights_rises_and_sets() -> None:
    instants = Ceremonies(60.2, 24.9, 0).instants(date(2026, 6, 20))
    assert len(instants) == 6, "sunrise and sunset of three days, although it is never dark"
    hours = {datetime.fromtimestamp(at / NS, UTC).hour for at in instants}
    assert hours == {0, 19}
