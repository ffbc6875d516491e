"""Ports of a scenario in real time: whoever is away for a moment finds its own again."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from facilityd.scenario.real_runtime import free_ports


def test_ports_are_different_free_and_not_those_that_the_system_lends() -> None:
    ports = free_ports(50)
    assert len(set(ports)) == 50
    for port in ports:
        with socket.socket() as one:
            one.bind(("127.0.0.1", port))
    lent = Path("/proc/sys/net/ipv4/ip_local_port_range")
    if not lent.exists():
        pytest.skip("this system does not say which ports it lends")
    first, last = map(int, lent.read_text().split())
    assert not [port for port in ports if first <= port <= last]
