"""facilityd with its journal beside Telegraf, on the same field, in one run.

    python benchmarks/polling.py [--units 100 1000] [--seconds 20] [--rounds 3] [--period-ms 1000] [--changing] [--json]

Each unit brings 20 INT32 values (40 registers, one request) each period. Both run in turn, ``rounds`` times,
pinned to the same core, the listener on another. CPU is user plus system time of the process alone, after a
warm-up; lateness is seen by the listener. ``--changing``: every value is new at each poll; without it none is.
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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from facilityd.scenario.real_runtime import free_ports

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "tests")]

from support.large_site import write_large_site  # noqa: E402

VALUES = 20
WARM_UP_S = 12.0
TICK = os.sysconf("SC_CLK_TCK")
SIGNALS = [f"v{n:02}" for n in range(VALUES)]
COLUMNS = ("values_per_s", "cpu_us_per_value", "cores", "rss_mb", "p50_ms", "p99_ms", "most_ms")
ROW = (
    "| {who} | {units} | {values_per_s:.0f} | {cpu_us_per_value:.1f} ({spread}) | {cores:.0%} | {rss_mb:.0f} "
    "| {p50_ms:.1f} | {p99_ms:.1f} | {most_ms:.0f} |"
)
HEADS = (
    "who",
    "units",
    "values/s",
    "CPU µs per value (spread)",
    "of a core",
    "RSS MB",
    "late p50 ms",
    "p99",
    "most",
)


def site(folder: Path, units: int, port: int, period_ms: int = 1000) -> list[str]:
    """Write a site of its own hardware and family; return the command that watches it."""
    endpoint = f"host: 127.0.0.1, port: {port}"
    write_large_site(folder, units, values=VALUES, endpoint=endpoint, period=f"{period_ms}ms")
    return [sys.executable, "-m", "facilityd", "run", str(folder), "--log-level", "warning"]


def telegraf(folder: Path, units: int, port: int, binary: str, period_ms: int = 1000) -> list[str]:
    """Write Telegraf's configuration of the same work; return its command."""
    folder.mkdir(parents=True)
    fields = ",\n".join(f'{{name="{n}",byte_order="ABCD",data_type="INT32",scale=1.0,address=[{2 * i},{2 * i + 1}]}}'
                        for i, n in enumerate(SIGNALS))  # fmt: skip
    text = '[agent]\ninterval="PERIOD"\nflush_interval="1s"\nmetric_buffer_limit=200000\nomit_hostname=true\n[[outputs.discard]]\n'
    one = '[[inputs.modbus]]\nname="u{n}"\nslave_id=1\ntimeout="1s"\ncontroller="tcp://127.0.0.1:{port}"\nholding_registers=[\n{fields}]\n'
    text += "".join(one.format(n=n, port=port, fields=fields) for n in range(units))
    (folder / "telegraf.conf").write_text(text.replace("PERIOD", f"{period_ms}ms", 1))
    return [binary, "--quiet", "--config", str(folder / "telegraf.conf")]


def cpu(pid: int) -> float:
    """User and system time of a process so far, in s."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def rss(pid: int) -> float:
    """Resident memory in MB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


@contextmanager
def running(command: list[str], log: Path, core: int = 0) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, cwd=HERE.parent)
    os.sched_setaffinity(process.pid, {core % (os.cpu_count() or 1)})
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass(frozen=True)
class Work:
    """What both are asked to do."""

    units: int
    seconds: float
    period_ms: int
    changing: bool


