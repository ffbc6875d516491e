"""Why a value is not good. A value without a reason is good."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

_CODED = re.compile(r"unknown-code-[A-Za-z0-9_.+-]{1,32}")


class Reason(StrEnum):
    """Stored with the value. The first group still carries a number, the rest never do.

    A value whose clock is in doubt is evaluated: only its label is. One of unknown age is not, but for a
    safety contact that is active.
    """

    AGE_UNKNOWN = "age-unknown"  # retained MQTT message: true once, nobody knows when
    CLOCK = "clock"  # the wall clock had just jumped: the instant is doubtful

    TIMEOUT = "timeout"
    LINK_DOWN = "link-down"
    OFFLINE = "offline"  # the device's last will said so
    SKIPPED = "skipped"  # breaker open: not asked, to spare the bus
    ILLEGAL_FUNCTION = "exception-01"
    ILLEGAL_ADDRESS = "exception-02"  # the profile is wrong, not the device
    ILLEGAL_VALUE = "exception-03"
    DEVICE_FAILURE = "exception-04"
    DEVICE_BUSY = "exception-06"
    GATEWAY_PATH = "exception-0A"
    GATEWAY_TARGET = "exception-0B"  # the gateway answers, the unit behind it does not
    EXCEPTION = "exception-other"
    MALFORMED = "malformed"  # an answer that is not the one asked for
    IDENTITY = "identity"  # the known constant did not come back: answers may be shifted
    NO_VALUE = "no-value"  # the device's own sentinel for "not available"
    NOT_A_NUMBER = "not-a-number"
    OUT_OF_RANGE = "out-of-range"
    WRONG_TYPE = "wrong-type"
    UNKNOWN_CODE = "unknown-code"  # a code that the profile does not list; unknown-code-7 says which
    MISSING = "missing"  # the message does not carry it
    DAMAGED = "damaged"  # the stored row is not what was written

    @classmethod
    def unknown(cls, code: object) -> Reason:
        """Return why a code has no meaning; it names the code where that is short and plain."""
        text = f"{cls.UNKNOWN_CODE}-{code}"
        return _coded(text) if _CODED.fullmatch(text) else cls.UNKNOWN_CODE

    @classmethod
    def _missing_(cls, value: object) -> Reason | None:
        return _coded(value) if isinstance(value, str) and _CODED.fullmatch(value) else None

    @property
    def code(self) -> str:
        """Return the code that is not listed; empty for every other reason."""
        return (
            self.value.removeprefix(f"{Reason.UNKNOWN_CODE.value}-") if _CODED.fullmatch(self.value) else ""
        )

    @property
    def plain(self) -> str:
        """Return the reason without the code it names."""
        return Reason.UNKNOWN_CODE.value if self.code else self.value

    @property
    def keeps_value(self) -> bool:
        """True for uncertain values, which are stored with their number but never evaluated."""
        return self in (Reason.AGE_UNKNOWN, Reason.CLOCK)

    @property
    def is_refusal(self) -> bool:
        """True where the unit answered that it will not or cannot."""
        return self in _REFUSALS

    @property
    def is_silence(self) -> bool:
        """True where the unit itself said nothing, although its link was up."""
        return self in _SILENCE


_REFUSALS = frozenset(
    {
        Reason.ILLEGAL_FUNCTION, Reason.ILLEGAL_ADDRESS, Reason.ILLEGAL_VALUE,
        Reason.DEVICE_FAILURE, Reason.DEVICE_BUSY, Reason.EXCEPTION,
    }
)  # fmt: skip
_SILENCE = frozenset(
    {Reason.TIMEOUT, Reason.SKIPPED, Reason.OFFLINE, Reason.GATEWAY_TARGET, Reason.MALFORMED}
)


@lru_cache(maxsize=1024)
def _coded(text: str) -> Reason:
    """Return the reason that names a code: equal texts are one and the same object."""
    member = str.__new__(Reason, text)
    member._name_ = member._value_ = text
    return member
