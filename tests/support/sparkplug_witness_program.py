"""Runs in pysparkplug's own Python: prints what is said on Sparkplug topics, a line of JSON each.

Decoded by pysparkplug and protobuf alone; nothing of ours is imported.
"""

import json
import sys

import paho.mqtt.client as mqtt
from pysparkplug import MessageType, NCmd, State, Topic
from pysparkplug._protobuf import Payload


def said(message: mqtt.MQTTMessage) -> dict:
    topic = Topic.from_str(message.topic)
    told = {
        "topic": message.topic,
        "kind": topic.message_type.name,
        "qos": message.qos,
        "retain": bool(message.retain),
    }
    if topic.message_type is MessageType.STATE:
        state = State.decode(message.payload)
        return {
            **told,
            "online": state.online,
            "timestamp": state.timestamp,
            "keys": sorted(json.loads(message.payload)),
        }
    if topic.message_type is MessageType.NCMD:
        command, whole = NCmd.decode(message.payload), Payload.FromString(message.payload)
        told |= {"timestamp": command.timestamp, "has_seq": whole.HasField("seq")}
        told["metrics"] = [(one.name, one.datatype.name, one.value, one.alias) for one in command.metrics]
    return told


def main() -> None:
    client = mqtt.Client(clean_session=True)
    client.on_connect = lambda *_: client.subscribe("spBv1.0/#", 1)
    client.on_subscribe = lambda *_: print("subscribed", flush=True)
    client.on_message = lambda _c, _u, message: print(json.dumps(said(message)), flush=True)
    client.connect(sys.argv[1], int(sys.argv[2]))
    client.loop_forever()


if __name__ == "__main__":
    main()
