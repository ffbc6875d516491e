"""The next ceremony and how long until then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from facilityd.app.ceremony import Ceremonies, Ceremony
from facilityd.config.site import Site
from facilityd.model.sample import NS


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
