"""What answers are made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

When = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
MaybeWhen = When | None
Scalar = bool | float | str | None


class Answer(BaseModel):
    """Base of every answer."""

    model_config = ConfigDict(extra="allow")


class BothTexts(Answer):
    """A text in Chinese and English; both may be empty."""

    zh: str
    en: str
