"""Names that are taken: by what a sink's line says beside the signals, or by the measurements it has."""

from __future__ import annotations

BAD = "bad"
"""The text field that says what is not good, as 'signal:reason,…' or '*:reason'."""
ALARM = "alarm"
"""The measurement of the changes of alarms; those of samples are called as their families."""
RESERVED_SIGNALS = frozenset({BAD, "time", "site", "device", "unit"})
"""Names a signal may not have: they are tags, or mean something to the server."""
RESERVED_FAMILIES = frozenset({ALARM})
