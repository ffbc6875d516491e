"""What a site file may say of the ways to people."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from facilityd.config.fields import LONGEST_LOGIN, Address, BaseUrl, Port, Secret, Url, each_once
from facilityd.config.hosts import Host
from facilityd.model.message import Wording
from facilityd.model.text import Strict

_USER = r"^[-+@_.A-Za-z0-9]{1,64}$"
_MOBILE = r"^(1[3-9][0-9]{9}|\+[0-9]{6,16}|\+?[0-9]{1,4}-[0-9]{4,14}|@all)$"
"""Of mainland China as it is; of elsewhere with the country's number before it."""


def _spelt(pattern: str, slug: str) -> BeforeValidator:
    """Return what checks a text against a pattern, and says in words what is expected."""

    def check(text: object) -> str:
        if not isinstance(text, str) or not re.fullmatch(pattern, text):
            raise ValueError(Wording(slug))
        return text

    return BeforeValidator(check)


Mention = Annotated[str, _spelt(_USER, "config.user-id-expected"), StringConstraints(pattern=_USER)]
Mobile = Annotated[str, _spelt(_MOBILE, "config.mobile-expected"), StringConstraints(pattern=_MOBILE)]
Mentions = Annotated[tuple[Mention, ...], AfterValidator(each_once), Field(max_length=50)]
Mobiles = Annotated[tuple[Mobile, ...], AfterValidator(each_once), Field(max_length=50)]


class WebhookConfig(Strict):
    """A notice as JSON by HTTP POST."""

    kind: Literal["webhook"]
    url: Url
    token: Secret | None = Field(default=None, description="goes out as a bearer token")
    secret: Secret | None = Field(default=None, description="each post is signed with it (HMAC-SHA256)")


class EmailConfig(Strict):
    """A notice by SMTP."""

    kind: Literal["email"]
    to: Address
    sender: Address
    sender_name: str = Field(default="facilityd", max_length=80, description="what the sender is called")
    host: Host
    port: Port = 25
    tls: Literal["none", "starttls", "tls"] = "none"
    username: str = Field(default="", max_length=LONGEST_LOGIN)
    password: Secret | None = None


class _RobotConfig(Strict):
    token: Secret = Field(description="the robot's key, as its URL has it")
    mobiles: Mobiles = Field(default=(), description="mentioned by mobile number")
    users: Mentions = Field(default=(), description="mentioned by user id")


class WeComRobotConfig(_RobotConfig):
    """A group robot of WeCom (企业微信)."""

    kind: Literal["wecom-robot"]
    url: Url = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send"


class WeComAppConfig(Strict):
    """A message to one member from an application of one's own in WeCom (企业微信自建应用)."""

    kind: Literal["wecom-app"]
    url: BaseUrl = "https://qyapi.weixin.qq.com"
    corp: str = Field(pattern=r"^[-_A-Za-z0-9]{1,64}$", description="the corporation's id (企业 ID)")
    agent: int = Field(ge=1, le=2**31 - 1, description="the application's number (AgentId)")
    secret: Secret = Field(description="the application's secret; this machine must be a trusted IP there")
    user: Mention = Field(description="the member's user id (账号)")


class DingTalkRobotConfig(_RobotConfig):
    """A group robot of DingTalk (钉钉)."""

    kind: Literal["dingtalk-robot"]
    url: Url = "https://oapi.dingtalk.com/robot/send"
    secret: Secret | None = Field(default=None, description="of the signature, where the robot asks for one")


class FeishuRobotConfig(Strict):
    """A group robot of Feishu or Lark (飞书); for Lark: url https://open.larksuite.com/open-apis/bot/v2/hook."""

    kind: Literal["feishu-robot"]
    url: Url = "https://open.feishu.cn/open-apis/bot/v2/hook"
    token: Secret = Field(description="the last part of the robot's URL")
    secret: Secret | None = Field(default=None, description="of the signature, where the robot asks for one")
    users: Mentions = Field(default=(), description="mentioned by user or open id; all for everybody")


class NtfyConfig(Strict):
    """A topic of ntfy."""

    kind: Literal["ntfy"]
    url: BaseUrl = "https://ntfy.sh"
    topic: str = Field(pattern=r"^[-_A-Za-z0-9]{1,64}$")
    token: Secret | None = None


class MqttChannelConfig(Strict):
    """Notices on a broker, under a prefix of their own; no device listens there, and nothing commands one."""

    kind: Literal["mqtt"]
    host: Host
    port: Port = 1883
    prefix: str = Field(default="facilityd", pattern=r"^[^+#/\x00]+(/[^+#/\x00]+)*$", max_length=200)
    username: str = Field(default="", max_length=LONGEST_LOGIN)
    password: Secret | None = None
    tls: bool = False
    secret: Secret | None = Field(
        default=None,
        description="replies that acknowledge are signed with it (HMAC-SHA256); none: no replies",
    )
    home_assistant: str = Field(
        default="", pattern=r"^([-_A-Za-z0-9]+)?$", max_length=64,
        description="where Home Assistant discovers, homeassistant as a rule; empty: it does not",
    )  # fmt: skip


class AppriseConfig(Strict):
    """Any service that apprise knows, by its URL there, which is a secret as a whole."""

    kind: Literal["apprise"]
    token: Secret = Field(description="apprise's URL; robots of WeCom, DingTalk and Feishu have kinds here")


Channel = Annotated[
    WebhookConfig
    | EmailConfig
    | WeComRobotConfig
    | WeComAppConfig
    | DingTalkRobotConfig
    | FeishuRobotConfig
    | NtfyConfig
    | MqttChannelConfig
    | AppriseConfig,
    Field(discriminator="kind"),
]
