"""Runs in pysparkplug's own Python: publishes what it is told, a line of JSON each, as an edge node would.

Everything is encoded and decoded by pysparkplug and protobuf; nothing of ours is imported. With a fourth
argument it answers a request for a rebirth by its last births, as every edge node has to.
"""

import json
import sys
import time

import paho.mqtt.client as mqtt
from pysparkplug import DataType, DBirth, DData, DDeath, Metric, NBirth, NCmd, NData, NDeath
from pysparkplug._protobuf import Payload

KINDS = {"NBIRTH": NBirth, "NDATA": NData, "DBIRTH": DBirth, "DDATA": DData}


def stamp() -> int:
    return time.time_ns() // 1_000_000


def metric(told: dict) -> Metric:
    return Metric(
        stamp(), told.get("name"), DataType[told.get("type", "DOUBLE")], value=told.get("value"),
        alias=told.get("alias"), is_historical=told.get("historical", False), is_null=told.get("null", False),
    )  # fmt: skip


def bd_seq(number: int) -> Metric:
    return Metric(stamp(), "bdSeq", DataType.INT64, value=number)


def encoded(told: dict) -> bytes:
    kind, metrics = told["kind"], [metric(one) for one in told.get("metrics", ())]
    if kind == "NDEATH":
        return NDeath(stamp(), bd_seq(told["bdSeq"])).encode()
    if kind == "DDEATH":
        return DDeath(stamp(), told["seq"]).encode()
    if "bdSeq" in told:
        metrics.append(bd_seq(told["bdSeq"]))
    return KINDS[kind](stamp(), told["seq"], tuple(metrics)).encode(include_dtypes=kind.endswith("BIRTH"))


def judged(payload: bytes, metrics: list[dict]) -> bytes:
    """Give metrics the quality that they are to have, which pysparkplug has no field for."""
    whole = Payload.FromString(payload)
    for one, told in zip(whole.metrics, metrics, strict=False):
        if "quality" in told:
            one.properties.keys.append("Quality")
            one.properties.values.add(type=3, int_value=told["quality"])
    return whole.SerializeToString()


def topic_of(group: str, name: str, told: dict) -> str:
    return f"spBv1.0/{group}/{told['kind']}/{name}" + (f"/{told['device']}" if "device" in told else "")


class Reborn:
    """Publishes a node's last births again when it is asked to, numbered from 0."""

    def __init__(self, group: str, name: str) -> None:
        self.group, self.name, self.births = group, name, {}

    def note(self, told: dict) -> None:
        if told["kind"] == "NBIRTH":
            self.births.clear()
        if told["kind"].endswith("BIRTH"):
            self.births[topic_of(self.group, self.name, told)] = told

    def hear(self, client: mqtt.Client, _: object, message: mqtt.MQTTMessage) -> None:
        metrics = NCmd.decode(message.payload).metrics
        if [(one.name, one.value) for one in metrics] == [("Node Control/Rebirth", True)]:
            for seq, (topic, told) in enumerate(self.births.items()):
                client.publish(topic, encoded({**told, "seq": seq}))


def main() -> None:
    host, port, node = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    group, name = node.split("/")
    client = mqtt.Client(clean_session=True)
    connected, reborn = [], Reborn(group, name)
    client.on_connect = lambda *_: connected.append(1)
    client.on_message = reborn.hear
    client.will_set(
        f"spBv1.0/{group}/NDEATH/{name}", encoded({"kind": "NDEATH", "bdSeq": int(sys.argv[4])}), qos=1
    )
    client.connect(host, port)
    client.loop_start()
    while not connected:
        time.sleep(0.01)
    if sys.argv[5:]:
        ready = []
        client.on_subscribe = lambda *_: ready.append(1)
        client.subscribe(f"spBv1.0/{group}/NCMD/{name}", 1)
        while not ready:
            time.sleep(0.01)
    print("connected", flush=True)
    for line in sys.stdin:
        told = json.loads(line)
        if told["kind"] == "remember":
            reborn.note({**told, "kind": told["birth"]})
            print("published", flush=True)
            continue
        reborn.note(told)
        topic = topic_of(group, name, told)
        payload = (
            bytes.fromhex(told["raw"]) if "raw" in told else judged(encoded(told), told.get("metrics", []))
        )
        client.publish(
            topic, payload, qos=told.get("qos", 0), retain=told.get("retain", False)
        ).wait_for_publish()
        print("published", flush=True)


if __name__ == "__main__":
    main()
