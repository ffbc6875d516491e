"""The channels. A new kind is one line here and one file beside this one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from facilityd.model.notice import DeliveryResult, Notice
from facilityd.model.settings import ChannelSettings
from facilityd.notify.apprise_channel import AppriseChannel
from facilityd.notify.mail import Email
from facilityd.notify.mqtt_channel import MqttChannel
from facilityd.notify.ntfy import Ntfy
from facilityd.notify.robots import DingTalkRobot, FeishuRobot, WeComRobot
from facilityd.notify.webhook import Webhook
from facilityd.notify.wecom_app import WeComApp


class Channel(Protocol):
    """One way to one person."""

    async def send(self, notice: Notice) -> DeliveryResult:
        """Try once. What the other side or the network does is an outcome, never an exception."""


KINDS: dict[str, Callable[..., Channel]] = {
    "webhook": Webhook,
    "email": Email,
    "wecom-robot": WeComRobot,
    "wecom-app": WeComApp,
    "dingtalk-robot": DingTalkRobot,
    "feishu-robot": FeishuRobot,
    "ntfy": Ntfy,
    "mqtt": MqttChannel,
    "apprise": AppriseChannel,
}


def build(settings: Iterable[ChannelSettings]) -> dict[str, Channel]:
    """Return the channels by id. Opens nothing."""
    return {one.id: KINDS[one.kind](**one.options) for one in settings}
