"""The demo square somewhere else: its files with free ports, own terminals and an own journal."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from facilityd.config.load import load
from facilityd.config.site import Site
from facilityd.model.sample import NS
from simulators.feed import Signals
from simulators.physics import World
from simulators.square import Square

SQUARE = Path(__file__).resolve().parents[2] / "config" / "square"
NIGHT = int(datetime(2026, 6, 1, 12, 30, tzinfo=UTC).timestamp()) * NS
"""Half past eight in the evening in Beijing: everything is lit and no ceremony is near."""


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now, all different."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


@dataclass(frozen=True)
class Made:
    """A site folder, and the same compiled. ``ports`` by the number that config/square has."""

    folder: Path
    ports: dict[int, int]

    @property
    def site(self) -> Site:
        return load(self.folder)

    @property
    def journal(self) -> Path:
        return self.folder / "run" / "journal.db"

    @property
    def webhook(self) -> int:
        return self.ports[18099]

    @property
    def smtp(self) -> int:
        return self.ports[18025]

    def edit(self, name: str, change: Callable[[str], str]) -> None:
        """Rewrite one file."""
        path = self.folder / name
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")


def make_square(folder: Path) -> Made:
    """Copy config/square into ``folder`` with everything that is this machine's replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(SQUARE.glob("*.yaml"))}
    known = sorted({int(n) for text in texts.values() for n in re.findall(r"\b1[58]\d{3}\b", text)})
    ports = dict(zip(known, free_ports(len(known)), strict=True))
    for name, text in texts.items():
        moved = re.sub(r"\b1[58]\d{3}\b", lambda found: str(ports[int(found[0])]), text)
        (folder / name).write_text(moved.replace(".facilityd", str(folder / "run")), encoding="utf-8")
    return Made(folder, ports)


def square_of(site: Site, start: int = NIGHT, warm: float = 60.0) -> Square:
    """The site's physics at an instant in ns UTC."""
    world = World(site.latitude, site.longitude, site.timezone, start)
    square = Square({d.id: d.family.family for d in site.devices.values()}, world, 1)
    square.advance(warm, step=1.0)
    return square


def frozen(square: Square) -> Callable[[], Signals]:
    """A truth in which no time passes."""
    truth = square.signals()
    return lambda: truth
