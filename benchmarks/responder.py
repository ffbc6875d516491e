"""One cheap Modbus TCP listener for any number of units, and a witness of when each was asked.

    python benchmarks/responder.py PORT REPORT.json

On SIGTERM it writes how far each connection's questions lay from that connection's own one-second
grid. SIGUSR1 forgets what was seen so far: the warm-up.
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
            self.transport.write(head + WORDS[:size])


def lateness() -> list[float]:
    """Return the distance of every question from its unit's grid, in s, ascending."""
    out = []
    for unit in ResponderUnit.every:
        if len(unit.times) < 5:
            continue
        phases = sorted((t - unit.times[0] + 0.5) % 1.0 for t in unit.times)
        grid = phases[len(phases) // 2]
        out += [abs((t - unit.times[0] + 0.5) % 1.0 - grid) for t in unit.times]
    return sorted(out)


async def main(port: int, report: Path) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGUSR1, lambda: [unit.times.clear() for unit in ResponderUnit.every])
    await loop.create_server(ResponderUnit, "127.0.0.1", port, backlog=2048)
    await stop.wait()
    late = lateness()
    found = {"units": sum(bool(u.times) for u in ResponderUnit.every), "polls": len(late)}
    if late:
        found |= {"p50_ms": 1e3 * late[len(late) // 2], "p99_ms": 1e3 * late[int(0.99 * len(late))]}
    report.write_text(json.dumps(found))


if __name__ == "__main__":
    import uvloop

    uvloop.run(main(int(sys.argv[1]), Path(sys.argv[2])))
