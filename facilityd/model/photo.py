"""The name of a photo: the digest of its bytes, so that a name is no path and says what it must hold."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import StringConstraints

PHOTO = r"[0-9a-f]{64}\.(?:jpg|png|webp)"
PhotoName = Annotated[str, StringConstraints(pattern=f"^(?:{PHOTO})?$")]
"""Of a photo in the folder beside the journal; "" for none."""
MOST_PHOTOS = 20
"""Of one task."""
_NAME = re.compile(PHOTO, re.ASCII)


def is_photo(name: object) -> bool:
    """Return whether something names a photo; older journals hold what people called theirs."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def short_name(name: str) -> str:
    """Return what a person tells a photo by in a list; another name as it is."""
    return f"{name[:8]}….{name.rpartition('.')[2]}" if is_photo(name) else name
