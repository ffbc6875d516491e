"""The next ceremony and how long until then, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from facilityd.app.ceremony import Ceremonies, Ceremony
from facilityd.config.site import Site
from facilityd.model.sample import NS
from facilityd.model.text import Language

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


@dataclass(frozen=True, slots=True)
class Countdown:
    """The next ceremony as seen at ``now``, ns UTC; ``zone`` is the site's."""

    ceremony: Ceremony | None
    now: int
    zone: ZoneInfo

    @property
    def left(self) -> int:
        """Whole seconds until then, rounded up so that 0 is the very moment."""
        return -((self.now - self.ceremony.at) // NS) if self.ceremony else 0

    @property
    def local(self) -> datetime | None:
        """The local time of the ceremony."""
        return datetime.fromtimestamp(self.ceremony.at / NS, self.zone) if self.ceremony else None

    def sentence(self, language: Language, *, seconds: bool = False) -> str:
        """Return one line for a person."""
        if self.ceremony is None or self.local is None:
            return NONE[language]
        return SENTENCE[language].format(
            name=NAMES[language][self.ceremony.name], day=f"{self.local:%Y-%m-%d}",
            time=f"{self.local:%H:%M}", origin=ORIGINS[language][self.ceremony.published],
            left=spell(self.left, language, seconds=seconds),
        )  # fmt: skip

    def plain(self) -> dict[str, object] | None:
        """Return data for JSON; ``in`` in seconds."""
        if self.ceremony is None or self.local is None:
            return None
        origin = "published" if self.ceremony.published else "computed"
        at = self.local.isoformat(timespec="seconds")
        return {"name": self.ceremony.name, "at": at, "origin": origin, "in": self.left}


def countdown(site: Site, now: int) -> Countdown:
    """Return what comes next at a site after an instant in ns UTC."""
    return Countdown(Ceremonies.of(site).following(now), now, ZoneInfo(site.timezone))


def spell(left: int, language: Language, *, seconds: bool = False) -> str:
    """Return seconds as hours and minutes, with ``seconds`` to the second."""
    hour, minute, second = UNITS[language]
    hours, rest = divmod(left, 3600)
    text = f"{hours}{hour}" if hours else ""
    text += f"{rest // 60:02d}{minute}" if hours else f"{rest // 60}{minute}"
    return (text + f"{rest % 60:02d}{second}" if seconds else text).rstrip()
