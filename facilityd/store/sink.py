"""What a sink is: where the forwarder writes lines, and what came of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from types import TracebackType
from typing import Protocol, Self


class WriteAction(Enum):
    """What became of the lines, or what to do with them."""

    TAKEN = auto()  # all of them, durably
    RETRY = auto()  # the same again, later
    SPLIT = auto()  # too much at once
    REFUSED = auto()  # something in it will never be taken
    HELD = auto()  # nothing will be taken before a person has acted


@dataclass(frozen=True, slots=True)
class WriteOutcome:
    """``reason`` is a slug, ``text`` what the other side said; ``retry_after`` in s."""

    action: WriteAction
    reason: str = ""
    text: str = ""
    retry_after: float | None = None


TAKEN = WriteOutcome(WriteAction.TAKEN)


class Sink(Protocol):
    """Where lines go. A new one is a file beside this, and passes tests/store/test_sink_contract.py.

    It keeps no queue and does not retry: cursor, order, waiting, halves and dead letters are the forwarder's.
    """

    async def __aenter__(self) -> Self:
        """Begin. Nothing that the other side does is raised here."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of what is open."""

    async def write(self, lines: Sequence[bytes]) -> WriteOutcome:
        """Try once, and end within a bounded time. What the other side does is an outcome, not an exception.

        A line that is written again is the same bytes: a sink must not count it twice. No secret is in the
        outcome's text.
        """
