"""Whose birth the daemon waits for on a Sparkplug link, by its own figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from devices.unit import MqttLink
from facilityd.doctor.verdict import Findings, ProbeResult

NODE_FIGURES = ("unborn", "unborn_nodes", "rebirths", "malformed")
"""The signals of a link that this goes by."""


def edge_nodes(link: MqttLink, figures: Mapping[str, Any]) -> Iterable[ProbeResult]:
    """Say which nodes' values are unknown, and what was none of Sparkplug's; nothing of what is not known."""
    if any(name not in figures for name in NODE_FIGURES) or link.sparkplug is None:
        return
    said, rebirths, malformed = Findings("edge-nodes", link.id), figures["rebirths"], figures["malformed"]
    if malformed:
        yield said.warn("edge-nodes-malformed", malformed=malformed)
    if not figures["unborn"]:
        yield said.ok("edge-nodes-ok", rebirths=rebirths)
    elif link.sparkplug.rebirth:
        yield said.warn("edge-nodes-asked", nodes=figures["unborn_nodes"], rebirths=rebirths)
    else:
        yield said.warn("edge-nodes-unborn", nodes=figures["unborn_nodes"])
