"""A site's journal from Python: `from facilityd.client import Client`."""

from __future__ import annotations

from facilityd.client.client import Client
from facilityd.client.history import SignalHistory

__all__ = ["Client", "SignalHistory"]
