"""What a site file may say of the ways to people."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from facilityd.config.fields import LONGEST_LOGIN, Address, Port, Secret, Url
from facilityd.config.hosts import Host
from facilityd.model.text import Strict


class WebhookConfig(Strict):
    """A notice as JSON by HTTP POST."""

    kind: Literal["webhook"]
    url: Url
    token: Secret | None = None


class EmailConfig(Strict):
    """A notice by SMTP."""

    kind: Literal["email"]
    to: Address
    sender: Address
    host: Host
    port: Port = 25
    tls: Literal["none", "starttls", "tls"] = "none"
    username: str = Field(default="", max_length=LONGEST_LOGIN)
    password: Secret | None = None


Channel = Annotated[WebhookConfig | EmailConfig, Field(discriminator="kind")]
