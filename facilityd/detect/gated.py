"""What most kinds share: a gate (duty, settling, conditions), a look, a hold, a memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from facilityd.detect.detector import Trouble, why_unknown
from facilityd.detect.hold import Hold
from facilityd.detect.view import FOREVER, LIFETIME, NEVER, Cell, View
from facilityd.model.duty import answer
from facilityd.model.finding import Evidence
from facilityd.model.kinds import Gated
from facilityd.model.sample import NS

REPLAYED = 15 * 60 * NS
"""What a restart shows the rules again (ns): a shorter hold needs no memory."""


class Gate:
    """Whether a rule is judged now: in its duty states, settled there, and while its conditions hold."""

    def __init__(self, rule: Gated, view: View) -> None:
        self._during = frozenset(rule.during)
        self._conditions = tuple((c, view.cells[c.signal]) for c in rule.when)
        self._settle, self._view = rule.settle, view
        self.entered = NEVER
        self.always = not (rule.during or rule.when)
        self.cells = tuple(cell for _, cell in self._conditions)
        self.wake = FOREVER

    def open(self, now: int) -> bool | None:
        """Return whether to judge at ``now`` (ns, steady); None where that cannot be told."""
        self.wake = FOREVER
        inside = self._inside(now)
        if inside is False:
            self.entered = NEVER
        elif inside and not NEVER < self.entered <= now:
            self.entered = now
        if not inside:
            return inside
        settled = self.entered + self._settle
        if now < settled:
            self.wake = min(self.wake, settled)
            return False
        return True

    def _inside(self, now: int) -> bool | None:
        met = self._met(now)
        if met is False or not self._during:
            return met
        within = self._view.within(self._during, now)
        self.wake = self._view.duty_wake(self._during, now)
        return within if within is False or met else None

    def _met(self, now: int) -> bool | None:
        if not self._conditions:
            return True
        found = [answer(condition, cell.good(now)) for condition, cell in self._conditions]
        if False in found:
            return False
        return None if None in found else True


class GatedDetector(ABC):
    """A kind says what it sees (``look``); when it is asked and how long it must see it is done here.

    ``look`` may be called again without new data; one that keeps a history asks ``fresh`` first.
    """

    def __init__(self, rule: Gated, view: View) -> None:
        self.view = view
        self.gate = Gate(rule, view)
        self.cells = self.looked_at(rule, view)
        slowest = max(cell.expected for cell in (*self.cells, *self.gate.cells))
        self.hold = Hold(rule.hold, rule.clear_hold, (LIFETIME - 1) * slowest)
        self.wake = FOREVER
        self._seen = NEVER
        self._known = False
        self._judged = NEVER
        self.occasional = not self.gate.always

    dated = False
    extent: frozenset[str] = frozenset()
    edition = 0

    @property
    def seen_at(self) -> int:
        """When it was last judged (ns, steady)."""
        return self._judged

    def update(self, now: int) -> bool | None:
        """Judge at ``now`` (ns, steady)."""
        inside = self.gate.open(now)
        self.wake = self.gate.wake
        if inside is False:
            self.left(now)
            self.hold.drop()
            self._known = self.hold.verdict is not None
            return self.hold.verdict
        seen = self.look(now) if inside else None
        self._known = seen is not None
        if seen is None:
            self.hold.pause(now)
            return None
        self._judged = now
        verdict = self.hold.see(seen, now, min(cell.vouched for cell in self.cells))
        self.wake = min(self.wake, self.hold.due, *(c.stale_from for c in (*self.cells, *self.gate.cells)))
        return verdict

    def looked_at(self, rule: Gated, view: View) -> tuple[Cell, ...]:
        """Return the cells that the kind itself looks at."""
        return tuple(view.cells[signal] for signal in rule.own)

    @abstractmethod
    def look(self, now: int) -> bool | None:
        """Return what is seen at ``now``, without any hold; None where it cannot be told."""

    @abstractmethod
    def told(self, now: int) -> Evidence:
        """Return what the verdict, which is known, rests on. ``self.hold`` knows it and for how long."""

    def left(self, now: int) -> None:  # noqa: B027 - most kinds have nothing to forget
        """The gate is closed: a kind that must not bridge the pause forgets here."""

    def serviced(self) -> None:  # noqa: B027 - most kinds look at the present only
        """Somebody has serviced the device: what was before says nothing of what comes."""

    def fresh(self) -> bool:
        """Return whether any own signal has a newer sample than at the last time this was asked."""
        newest = max(cell.steady for cell in self.cells)
        if newest == self._seen:
            return False
        self._seen = newest
        return True

    def evidence(self, now: int) -> Evidence:
        """Return what the newest verdict rests on, or why there is none."""
        if not self._known or self.hold.verdict is None:
            return why_unknown((*self.cells, *self.gate.cells, *self.view.state_cells), now)
        return self.told(now)

    @property
    def rising(self) -> bool:
        """True while it is seen wrong, and the hold is not over."""
        return self.hold.rising

    def trouble(self, now: int, *, ripe: bool = False) -> Trouble:  # noqa: ARG002 - it has one trouble
        """Of nothing but what its rule says."""
        return None

    @property
    def seen(self) -> bool | None:
        """What the newest look makes of it for other rules: what it is about to say counts already."""
        return bool(self.hold.verdict or self.hold.rising) if self._known else None

    def resume(self, verdict: bool) -> None:
        """Take over the verdict from before a restart."""
        self.hold.resume(verdict)

    def keep(self) -> Any:
        """Return, as plain JSON, what the kind itself must not lose; None: the last minutes will do."""
        return None

    def take_back(self, kept: Any) -> None:  # noqa: B027 - most kinds keep nothing
        """Take back what ``keep`` returned before a restart."""

    def memory(self) -> Any:
        """Return, as plain JSON, what a restart must not lose; None where the last minutes are enough."""
        own = self.keep()
        if own is None and self.hold.on <= REPLAYED and self.gate.always:
            return None  # while a gate is closed the verdict stands, and nothing would bring it back
        return {"own": own, "hold": self.hold.memory(), "entered": self.gate.entered, "seen": self._seen,
                "judged": self._judged}  # fmt: skip

    def recall(self, state: Any) -> None:
        """Take back what ``memory`` returned before a restart; what an older version kept is let go."""
        if "hold" not in state:
            return
        self.hold.recall(state["hold"])
        self.gate.entered, self._seen = state["entered"], state["seen"]
        self._judged = state.get("judged", state["seen"])
        if state["own"] is not None:
            self.take_back(state["own"])


def numbers(cell: Cell, now: int) -> float | None:
    """Return a cell's good value as a float, or None."""
    value = cell.good(now)
    return None if value is None else float(value)
