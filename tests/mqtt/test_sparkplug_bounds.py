"""What a node, or whoever speaks in its name, can make a Sparkplug host keep."""

from __future__ import annotations

import json

from devices.mqtt.sparkplug import SparkplugHost
from simulators.edge_nodes import EdgeNodeEncoder
from simulators.mqtt_encoder import OutgoingMessage


def _said(encoder: EdgeNodeEncoder, unit: str, **metrics: object) -> list[OutgoingMessage]:
    return list(encoder.encode(OutgoingMessage(unit, json.dumps(metrics).encode())))


def _hear(host: SparkplugHost, said: list[OutgoingMessage], now: float) -> None:
    for one in said:
        host.hear(one.topic, one.payload, now)


def test_large_messages_do_not_wait_long_for_one_before_them() -> None:
    host, encoder = SparkplugHost(60.0), EdgeNodeEncoder()
    _hear(host, _said(encoder, "yard/gw", Log="", Level=1.5), 0.0)
    _said(encoder, "yard/gw", Level=2.5)  # never comes
    for n in range(5):
        _hear(host, _said(encoder, "yard/gw", Log="x" * 200_000), float(n))
    assert host.deadline == 60.0
    for n in range(5, 7):
        _hear(host, _said(encoder, "yard/gw", Log="x" * 200_000), float(n))
    assert host.deadline is not None
    assert host.deadline < 7.0, "a megabyte and no more is held"
    news = host.expire(7.0)
    assert host.gaps == 1
    assert host.deadline is None
    assert sum("Log" in one.values for one in news) == 7


def test_of_nodes_that_nobody_watches_nothing_is_kept() -> None:
    host = SparkplugHost(2.0, ["yard/gw"])
    for n in range(100):
        encoder = EdgeNodeEncoder()
        said = _said(encoder, f"yard/gw-{n}/tank", Level=1.5) + _said(encoder, f"yard/gw-{n}/tank", Level=2.5)
        _hear(host, said[-1:], 0.0)
        _hear(host, said, 0.0)
        assert host.hear(f"yard/gw-{n}", b"\xff", 0.0) == []
    assert (host.waits, host.deadline, host.malformed) == ({}, None, 0)


def test_one_that_is_watched_no_more_is_forgotten() -> None:
    host, encoder = SparkplugHost(2.0, ["yard/gw"]), EdgeNodeEncoder()
    _said(encoder, "yard/gw", Level=1.5)
    _hear(host, _said(encoder, "yard/gw", Level=2.5), 0.0)
    assert list(host.waits) == ["yard/gw"]
    assert host.unknown({"yard/gw": ["Level"]}) == ["yard/gw"]
    host.watch(["yard/other"])
    assert (host.waits, host.unknown({"yard/gw": ["Level"]})) == ({}, [])


def test_a_node_that_died_is_not_waited_for() -> None:
    """Nobody is there to be asked; its next birth comes by itself."""
    host, encoder = SparkplugHost(2.0), EdgeNodeEncoder()
    _said(encoder, "yard/gw", Level=1.5)
    _hear(host, _said(encoder, "yard/gw", Level=2.5), 0.0)
    assert host.waits
    host.hear("spBv1.0/yard/NDEATH/gw", b"", 1.0)
    assert host.waits == {}
