"""Tables of words that are shipped beside the code which uses them."""

from __future__ import annotations

from typing import TypeVar

from facilityd.model.shipped_data import shipped_data
from facilityd.model.text import Strict

Table = TypeVar("Table", bound=Strict)


def shipped_table(package: str, name: str, kind: type[Table]) -> Table:
    """Return the YAML file ``name`` of a package. Raises ValidationError where it is not of ``kind``."""
    return kind.model_validate(shipped_data(package, name))
