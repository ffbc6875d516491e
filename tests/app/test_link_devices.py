"""A link as a device of its own has the signals that its protocol can bring."""

from __future__ import annotations

from dataclasses import replace

from devices.unit import SparkplugSettings
from facilityd.app.builtin import all_devices
from facilityd.config.load import load
from facilityd.model.link import EdgeNodeCounts, LinkHealth
from facilityd.scenario.load import square
from facilityd.supervise.health import link_values

NODES = {"unborn", "unborn_nodes", "rebirths", "gaps", "malformed"}


def test_a_broker_has_no_share_of_answers_for_nobody_asks_over_it() -> None:
    devices = all_devices(load(square()))
    (broker,) = devices["link-broker"].streams
    (bus,) = devices["link-dali"].streams
    asked = {"answered", "latency", "retries", "lateness_p50", "lateness_p99", "load"}
    assert set(bus.signals) - set(broker.signals) == asked
    assert "up" in broker.signals
    assert not NODES & (set(bus.signals) | set(broker.signals))


def test_a_link_with_edge_nodes_says_how_they_do() -> None:
    site = load(square())
    link = replace(site.links["broker"], sparkplug=SparkplugSettings())
    (stream,) = all_devices(replace(site, links={"broker": link}))["link-broker"].streams
    assert set(stream.signals) >= NODES
    nodes = EdgeNodeCounts(("yard/a", "yard/b"), rebirths=3, gaps=2, malformed=1)
    told = link_values(LinkHealth("broker", up=True, edge_nodes=nodes))
    assert {name: told[name] for name in NODES} == {
        "unborn": 2, "unborn_nodes": "yard/a, yard/b", "rebirths": 3, "gaps": 2, "malformed": 1,
    }  # fmt: skip
