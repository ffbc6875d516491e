"""Links in notices: each lets one person do one thing with one occurrence of one alarm, for a while.

What it allows stands in it, signed with the site's key: nobody can make one or change one, and nothing need
be kept of those that were given out.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import astuple, dataclass, field
from typing import Self

from facilityd.model.sample import NS

PATH = "/a/"
ACKNOWLEDGE = "ack"
LONGEST = 1000
"""Characters of a link's signed part."""
_MAC = 16
_CONTEXT = b"facilityd alarm link 1\0"


@dataclass(frozen=True, slots=True)
class AlarmLink:
    """What a link allows: ``person`` (a recipient's id) to do ``action``, up to ``until`` (s since 1970)."""

    device: str
    rule: str
    occurrence: int
    person: str
    action: str
    until: int

    def signed(self, key: bytes) -> str:
        """Return it as the last part of a URL."""
        content = json.dumps(astuple(self), ensure_ascii=False, separators=(",", ":")).encode()
        return f"{_text(content)}.{_text(_mac(key, content))}"

    @classmethod
    def read(cls, key: bytes, text: str) -> Self:
        """Return what ``signed`` made; it may have ended. Raises ValueError for what was never signed so."""
        content = _bytes(text[:LONGEST].partition(".")[0])
        signed = f"{_text(content)}.{_text(_mac(key, content))}"
        if not hmac.compare_digest(signed.encode(), text.encode("utf-8", "replace")):
            raise ValueError("not signed with this key")
        device, rule, occurrence, person, action, until = json.loads(content)
        return cls(device, rule, occurrence, person, action, until)


@dataclass(frozen=True, slots=True)
class AlarmLinks:
    """Makes links for notices: under ``url``, valid for ``lasts`` ns."""

    url: str
    key: bytes = field(repr=False)
    lasts: int

    def acknowledge(self, device: str, rule: str, occurrence: int, person: str, at: int) -> str:
        """Return the link of a notice of an instant (ns UTC): the same whenever it is asked for."""
        link = AlarmLink(device, rule, occurrence, person, ACKNOWLEDGE, (at + self.lasts) // NS)
        return f"{self.url}{PATH}{link.signed(self.key)}"


def _mac(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, _CONTEXT + content, hashlib.sha256).digest()[:_MAC]


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("no base64") from error
