"""The next ceremony and how long until then, in words."""

from __future__ import annotations

from facilityd.cli.words import sentence, word, words
from facilityd.model.text import Language
from facilityd.query.countdown import Countdown

UNITS = {"zh": (" 小时 ", " 分钟 ", " 秒"), "en": (" h ", " min ", " s")}


def countdown_sentence(coming: Countdown, language: Language, *, seconds: bool = False) -> str:
    """Return one line for a person."""
    if coming.ceremony is None or coming.local is None:
        return sentence("no-ceremony", language)
    name = word(words().ceremony, coming.ceremony.name, language)
    origin = word(words().ceremony, "published" if coming.ceremony.published else "computed", language)
    return sentence(
        "next-ceremony", language, title=name, day=f"{coming.local:%Y-%m-%d}",
        time=f"{coming.local:%H:%M}", origin=origin,
        left=spell(coming.left, language, seconds=seconds),
    )  # fmt: skip


def spell(left: int, language: Language, *, seconds: bool = False) -> str:
    """Return seconds as hours and minutes, with ``seconds`` to the second."""
    hour, minute, second = UNITS[language]
    hours, rest = divmod(left, 3600)
    text = f"{hours}{hour}" if hours else ""
    text += f"{rest // 60:02d}{minute}" if hours else f"{rest // 60}{minute}"
    return (text + f"{rest % 60:02d}{second}" if seconds else text).rstrip()
