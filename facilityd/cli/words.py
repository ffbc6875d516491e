"""Codes of the tables as a person reads them: in Chinese by their words, in English as they are."""

from __future__ import annotations

from facilityd.model.text import Language
from facilityd.notify.texts import texts

_QUALITY = {"good": "良好", "old": "数据过期", "never seen": "从未收到"}
_UNLISTED = "unknown-code-"


def show_priority(priority: str, language: Language) -> str:
    """Return a priority, such as ``high``."""
    return texts().priority[priority].in_("zh") if language == "zh" and priority else priority


def show_quality(quality: str, language: Language) -> str:
    """Return a quality: ``good``, or reasons with commas between them."""
    return "；".join(map(_reason, quality.split(", "))) if language == "zh" else quality


def _reason(reason: str) -> str:
    if reason.startswith(_UNLISTED):
        return f"{texts().reason['unknown-code'].in_('zh')} {reason.removeprefix(_UNLISTED)}"
    words = texts().reason.get(reason)
    return words.in_("zh") if words else _QUALITY.get(reason, reason)
