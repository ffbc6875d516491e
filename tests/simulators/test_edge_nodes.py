"""Simulated edge nodes speak Sparkplug B as pysparkplug understands it."""

from __future__ import annotations

import json
import subprocess

from support.servers import built

from simulators.edge_nodes import EdgeNodeEncoder
from simulators.mqtt_encoder import OutgoingMessage

DECODE = """
import json, sys
from pysparkplug import DBirth, NBirth, Topic
births = {"NBIRTH": NBirth, "DBIRTH": DBirth, "DDATA": DBirth}
for line in sys.stdin:
    topic, payload = json.loads(line)
    kind = Topic.from_str(topic).message_type.name
    from pysparkplug._protobuf import Payload
    whole = Payload.FromString(bytes.fromhex(payload))
    from pysparkplug import Metric
    told = {one.name: None if one.is_null else Metric.from_pb(one).value for one in whole.metrics}
    print(json.dumps([kind, whole.seq, told]))
"""


def test_a_device_is_born_behind_its_node_and_then_reports() -> None:
    encoder, values = EdgeNodeEncoder(), {"Level": 1.5, "On": True, "Count": -3, "State": "run", "No": None}
    said = [
        one
        for _ in range(2)
        for one in encoder.encode(OutgoingMessage("yard/gw/tank", json.dumps(values).encode()))
    ]
    lines = "".join(json.dumps([one.topic, one.payload.hex()]) + "\n" for one in said)
    done = subprocess.run(
        [built("pysparkplug", "0.6.1"), "-c", DECODE], input=lines, capture_output=True, text=True, check=True
    )
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert told == [["NBIRTH", 0, {"bdSeq": 0}], ["DBIRTH", 1, values], ["DDATA", 2, values]]
    encoder.restart()
    begun = list(encoder.encode(OutgoingMessage("yard/gw", b"{}")))
    assert [one.topic for one in begun] == ["spBv1.0/yard/NBIRTH/gw"]
