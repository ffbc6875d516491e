"""facilityd with its journal beside Telegraf's mqtt_consumer: the same messages from the same Mosquitto, in one run.

    python benchmarks/mqtt.py [--rates 1000 5000] [--topics 200] [--seconds 15] [--rounds 3] [--qos 0] [--json]

Each message is a small JSON object of four numbers that change, on one of ``--topics`` topics. Both consumers run
in turn, pinned to the same core; broker and publisher have the other. CPU is user plus system time of
the consumer alone, per message that it took: rows of the journal, or metrics that Telegraf wrote.
``taken`` below 100 % means that it could not keep up.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import socket
import struct
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from polling import (
    await_listener,
    cpu,
    free_port,
    print_ratios,
    print_table,
    rss,
    running,
    telegraf_binary,
)  # fmt: skip

from facilityd.store.reader import JournalReader

WARM_UP_S = 10.0
TICK_S = 0.01
FIELDS = ("power", "voltage", "current", "energy")
ROW = "| {who} | {rate} | {cpu_us:.0f} ({spread}) | {cores:.0%} | {taken:.0%} | {rss_mb:.0f} |"
HEADS = ("who", "messages/s", "CPU µs per message (spread)", "of a core", "taken", "RSS MB")


@dataclass(frozen=True)
class MqttWork:
    """What both are asked to do."""

    rate: int
    topics: int
    seconds: float
    qos: int


def site(folder: Path, port: int, work: MqttWork) -> list[str]:
    """Write a site of its own hardware and family; return the command that watches it."""
    (folder / "profiles").mkdir(parents=True)
    (folder / "families").mkdir()
    points = "".join(f"  {name}: {{sources: [{{topic: '', pointer: /{name}}}]}}\n" for name in FIELDS)
    golden = json.dumps(dict.fromkeys(FIELDS, 1.5))
    (folder / "profiles/bench.yaml").write_text(
        "profile: bench\nprotocol: mqtt\nmaker: none\nmodel: bench\nmanual: none\nevidence: C\n"
        f"points:\n{points}golden: [{{point: power, topic: '', payload: '{golden}', value: 1.5}}]\n"
    )
    signals = "".join(f"  {name}: {{type: float, name: {{zh: 值, en: {name}}}}}\n" for name in FIELDS)
    record = (
        "    cause: {zh: 甲, en: a}\n    consequence: {zh: 乙, en: b}\n    action: [{zh: 丙, en: c}]\n"
        "    confirm: {zh: 丁, en: d}\n    respond: 1h\n    at_stake: asset\n"
    )
    (folder / "families/bench.yaml").write_text(
        f"family: bench\nname: {{zh: 台, en: bench}}\nsignals:\n{signals}rules:\n"
        "  high:\n    detect: {kind: limit, signal: power, above: 1000000}\n    name: {zh: 高, en: high}\n"
        f"{record}  silent:\n    detect: {{kind: silence}}\n    name: {{zh: 无, en: silent}}\n{record}"
    )
    period = max(1, round(work.topics / work.rate))
    lines = ["site: {id: bench, name: {zh: 台, en: bench}, latitude: 40, longitude: 116, timezone: UTC}"]
    lines += [f"store: {{path: {folder}/journal.db}}", "links:"]
    lines += [f"  b: {{protocol: mqtt, host: 127.0.0.1, port: {port}, qos: {work.qos}, client_id: bench}}"]
    lines += ["units:"]
    lines += [
        f"  u{n}: {{link: b, profile: bench, topic: bench/{n}, period: {period}s}}"
        for n in range(work.topics)
    ]
    lines += ["devices:"]
    for n in range(work.topics):
        bound = ", ".join(f"{name}: u{n}.{name}" for name in FIELDS)
        lines.append(f"  d{n}: {{family: bench, name: {{zh: 台{n}, en: b{n}}}, signals: {{{bound}}}}}")
    (folder / "site.yaml").write_text("\n".join(lines) + "\n")
    return [sys.executable, "-m", "facilityd", "run", str(folder), "--log-level", "warning"]


def telegraf(folder: Path, port: int, binary: str, work: MqttWork) -> list[str]:
    """Write Telegraf's configuration of the same work; return its command."""
    folder.mkdir(parents=True)
    (folder / "telegraf.conf").write_text(
        '[agent]\ninterval="1s"\nflush_interval="1s"\nmetric_batch_size=20000\nmetric_buffer_limit=200000\n'
        "omit_hostname=true\ndebug=true\n[[outputs.discard]]\n[[inputs.mqtt_consumer]]\n"
        f'servers=["tcp://127.0.0.1:{port}"]\ntopics=["bench/#"]\nqos={work.qos}\nclient_id="bench"\n'
        f'persistent_session={str(bool(work.qos)).lower()}\nmax_undelivered_messages=20000\ndata_format="json"\n'
    )
    return [binary, "--config", str(folder / "telegraf.conf")]


