"""How many cases a fuzz test plays: 300 in ``make test``, more at night (FACILITYD_FUZZ=10000)."""

from __future__ import annotations

import os

CASES = int(os.environ.get("FACILITYD_FUZZ", "300"))
