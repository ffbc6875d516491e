"""What an open Modbus link can do, whatever carries its frames: read, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from devices.modbus.guard import StrayAnswer
from devices.profile import Table
from devices.unit import ModbusLink
from facilityd.errors import LinkOutage
from facilityd.model.message import Wording
from facilityd.model.quality import Reason

_EXCEPTIONS = {
    1: Reason.ILLEGAL_FUNCTION,
    2: Reason.ILLEGAL_ADDRESS,
    3: Reason.ILLEGAL_VALUE,
    4: Reason.DEVICE_FAILURE,
    6: Reason.DEVICE_BUSY,
    10: Reason.GATEWAY_PATH,
    11: Reason.GATEWAY_TARGET,
}
GATEWAY = frozenset({Reason.GATEWAY_PATH, Reason.GATEWAY_TARGET})
"""Refusals that are the gateway's, not the unit's: the unit has not answered."""


def reason_of(code: int) -> Reason:
    """Return why a unit refused, by its exception code (Modbus Application Protocol V1.1b3, 7)."""
    return _EXCEPTIONS.get(code, Reason.EXCEPTION)


class ReadFailed(Exception):
    """A read brought no value, and why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class ModbusReader(Protocol):
    """An open link, and what was asked over it.

    A unit that refuses has answered; a gateway that says a unit is silent is no answer of that unit.
    """

    @property
    def requests(self) -> int:
        """Return how many questions were asked."""

    @property
    def answers(self) -> int:
        """Return how many of them units answered."""

    @property
    def waited(self) -> float:
        """Return the time spent waiting for answers, in s."""

    @property
    def pause(self) -> float:
        """Return the silence between two questions, in s."""

    @property
    def stray(self) -> StrayAnswer | None:
        """Return what came instead of the last answer, if anything did."""

    @property
    def heard(self) -> bool:
        """Return whether anything came since the last question, be it no frame at all."""

    async def read(
        self,
        table: Table,
        device_id: int,
        address: int,
        count: int,
        *,
        timeout_s: float,
        any_transaction: bool = False,
    ) -> bytes:
        """Return the payload bytes of one read of ``count`` registers or bits.

        Raises ReadFailed where the unit gave no usable answer, LinkOutage where the link is gone.
        ``timeout_s`` is in s. ``any_transaction``: an answer with the transaction id 0 is one too.
        """


@dataclass(slots=True)
class ForwardingReader:
    """What a reader over another one has in common with it: all but how it reads."""

    reader: ModbusReader

    @property
    def requests(self) -> int:
        """Return how many questions were asked."""
        return self.reader.requests

    @property
    def answers(self) -> int:
        """Return how many of them units answered."""
        return self.reader.answers

    @property
    def waited(self) -> float:
        """Return the time spent waiting for answers, in s."""
        return self.reader.waited

    @property
    def pause(self) -> float:
        """Return the silence between two questions, in s."""
        return self.reader.pause

    @property
    def stray(self) -> StrayAnswer | None:
        """Return what came instead of the last answer, if anything did."""
        return self.reader.stray

    @property
    def heard(self) -> bool:
        """Return whether anything came since the last question."""
        return self.reader.heard


Connect = Callable[[ModbusLink], AbstractAsyncContextManager[ModbusReader]]
"""Opens a link. Raises LinkOutage."""


def lost(link: ModbusLink) -> LinkOutage:
    """Return the outage of a link that was open."""
    return LinkOutage(Wording("link.was-lost"), where=link.where)


__all__ = ["Connect", "ForwardingReader", "ModbusReader", "ReadFailed", "lost", "reason_of"]
