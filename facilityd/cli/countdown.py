"""The next ceremony and how long until then, in words."""

from __future__ import annotations

from facilityd.model.text import Language
from facilityd.query.countdown import Countdown

NAMES = {
    "zh": {"sunrise": "日出升旗", "sunset": "日落降旗"},
    "en": {"sunrise": "raising at sunrise", "sunset": "lowering at sunset"},
}
ORIGINS = {"zh": ("计算时刻", "公布时刻"), "en": ("computed", "published")}
SENTENCE = {
    "zh": "下一次仪式：{name}，{day} {time}（{origin}），还有 {left}",
    "en": "next ceremony: {name}, {day} {time} ({origin}), in {left}",
}
NONE = {"zh": "近两天没有日出或日落", "en": "no sunrise or sunset within the next day"}
UNITS = {"zh": (" 小时 ", " 分钟 ", " 秒"), "en": (" h ", " min ", " s")}


def countdown_sentence(coming: Countdown, language: Language, *, seconds: bool = False) -> str:
    """Return one line for a person."""
    if coming.ceremony is None or coming.local is None:
        return NONE[language]
    return SENTENCE[language].format(
        name=NAMES[language][coming.ceremony.name], day=f"{coming.local:%Y-%m-%d}",
        time=f"{coming.local:%H:%M}", origin=ORIGINS[language][coming.ceremony.published],
        left=spell(coming.left, language, seconds=seconds),
    )  # fmt: skip


def spell(left: int, language: Language, *, seconds: bool = False) -> str:
    """Return seconds as hours and minutes, with ``seconds`` to the second."""
    hour, minute, second = UNITS[language]
    hours, rest = divmod(left, 3600)
    text = f"{hours}{hour}" if hours else ""
    text += f"{rest // 60:02d}{minute}" if hours else f"{rest // 60}{minute}"
    return (text + f"{rest % 60:02d}{second}" if seconds else text).rstrip()