def measure(
    name: str, command: list[str], folder: Path, port: int, work: Work, core: int = 1
) -> dict[str, float]:
    """Run one of the two against a listener of its own, on a ``core`` of its own; return its figures."""
    report = folder / f"{name}.json"
    answers = [sys.executable, str(HERE / "responder.py"), str(port), str(report), str(work.period_ms / 1000)]
    answers += ["changing"] if work.changing else []
    with running(answers, folder / f"{name}-listener.log", core=core) as listener:
        await_listener(port)
        with running(command, folder / f"{name}.log") as process:
            time.sleep(WARM_UP_S + work.units / 100)
            listener.send_signal(signal.SIGUSR1)
            begin, before = time.monotonic(), cpu(process.pid)
            time.sleep(work.seconds)
            spent, length = cpu(process.pid) - before, time.monotonic() - begin
            memory = rss(process.pid)
            listener.send_signal(signal.SIGTERM)
            listener.wait(20)
    seen = json.loads(report.read_text())
    values = seen["polls"] * VALUES
    if not values:
        raise SystemExit(f"{name} asked nothing: see\n{(folder / f'{name}.log').read_text()[-2000:]}")
    return {
        "values_per_s": values / length, "cpu_us_per_value": 1e6 * spent / values, "cores": spent / length,
        "rss_mb": memory, **seen,
    }  # fmt: skip


def summary(who: str, units: int, rounds: list[dict[str, float]]) -> dict[str, object]:
    """Return the median of each figure over the rounds, and the spread of the one that counts."""
    middle = {name: median(one[name] for one in rounds) for name in COLUMNS}
    costs = [one["cpu_us_per_value"] for one in rounds]
    return {"who": who, "units": units, **middle, "spread": f"{min(costs):.1f}-{max(costs):.1f}"}


def await_listener(port: int) -> None:
    """Return when somebody listens; a busy machine needs some seconds for that."""
    for _ in range(300):
        with socket.socket() as one:
            if not one.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.1)
    raise SystemExit("the listener did not start")


def free_port() -> int:
    return free_ports(1)[0]


def compare(work: Work, rounds: int, binary: str) -> list[dict[str, object]]:
    """Let both do the work in turn; return a row for each."""
    found: dict[str, list[dict[str, float]]] = {}
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as temporary:
            folder, port = Path(temporary), free_port()
            commands = {"facilityd": site(folder / "site", work.units, port, work.period_ms)}
            if binary:
                commands["telegraf"] = telegraf(folder / "telegraf", work.units, port, binary, work.period_ms)
            for name in list(commands)[:: -1 if number % 2 else 1]:
                found.setdefault(name, []).append(measure(name, commands[name], folder, port, work))
    return [summary(name, work.units, ones) for name, ones in sorted(found.items())]


def telegraf_binary() -> str:
    """Return where Telegraf is, which is built where Go is installed; "" where it cannot be had."""
    built = subprocess.run(["bash", str(HERE.parent / "tools/servers/build.sh"), "telegraf"], check=False,
                           stdout=subprocess.PIPE, text=True)  # fmt: skip
    return built.stdout.strip() if built.returncode == 0 else ""


def print_table(heads: Sequence[str], template: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Print rows as Markdown, each by the template."""
    print("|", " | ".join(heads), "|")
    print("|" + "---|" * len(heads))
    for row in rows:
        print(template.format(**row))


def print_ratios(what: str, column: str, load: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Print, for each load that both carried, what facilityd needed of what Telegraf did."""
    for amount in dict.fromkeys(row[load] for row in rows):
        pair = [float(str(row[column])) for row in rows if row[load] == amount]
        if len(pair) == 2:
            print(f"\n{what.format(amount)}, facilityd / Telegraf: {pair[0] / pair[1]:.2f}")


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--units", type=int, nargs="+", default=[100, 1000])
    words.add_argument("--seconds", type=float, default=20.0)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--period-ms", type=int, default=1000)
    words.add_argument("--changing", action="store_true")
    words.add_argument("--json", action="store_true")
    asked = words.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 16384), hard))
    binary = telegraf_binary()
    rows: list[dict[str, object]] = []
    for units in asked.units:
        rows += compare(Work(units, asked.seconds, asked.period_ms, asked.changing), asked.rounds, binary)
    if asked.json:
        print(json.dumps(rows, indent=2))
    else:
        print_table(HEADS, ROW, rows)
        print_ratios("CPU per value at {} units", "cpu_us_per_value", "units", rows)


if __name__ == "__main__":
    main()
