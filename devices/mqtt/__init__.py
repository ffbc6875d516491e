"""The MQTT adapter: listens, and never publishes."""

from devices.mqtt.link import run_link
from devices.mqtt.probe import Heard, probe
from devices.mqtt.scout import Scout, Sighting

__all__ = ["Heard", "Scout", "Sighting", "probe", "run_link"]
