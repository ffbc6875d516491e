"""Kinds of value in a site file that say themselves what is wrong with them."""

from __future__ import annotations

import difflib
import re
from functools import cache
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from facilityd.config.hosts import UNSET, host_fault
from facilityd.model.measure import DurationText, duration, within
from facilityd.model.message import Wording
from facilityd.model.number import number
from facilityd.model.sample import NS
from facilityd.model.text import Text

LONGEST_ID = 63
LONGEST_NAME = 200
"""Characters of a name that people read in lists and messages."""
LONGEST_LOGIN = 1000
"""Characters; brokers and mail servers take fewer."""
SMALLEST = 2**20
"""Bytes of a journal, or of a file that is written in portions of up to 1 MB."""
LONGEST_FILE_NAME = 200
"""Bytes; a file system takes 255, and names of files beside it are longer."""
_ID = re.compile(r"[a-z][a-z0-9-]*")
_SIZE = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*(MiB|GiB)")
_SECRET = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)*[A-Za-z0-9-]{1,63}")
LONGEST_ADDRESS = 254
_ALSO_CALLED = {"Asia/Beijing": "Asia/Shanghai", "Asia/Peking": "Asia/Shanghai"}
"""Names of places that people expect in the time zone database, and the zone that covers them."""
_NO_PLACES = ("posix", "right/", "localtime", "Factory")
"""Files of the database that mean what this machine is set to, or count leap seconds."""
_KEYS = frozenset(
    ("key", "token", "access_token", "secret", "sign", "password", "pwd", "auth", "apikey", "api_key")
)
"""Names in a URL's query whose value lets anybody in: robots of chat programs have one."""


def identifier(text: str) -> str:
    """Ids travel in topics, tags and URLs: lower-case letters, digits and hyphens."""
    if not _ID.fullmatch(text):
        raise ValueError(Wording("config.id-lower-case-letters-digits"))
    if len(text) > LONGEST_ID:
        raise ValueError(Wording("config.id-at-most-characters-long", longest_id=LONGEST_ID))
    return text


def size(text: object) -> int:
    """Return bytes for '500MiB' or '2GiB'."""
    found = _SIZE.fullmatch(text) if isinstance(text, str) else None
    if not found:
        raise ValueError(Wording("config.size-number-with-mib-or"))
    wanted = round(float(found[1]) * {"MiB": 2**20, "GiB": 2**30}[found[2]])
    if wanted < SMALLEST:
        raise ValueError(Wording("config.less-than-mib-would-forget"))
    return wanted


def spell_size(size: int) -> str:
    """Return the shortest spelling of bytes: 500MiB, 2GiB."""
    return f"{size // 2**30}GiB" if size % 2**30 == 0 else f"{size / 2**20:g}MiB"


def zone(text: str) -> str:
    """Check a time zone's name, and find the one that was meant."""
    try:
        known = bool(ZoneInfo(text).key) and not text.startswith(_NO_PLACES)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        known = False
    if not known:
        hint = _zone_meant(text)
        raise ValueError(Wording("config.not-time-zone-iana-database", hint=hint))
    return text


def _zone_meant(text: str) -> str:
    near = difflib.get_close_matches(text, {*_ALSO_CALLED, *_zones()} - {text}, n=1, cutoff=0.75)
    return Wording("config.zone-meant", near=_ALSO_CALLED.get(near[0], near[0])) if near else ""


@cache
def _zones() -> tuple[str, ...]:
    return tuple(sorted(available_timezones()))


def secret(value: object) -> object:
    """Refuse a secret in clear text. The value itself is never repeated in a message."""
    if isinstance(value, dict) and set(value) == {"file"} and isinstance(value["file"], str):
        return value
    if isinstance(value, str) and _SECRET.fullmatch(value):
        return value
    raise PydanticCustomError("secret", "{said}", {"said": Wording("config.secret-in-clear")})


