"""Runs in pysparkplug's own Python: publishes what it is told, a line of JSON each, as an edge node would.

Everything is encoded by pysparkplug and protobuf; nothing of ours is imported.
"""

import json
import sys
import time

import paho.mqtt.client as mqtt
from pysparkplug import DataType, DBirth, DData, DDeath, Metric, NBirth, NData, NDeath
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


def main() -> None:
    host, port, node = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    group, name = node.split("/")
    client = mqtt.Client(clean_session=True)
    connected = []
    client.on_connect = lambda *_: connected.append(1)
    client.will_set(
        f"spBv1.0/{group}/NDEATH/{name}", encoded({"kind": "NDEATH", "bdSeq": int(sys.argv[4])}), qos=1
    )
    client.connect(host, port)
    client.loop_start()
    while not connected:
        time.sleep(0.01)
    print("connected", flush=True)
    for line in sys.stdin:
        told = json.loads(line)
        more = f"/{told['device']}" if "device" in told else ""
        topic = f"spBv1.0/{group}/{told['kind']}/{name}{more}"
        payload = (
            bytes.fromhex(told["raw"]) if "raw" in told else judged(encoded(told), told.get("metrics", []))
        )
        client.publish(
            topic, payload, qos=told.get("qos", 0), retain=told.get("retain", False)
        ).wait_for_publish()
        print("published", flush=True)


if __name__ == "__main__":
    main()
