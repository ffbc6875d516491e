"""A group of devices with a common cause is a device of its own, by this name."""

from __future__ import annotations

LOST = "lost"
"""The rule of family ``group``."""


def group_name(group: str) -> str:
    """Return the id of the device that stands for a group."""
    return f"group-{group}"
