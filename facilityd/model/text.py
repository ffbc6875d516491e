"""Bilingual text: 简体中文 and English, always both."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")


class Strict(BaseModel):
    """Base of everything read from a file: unknown keys are refused, nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(Strict):
    """One message in both languages."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def in_(self, language: Language) -> str:
        """Return the wording for one reader."""
        return self.zh if language == "zh" else self.en
