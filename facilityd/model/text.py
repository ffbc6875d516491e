"""Bilingual text: 简体中文 and English, always both."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator

from facilityd.model.language import LANGUAGES, Language
from facilityd.model.plain import plain

__all__ = ["LANGUAGES", "SHORTEST", "Language", "ShortText", "Strict", "Text"]

SHORTEST = 16
"""Characters of a name that stands in the first line of a message beside a place."""


class Strict(BaseModel):
    """Base of everything read from a file: unknown keys are refused, nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Text(Strict):
    """One message in both languages; it ends up in terminals and mails, so it is text and nothing else."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)

    @field_validator("zh", "en")
    @classmethod
    def _is_text(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("a text is needed here")
        if plain(text, len(text), lines=True) != text:
            raise ValueError("holds a control character, an escape sequence or a direction mark")
        return text

    def in_(self, language: Language) -> str:
        """Return the wording for one reader."""
        return self.zh if language == "zh" else self.en


class ShortText(Strict):
    """The same in a few words, in each language whose wording is too long for the first line of a message."""

    zh: str = Field(default="", max_length=SHORTEST)
    en: str = Field(default="", max_length=SHORTEST)

    @field_validator("zh", "en")
    @classmethod
    def _is_text(cls, text: str) -> str:
        if plain(text, len(text)) != text or text != text.strip():
            raise ValueError("a few words are needed here, without control characters or blanks around them")
        return text

    def in_(self, language: Language) -> str:
        """Return the wording for one reader; "" where there is none of its own."""
        return self.zh if language == "zh" else self.en
