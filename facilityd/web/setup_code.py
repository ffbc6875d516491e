"""The code that lets somebody make the first account."""

from __future__ import annotations

import os
import secrets

SETUP_CODE = "FACILITYD_SETUP_CODE"
"""The environment variable that may hold the code when `serve` is started."""
_BYTES, _LEAST = 6, 12


def setup_code() -> str:
    """Return the code that was given, where it is long enough, else a new one."""
    given = os.environ.get(SETUP_CODE, "").strip().lower()
    return given if len(given) >= _LEAST else secrets.token_hex(_BYTES)
