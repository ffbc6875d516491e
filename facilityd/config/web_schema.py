"""Section ``web``: where the HTTP API listens, and under which address people reach it."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from facilityd.config.fields import BaseUrl, Port
from facilityd.config.hosts import Host
from facilityd.model.measure import Duration, within
from facilityd.model.message import Wording
from facilityd.model.sample import NS
from facilityd.model.text import Strict


def _at_its_root(text: str) -> str:
    """Check that nothing but a host stands there: the page's own addresses begin at the root."""
    if path := urlsplit(text).path.strip("/"):
        raise ValueError(Wording("config.page-at-root", path=path))
    return text


class WebConfig(Strict):
    """The HTTP API of ``facilityd serve``; the daemon itself listens on nothing."""

    public_url: Annotated[BaseUrl, AfterValidator(_at_its_root)] | None = Field(
        default=None, description="under which people reach it; then notices carry a link to acknowledge"
    )
    host: Host = Field(default="127.0.0.1", description="where it listens; any other needs users")
    port: Port = 8780
    certificate: str = Field(default="", description="a PEM file beside this one, for TLS")
    key: str = Field(default="", description="its private key")
    behind_proxy: bool = Field(
        default=False, description="believe a proxy on this machine who asks (X-Forwarded-For)"
    )
    link_lasts: Annotated[Duration, AfterValidator(within(60 * NS, 30 * 86400 * NS))] = Field(
        default=86400 * NS, description="how long a link in a notice is valid"
    )
