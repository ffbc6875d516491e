"""Tables of words that are shipped beside the code which uses them."""

from __future__ import annotations

from importlib.resources import files
from typing import TypeVar

import yaml

from facilityd.model.text import Strict

SAFE_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
"""The one in C reads ten times as fast."""
Table = TypeVar("Table", bound=Strict)


def shipped_table(package: str, name: str, kind: type[Table]) -> Table:
    """Return the YAML file ``name`` of a package. Raises ValidationError where it is not of ``kind``."""
    source = files(package).joinpath(name).read_text(encoding="utf-8")
    return kind.model_validate(yaml.load(source, Loader=SAFE_LOADER))  # noqa: S506 - both load data only
