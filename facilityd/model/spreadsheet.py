"""Text that goes into a table which a spreadsheet opens."""

from __future__ import annotations

import re

_FORMULA = re.compile(r"^[\s\u3000]*[=+\-@\uff1d\uff0b\uff0d\uff20\t\r]")
"""What a spreadsheet takes for the beginning of a formula, in the wide forms of Chinese keyboards too."""


def harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula; numbers are no text, and do not come here."""
    return f"'{text}" if _FORMULA.match(text) else text