def journal_rows(folder: Path) -> Callable[[], int]:
    """Return what counts the samples of the messages so far."""

    def count() -> int:
        with JournalReader.open(folder / "journal.db") as reader:
            return reader.last_sample()

    return count


def metrics_written(log: Path) -> Callable[[], int]:
    """Return what counts the metrics that Telegraf wrote so far."""
    return lambda: sum(int(n) for n in re.findall(r"Wrote batch of (\d+) metrics", log.read_text()))


def publish(port: int, work: MqttWork, seconds: float) -> int:
    """Publish at the rate over a socket of its own, QoS 0 or 1; return how many messages that were."""
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(b"\x10\x15\x00\x04MQTT\x04\x02\x00\x3c\x00\x09publisher")
        line.recv(4)
        line.setblocking(True)
        begun, sent = time.monotonic(), 0
        while (passed := time.monotonic() - begun) < seconds:
            wanted = round(passed * work.rate)
            line.sendall(b"".join(_packet(n, work) for n in range(sent, wanted)))
            sent = wanted
            if work.qos:
                line.recv(1 << 20, socket.MSG_DONTWAIT) if _readable(line) else None
            time.sleep(TICK_S)
        return sent


def _readable(line: socket.socket) -> bool:
    try:
        return bool(line.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
    except BlockingIOError:
        return False


def _packet(number: int, work: MqttWork) -> bytes:
    topic = f"bench/{number % work.topics}".encode()
    values = {
        "power": number % 997 + 0.5,
        "voltage": 230.25,
        "current": number % 89 + 0.125,
        "energy": number,
    }
    body = struct.pack(">H", len(topic)) + topic
    body += struct.pack(">H", number % 65535 + 1) if work.qos else b""
    body += json.dumps(values).encode()
    length, size = b"", len(body)
    while True:
        size, digit = divmod(size, 128)
        length += bytes([digit | (0x80 if size else 0)])
        if not size:
            return bytes([0x30 | work.qos << 1]) + length + body


@contextmanager
def mosquitto(folder: Path) -> Iterator[int]:
    """Run the broker on the core that the consumers do not have."""
    binary = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    port = free_port()
    (folder / "mosquitto.conf").write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 100000\nlog_type none\n"
    )
    with running([binary, "-c", str(folder / "mosquitto.conf")], folder / "mosquitto.log", core=1):
        await_listener(port)
        yield port


def measure(name: str, folder: Path, binary: str, work: MqttWork) -> dict[str, float]:
    """Run one of the two on a broker of its own; return its figures."""
    with mosquitto(folder) as port:
        log = folder / f"{name}.log"
        if name == "facilityd":
            command, count = site(folder / "site", port, work), journal_rows(folder / "site")
        else:
            command, count = telegraf(folder / "telegraf", port, binary, work), metrics_written(log)
        with running(command, log) as process:
            time.sleep(WARM_UP_S)
            publish(port, work, 3.0)
            time.sleep(3.0)
            before, spent = count(), cpu(process.pid)
            sent = publish(port, work, work.seconds)
            time.sleep(3.0)
            spent, taken, memory = cpu(process.pid) - spent, count() - before, rss(process.pid)
    if taken <= 0:
        raise SystemExit(f"{name} took nothing: see\n{log.read_text()[-2000:]}")
    return {
        "cpu_us": 1e6 * spent / taken,
        "cores": spent / (work.seconds + 3),
        "taken": taken / sent,
        "rss_mb": memory,
    }


def compare(work: MqttWork, rounds: int, binary: str) -> list[dict[str, object]]:
    """Let both do the work in turn; return a row for each."""
    found: dict[str, list[dict[str, float]]] = {}
    names = ["facilityd", *(["telegraf"] if binary else [])]
    for number in range(rounds):
        for name in names[:: -1 if number % 2 else 1]:
            with tempfile.TemporaryDirectory() as folder:
                found.setdefault(name, []).append(measure(name, Path(folder), binary, work))
    rows: list[dict[str, object]] = []
    for name, ones in sorted(found.items()):
        costs = [one["cpu_us"] for one in ones]
        middle = {key: median(one[key] for one in ones) for key in ones[0]}
        rows.append(
            {"who": name, "rate": work.rate, **middle, "spread": f"{min(costs):.0f}-{max(costs):.0f}"}
        )
    return rows


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--rates", type=int, nargs="+", default=[1000, 5000])
    words.add_argument("--topics", type=int, default=200)
    words.add_argument("--seconds", type=float, default=15.0)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--qos", type=int, choices=(0, 1), default=0)
    words.add_argument("--json", action="store_true")
    asked = words.parse_args()
    binary = telegraf_binary()
    rows: list[dict[str, object]] = []
    for rate in asked.rates:
        rows += compare(MqttWork(rate, asked.topics, asked.seconds, asked.qos), asked.rounds, binary)
    if asked.json:
        print(json.dumps(rows, indent=2))
    else:
        print_table(HEADS, ROW, rows)
        print_ratios("CPU per message at {} a second", "cpu_us", "rate", rows)


if __name__ == "__main__":
    main()
