"""One cheap Modbus TCP listener for any number of units, and a witness of when each was asked.

    python benchmarks/responder.py PORT REPORT.json [PERIOD_S [changing]]

On SIGTERM it writes how far each connection's questions lay from that connection's own grid of one
period. ``changing``: every value is another one at each poll. SIGUSR1 forgets what was seen so far: the warm-up.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from pathlib import Path

WORDS = bytes.fromhex("00010002") * 63


class ResponderUnit(asyncio.Protocol):
    """Answers reads of holding registers with the same words for ever."""

    every: set[ResponderUnit] = set()
    changing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.buffer, self.times = transport, b"", []
        self.every.add(self)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while len(self.buffer) >= 12:
            ask, self.buffer = self.buffer[:12], self.buffer[12:]
            size = 2 * int.from_bytes(ask[10:12])
            if size > 2 * 2:  # the identity probe is no poll
                self.times.append(time.monotonic())
            head = ask[:4] + (3 + size).to_bytes(2) + ask[6:8] + bytes([size])
            words = WORDS[:size]
            if self.changing and size > 2 * 2:
                words = (len(self.times) & 0xFFFF).to_bytes(4) * (size // 4)
            self.transport.write(head + words)


def lateness(period: float) -> list[float]:
    """Return the distance of every question from its unit's grid of ``period`` s, in s, ascending."""
    out = []
    for unit in ResponderUnit.every:
        if len(unit.times) < 5:
            continue
        phases = sorted((t - unit.times[0] + period / 2) % period for t in unit.times)
        grid = phases[len(phases) // 2]
        out += [abs((t - unit.times[0] + period / 2) % period - grid) for t in unit.times]
    return sorted(out)


async def main(port: int, report: Path, period: float) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGUSR1, lambda: [unit.times.clear() for unit in ResponderUnit.every])
    await loop.create_server(ResponderUnit, "127.0.0.1", port, backlog=2048)
    await stop.wait()
    late = lateness(period)
    found = {"units": sum(bool(u.times) for u in ResponderUnit.every), "polls": len(late)}
    if late:
        found |= {
            "p50_ms": 1e3 * late[len(late) // 2],
            "p99_ms": 1e3 * late[int(0.99 * len(late))],
            "most_ms": 1e3 * late[-1],
        }
    report.write_text(json.dumps(found))


if __name__ == "__main__":
    import uvloop

    ResponderUnit.changing = sys.argv[4:] == ["changing"]
    uvloop.run(main(int(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]) if sys.argv[3:] else 1.0))
