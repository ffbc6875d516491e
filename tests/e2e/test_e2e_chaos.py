"""Everything outside misbehaves at once for a while: nothing is lost, nothing false is said, nobody is left unheard."""

from pathlib import Path

import pytest
from support.chaos import chaos
from support.influxd import binary
from support.mosquitto import require

SECONDS, SCALE = 40.0, 0.1
"""benchmarks/chaos.py is the same for ten minutes, each misbehaviour ten times as long."""


@pytest.mark.timeout(600)
async def test_whatever_happens_outside_the_watch_goes_on(tmp_path: Path) -> None:
    binary()
    require()
    came = await chaos(tmp_path, SECONDS, seed=3, scale=SCALE, settle=300.0)
    assert came.acts.total() > 30, came.text()
    assert came.arrived.samples > 300, came.text()
    assert not any(came.zeros.values()), came.text()
