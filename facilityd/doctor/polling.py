"""How late the daemon asks, and how busy its links are, by its own figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from facilityd.doctor.verdict import Findings, ProbeResult

BUSY, LATE = 90.0, 1000.0
"""Of a link's time, in %, and by how many ms 1 % of its polls is late: above it something is wrong."""
FIGURES = ("load", "lateness_p99")
"""The signals of a link that this goes by."""


def polling(link: str, figures: Mapping[str, float]) -> Iterable[ProbeResult]:
    """Say how one link does; nothing of one on which nobody is asked, or of which nothing is known yet."""
    if any(name not in figures for name in FIGURES):
        return []
    said, load, late = Findings("polling", link), figures["load"], figures["lateness_p99"]
    told = {"load": f"{load:.0f}", "late": f"{late:.0f}"}
    if load > BUSY:
        return [said.warn("link-busy", **told)]
    if late > LATE:
        return [said.warn("polls-late", **told)]
    return [said.ok("polling-ok", **told)]
