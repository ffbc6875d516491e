"""Units that serve several devices: who tells of their trouble, so that one cause gives one notice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from facilityd.detect.compile import Feed
from facilityd.detect.silence import SilenceDetector
from facilityd.detect.unread import Sign
from facilityd.detect.unreadable import UnreadableDetector
from facilityd.detect.watch import Watch
from facilityd.model.rule import Rule, may_explain


def share(feeds: Iterable[Feed], rules: Mapping[str, Mapping[str, Rule]]) -> None:
    """Tell each unreadable signal which rules of other devices may tell of its unit; ``rules`` by device.

    The device that a unit serves most tells first, the others in their order; nobody leaves it to a rule
    that is less urgent or of a lesser class.
    """
    by_unit: dict[str, list[Feed]] = {}
    for feed in feeds:
        by_unit.setdefault(feed.voice.unit, []).append(feed)
    for own in by_unit.values():
        own.sort(key=lambda feed: (bool(feed.voice.home), -len(feed.cells), feed.view.device))
        earlier: list[Watch] = []
        for feed in own:
            for watch, sign in _signs(feed):
                rule = rules[watch.device][watch.rule]
                others = (w for w in earlier if w.device != watch.device)
                sign.tellers = tuple(w for w in others if may_explain(rules[w.device][w.rule], rule))
            earlier += [watch for watch in feed.watches if _tells(watch, feed.voice.unit)]


def _signs(feed: Feed) -> Iterable[tuple[Watch, Sign]]:
    for watch in feed.watches:
        if isinstance(watch.detector, UnreadableDetector):
            for sign in watch.detector.signs:
                if sign.voice is feed.voice:
                    yield watch, sign


def _tells(watch: Watch, unit: str) -> bool:
    """Return whether a rule tells of a unit: of its silence, or of a signal that it brings."""
    if isinstance(watch.detector, UnreadableDetector):
        return any(sign.voice.unit == unit for sign in watch.detector.signs)
    return isinstance(watch.detector, SilenceDetector)
