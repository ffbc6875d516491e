"""The MQTT adapter: listens, and never publishes."""

from devices.mqtt.link import run_link
from devices.mqtt.probe import Heard, probe

__all__ = ["Heard", "probe", "run_link"]
