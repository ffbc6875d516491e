"""Looks for units behind a wildcard topic: what is like the pattern is told, once; nothing is made here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from devices.mqtt.decode import Extractor, decode, extractors
from devices.profile import MqttProfile
from devices.unit import UnitTemplate
from facilityd.model.topic import LONGEST_NAME, joined, unfit

TRIES = 20
"""Messages of one name that are looked into before it is held to be something else."""
MOST_NAMES = 1000
"""Names that are kept apart; further ones are not looked at."""
FOUND = ""
UNLIKE = "nothing that it says is what the profile expects"
RETAINED = "only an old message that the broker keeps was heard, so nobody knows whether it is there"
NO_ROOM = "as many are found already as 'discover' allows"
TOO_MANY = f"more than {MOST_NAMES} names are heard, and further ones are not looked at"


@dataclass(frozen=True, slots=True)
class DiscoveredName:
    """A name seen in place of a pattern's ``+``; ``why`` it is no unit, empty where it may be one."""

    pattern: str
    name: str
    why: str


@dataclass(slots=True)
class _Heard:
    why: str | None = None
    tries: int = 0


@dataclass(slots=True)
class WildcardSubscriber:
    """Listens for names that stand in place of one pattern's ``+``."""

    template: UnitTemplate
    tell: Callable[[DiscoveredName], None]
    _names: dict[str, _Heard] = field(default_factory=dict)
    _wanted: dict[str, list[Extractor]] = field(init=False)
    _found: int = 0
    _full: bool = False

    def __post_init__(self) -> None:
        unit = self.template.unit
        if not isinstance(unit.profile, MqttProfile):
            raise TypeError(f"{unit.id} is not an MQTT unit")
        self._wanted = extractors(unit.bindings, unit.streams)

    @property
    def filters(self) -> list[str]:
        """Everything to subscribe to; it brings the messages of the units that are known, too."""
        profile = self.template.unit.profile
        there = profile.availability if isinstance(profile, MqttProfile) else None
        below = [*self._wanted, there.topic] if there else [*self._wanted]
        return [joined(self.template.unit.topic, topic) for topic in below]

    def hear(self, topic: str, payload: bytes, *, retained: bool) -> bool:
        """Look at a message of nobody known; return whether it was of this pattern. Raises nothing."""
        name, below = self._split(topic)
        extract = self._wanted.get(below, ())
        if not name or not extract or name in self.template.known:
            return False
        if self.template.unit.topic.replace("+", name) in self.template.taken:
            return False
        name = name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"
        known = self._names.get(name)
        if known is None:
            if len(self._names) >= MOST_NAMES:
                self._overflow()
                return False
            known = self._names[name] = _Heard()
        if known.why == FOUND:
            return True
        if known.tries >= TRIES:
            return False
        known.tries += not retained
        like = any(reason is None for _, reason in decode(payload, extract).values())
        self._judge(name, known, like=like, retained=retained)
        return like

    def _overflow(self) -> None:
        if not self._full:
            self._full = True
            self.tell(DiscoveredName(self.template.unit.id, "…", TOO_MANY))

    def _split(self, topic: str) -> tuple[str, str]:
        """Return the name in place of ``+`` and the topic below it; two empty texts where it does not fit."""
        before, after = self.template.unit.topic.split("+")
        name, _, rest = topic.removeprefix(before).partition("/")
        tail = f"/{rest}" if rest else ""
        whole = f"{before}{name}{after}"
        if not topic.startswith(before) or not f"{before}{name}{tail}".startswith(whole):
            return "", ""
        below = topic[len(whole) :]
        return (name, below.removeprefix("/")) if not below or below.startswith("/") else ("", "")

    def _judge(self, name: str, known: _Heard, *, like: bool, retained: bool) -> None:
        why = self._why(name, like=like, retained=retained, tries=known.tries)
        if why is None or why == known.why:
            return
        if why == FOUND:
            self._found += 1
        known.why = why
        self.tell(DiscoveredName(self.template.unit.id, name, why))

    def _why(self, name: str, *, like: bool, retained: bool, tries: int) -> str | None:
        """Return what a name is held to be; None while that is unknown."""
        if not like:
            return UNLIKE if tries >= TRIES else None
        if why := unfit(name):
            return why
        if self._found >= self.template.room:
            return NO_ROOM
        return RETAINED if retained else FOUND
