"""A link as a device of its own has the signals that its protocol can bring."""

from __future__ import annotations

from facilityd.app.builtin import all_devices
from facilityd.config.load import load
from facilityd.scenario.load import square


def test_a_broker_has_no_share_of_answers_for_nobody_asks_over_it() -> None:
    devices = all_devices(load(square()))
    (broker,) = devices["link-broker"].streams
    (bus,) = devices["link-dali"].streams
    asked = {"answered", "latency", "retries", "lateness_p50", "lateness_p99", "load"}
    assert set(bus.signals) - set(broker.signals) == asked
    assert "up" in broker.signals
