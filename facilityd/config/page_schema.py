"""Section ``page``: what the page in a browser shows beyond what it finds out by itself."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from facilityd.config.fields import Whole
from facilityd.model.text import Strict

COLUMNS, ROWS = 12, 12
"""The grid on which devices are drawn, over the width of a screen and from its top down."""
GridPlace = tuple[Annotated[Whole, Field(ge=1, le=COLUMNS)], Annotated[Whole, Field(ge=1, le=ROWS)]]


class PageConfig(Strict):
    """The page of ``facilityd serve``."""

    simulated: bool = Field(
        default=False,
        description="every unit is simulated on this machine: stories can be played for training",
    )
    at: dict[str, GridPlace] = Field(
        default={}, description="where a device is drawn on a wide screen: [column, row], each 1 to 12"
    )
