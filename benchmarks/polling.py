"""facilityd with its journal beside Telegraf, on the same field, in one run.

    python benchmarks/polling.py [--units 100 1000] [--seconds 30] [--json]

Each unit brings 20 INT32 values (40 registers, one request) once a second. CPU is user plus system
time of the process alone, after a warm-up; lateness is seen by the listener.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
VALUES = 20
WARM_UP_S = 12.0
TICK = os.sysconf("SC_CLK_TCK")
SIGNALS = [f"v{n:02}" for n in range(VALUES)]
ROW = "| {who} | {units} | {values_per_s:.0f} | {cpu_us_per_value:.1f} | {cores:.0%} | {rss_mb:.0f} | {p99_ms:.1f} |"


def site(folder: Path, units: int, port: int) -> list[str]:
    """Write a site of its own hardware and family; return the command that watches it."""
    (folder / "profiles").mkdir(parents=True)
    (folder / "families").mkdir()
    points = "".join(f"  {n}: {{address: {2 * i}, doc: x, type: s32}}\n" for i, n in enumerate(SIGNALS))
    (folder / "profiles/bench.yaml").write_text(
        "profile: bench\nprotocol: modbus\nmaker: none\nmodel: bench\nmanual: none\nevidence: C\n"
        f"points:\n{points}  model: {{address: 1000, doc: x, type: u32}}\n"
        "identity: [{point: model, equals: 65538}]\ngolden: [{point: v00, words: [0, 1], value: 1}]\n"
    )
    signals = "".join(f"  {n}: {{type: int, name: {{zh: 值, en: value}}}}\n" for n in SIGNALS)
    record = "cause: {zh: 甲, en: a}\n    consequence: {zh: 乙, en: b}\n    action: [{zh: 丙, en: c}]\n" \
             "    confirm: {zh: 丁, en: d}\n    respond: 1h\n    at_stake: asset\n"  # fmt: skip
    (folder / "families/bench.yaml").write_text(
        f"family: bench\nname: {{zh: 台, en: bench}}\nsignals:\n{signals}rules:\n"
        f"  high:\n    detect: {{kind: limit, signal: v00, above: 100000}}\n    name: {{zh: 高, en: high}}\n    {record}"
        f"  silent:\n    detect: {{kind: silence}}\n    name: {{zh: 无, en: silent}}\n    {record}"
    )
    bound = ", ".join(f"{n}: u%d.{n}" for n in SIGNALS)
    text = "site: {id: bench, name: {zh: 台, en: bench}, latitude: 40, longitude: 116, timezone: UTC}\n"
    text += f"store: {{path: {folder}/journal.db}}\nlinks:\n"
    text += "".join(
        f"  l{n}: {{protocol: modbus-tcp, host: 127.0.0.1, port: {port}}}\n" for n in range(units)
    )
    text += "units:\n"
    text += "".join(
        f"  u{n}: {{link: l{n}, profile: bench, device_id: 1, period: 1s}}\n" for n in range(units)
    )
    text += "devices:\n"
    for n in range(units):
        text += f"  d{n}: {{family: bench, name: {{zh: 台, en: b}}, signals: {{{bound.replace('%d', str(n))}}}}}\n"
    (folder / "site.yaml").write_text(text)
    return [sys.executable, "-m", "facilityd", "run", str(folder), "--log-level", "warning"]


def telegraf(folder: Path, units: int, port: int, binary: str) -> list[str]:
    """Write Telegraf's configuration of the same work; return its command."""
    folder.mkdir(parents=True)
    fields = ",\n".join(f'{{name="{n}",byte_order="ABCD",data_type="INT32",scale=1.0,address=[{2 * i},{2 * i + 1}]}}'
                        for i, n in enumerate(SIGNALS))  # fmt: skip
    text = '[agent]\ninterval="1s"\nflush_interval="1s"\nmetric_buffer_limit=200000\nomit_hostname=true\n[[outputs.discard]]\n'
    one = '[[inputs.modbus]]\nname="u{n}"\nslave_id=1\ntimeout="1s"\ncontroller="tcp://127.0.0.1:{port}"\nholding_registers=[\n{fields}]\n'
    text += "".join(one.format(n=n, port=port, fields=fields) for n in range(units))
    (folder / "telegraf.conf").write_text(text)
    return [binary, "--quiet", "--config", str(folder / "telegraf.conf")]


def cpu(pid: int) -> float:
    """User and system time of a process so far, in s."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def rss(pid: int) -> float:
    """Resident memory in MB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


@contextmanager
def running(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, cwd=HERE.parent)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def measure(
    name: str, command: list[str], folder: Path, port: int, units: int, seconds: float
) -> dict[str, object]:
    """Run one of the two against a listener of its own; return its figures."""
    report = folder / f"{name}.json"
    answers = [sys.executable, str(HERE / "responder.py"), str(port), str(report)]
    with running(answers, folder / f"{name}-listener.log") as listener:
        time.sleep(1.0)
        with running(command, folder / f"{name}.log") as process:
            time.sleep(WARM_UP_S + units / 200)
            listener.send_signal(signal.SIGUSR1)
            begin, before = time.monotonic(), cpu(process.pid)
            time.sleep(seconds)
            spent, length = cpu(process.pid) - before, time.monotonic() - begin
            memory = rss(process.pid)
            listener.send_signal(signal.SIGTERM)
            listener.wait(20)
    seen = json.loads(report.read_text())
    values = seen["polls"] * VALUES
    return {
        "who": name, "units": units, "values_per_s": values / length, "cpu_us_per_value": 1e6 * spent / max(1, values),
        "cores": spent / length, "rss_mb": memory, **seen,
    }  # fmt: skip


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--units", type=int, nargs="+", default=[100, 1000])
    words.add_argument("--seconds", type=float, default=30.0)
    words.add_argument("--json", action="store_true")
    asked = words.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    built = subprocess.run(["bash", str(HERE.parent / "tools/servers/build.sh"), "telegraf"], check=False,
                           stdout=subprocess.PIPE, text=True)  # fmt: skip
    binary = built.stdout.strip()
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as temporary:
        for units in asked.units:
            folder, port = Path(temporary) / str(units), free_port()
            ours = site(folder / "site", units, port)
            rows.append(measure("facilityd", ours, folder, port, units, asked.seconds))
            if built.returncode == 0:
                theirs = telegraf(folder / "telegraf", units, port, binary)
                rows.append(measure("telegraf", theirs, folder, port, units, asked.seconds))
    if asked.json:
        print(json.dumps(rows, indent=2))
        return
    print("| who | units | values/s | CPU µs per value | of a core | RSS MB | p99 lateness ms |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        print(
            "| {who} | {units} | {values_per_s:.0f} | {cpu_us_per_value:.1f} | {cores:.0%} | {rss_mb:.0f} | {p99_ms:.1f} |".format(
                **row
            )
        )
    for units in asked.units:
        pair = [float(str(r["cpu_us_per_value"])) for r in rows if r["units"] == units]
        if len(pair) == 2:
            print(f"\nCPU per value at {units} units, facilityd / Telegraf: {pair[0] / pair[1]:.1f}")


if __name__ == "__main__":
    main()
