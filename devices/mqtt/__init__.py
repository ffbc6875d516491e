"""The MQTT adapter: listens, and publishes nothing but what decision 0101 allows."""

from devices.mqtt.link import run_link
from devices.mqtt.probe import HeardMessage, ListenDiagnosis, ListenReport, probe
from devices.mqtt.wildcard import DiscoveredName, WildcardSubscriber

__all__ = [
    "DiscoveredName",
    "HeardMessage",
    "ListenDiagnosis",
    "ListenReport",
    "WildcardSubscriber",
    "probe",
    "run_link",
]
