"""The two languages that facilityd speaks, without what checks tables: help loads this and no more."""

from __future__ import annotations

from typing import Literal

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