def each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a list that says something twice."""
    if twice := next((name for number, name in enumerate(names) if name in names[:number]), ""):
        raise ValueError(Wording("config.stands-twice", twice=twice))
    return names


def url(text: str) -> str:
    """Check an HTTP address. It is not repeated in a message: it may hold a password or a robot's key."""
    if UNSET not in text and (fault := _url_fault(text)):
        raise PydanticCustomError("secret", "{said}", {"said": fault})
    return text


def _url_fault(text: str) -> str:
    try:
        parts = urlsplit(text)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        sound = known and not re.search(r"[\s\x00-\x1f\x7f\\]", text)
    except ValueError:
        return _NO_URL
    if parts.username is not None or parts.password is not None:
        return Wording("config.user-in-url")
    if not sound:
        return _NO_URL
    if fault := host_fault(parts.hostname or ""):
        return Wording("config.host-of-url", fault=fault)
    return Wording("config.url-with-hash") if parts.fragment else ""


_NO_URL = Wording("config.no-url")


def base_url(text: str) -> str:
    """Check the address of a server whose paths are known."""
    if UNSET not in text and "?" in text:
        raise PydanticCustomError("secret", "{said}", {"said": Wording("config.url-ends-before-query")})
    if (path := text.find("/api/v")) >= 0:
        raise ValueError(Wording("config.this-url-ends-before-what", text=text[path:]))
    return url(text)


def key_in_clear(text: str) -> str:
    """Return the name of the part of a URL's query that is a secret and stands there in clear, or nothing."""
    try:
        pairs = parse_qsl(urlsplit(text).query)
    except ValueError:
        return ""
    return next((name for name, value in pairs if name.lower() in _KEYS and UNSET not in value), "")


def address(text: object) -> str:
    """Check one mail address as servers take it without extensions; a phone number is none."""
    if not isinstance(text, str) or not _ADDRESS.fullmatch(text) or len(text) > LONGEST_ADDRESS:
        raise ValueError(Wording("config.one-plain-ascii-mail-address"))
    return text


def lines_path(text: str) -> str:
    """Check the name of a file that lines are written to: nothing else of a person's is called so."""
    fits = text.isprintable() and len(Path(text).name.encode()) <= LONGEST_FILE_NAME
    if not fits or not text.endswith(".lp"):
        raise ValueError(Wording("config.path-file-whose-name-ends"))
    if text.startswith("~"):
        raise ValueError(Wording("config.not-replaced-here-write-whole"))
    return text


def _name(text: Text) -> Text:
    for words in (text.zh, text.en):
        if len(words) > LONGEST_NAME or not words.isprintable():
            raise ValueError(Wording("config.name-one-line-at-most", longest_name=LONGEST_NAME))
    return text


_PERIOD = within(NS // 100, 7 * 86400 * NS)


def _period(value: Any) -> Any:
    """Accept one duration, or one by operating mode."""
    if isinstance(value, dict):
        if not value:
            raise ValueError(Wording("config.period-for-each-operating-mode"))
        return {state: _period_of(state, text) for state, text in value.items()}
    return _PERIOD(duration(value))


def _period_of(state: str, text: object) -> int:
    try:
        return _PERIOD(duration(text))
    except ValueError as error:
        raise ValueError(Wording("config.found", state=state, error=error, text=text)) from None


Name = Annotated[Text, AfterValidator(_name)]
SIZE_PATTERN = r"^[0-9]+(\.[0-9]+)? ?(MiB|GiB)$"
Size = Annotated[
    int, BeforeValidator(size, json_schema_input_type=Annotated[str, Field(pattern=SIZE_PATTERN)])
]
Zone = Annotated[str, AfterValidator(zone)]
Secret = Annotated[str | dict[str, str], BeforeValidator(secret)]
Url = Annotated[str, AfterValidator(url)]
LinesPath = Annotated[str, AfterValidator(lines_path)]
Address = Annotated[str, BeforeValidator(address)]
BaseUrl = Annotated[str, AfterValidator(base_url)]
Whole = Annotated[int, BeforeValidator(number)]
Port = Annotated[int, BeforeValidator(number), Field(ge=1, le=65535)]
Period = Annotated[
    int | dict[str, int],
    BeforeValidator(_period, json_schema_input_type=DurationText | dict[str, DurationText]),
]
