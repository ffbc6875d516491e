"""facilityd simulate console: a simulated site to play with, the real daemon watching it."""

from __future__ import annotations

import shlex
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from facilityd.cli.language import spoken_lang_option
from facilityd.cli.output import console as screen
from facilityd.cli.output import table
from facilityd.cli.text_table import whole
from facilityd.errors import FacilitydError, UsageError
from facilityd.model.message import Wording
from facilityd.yaml_source import suggestion

if TYPE_CHECKING:
    from facilityd.testing.site import SimulatedSite

HELP = """\
faults DEVICE                   what can go wrong with it
inject DEVICE FAULT [MAGNITUDE] let it go wrong (magnitude 0 mends it)
hazard UNIT-OR-LINK HAZARD      let a wire misbehave ('none' ends it)
run DEVICE [down]               ask a hoist or a pole for a run
advance TIME                    let time pass, e.g. 5min (in real time: wait)
watch DEVICE                    its signals now
alarms                          every alarm so far
devices                         the site
quit"""


@dataclass
class Console:
    """One session. Every command is a method; the table below is all there is."""

    site: SimulatedSite
    told: int = 0
    out: Callable[[str], None] = field(default=click.echo)

    def obey(self, line: str) -> bool:
        """Carry out one line; return False when it is the last. Named errors are told, not raised."""
        words = shlex.split(line, comments=True)
        if not words:
            return True
        if words[0] in ("quit", "exit"):
            return False
        try:
            command = COMMANDS.get(words[0])
            if command is None:
                raise UsageError(
                    Wording("ask.no-command", words=words[0]), hint=suggestion(words[0], [*COMMANDS, "quit"])
                )
            command(self, *words[1:])
            self._news()
        except FacilitydError as error:
            self.out(f"error: {error}")
        except (TypeError, ValueError):
            self.out(f"error: {line.strip()!r} is not how it is written; 'help' shows it")
        return True

    def help(self) -> None:
        """Tell the commands."""
        self.out(HELP)

    def devices(self) -> None:
        """Tell the site."""
        for name, device in self.site.site.devices.items():
            self.out(f"{name:20} {device.family.family:10} {device.name.en}")

    def faults(self, device: str) -> None:
        """Tell what can go wrong with a device."""
        rows = [
            (n, f.catalogue, f.name.zh, f.name.en, f"{f.typical:g} {f.unit}")
            for n, f in self.site.faults(device)
        ]
        screen().print(table("", (whole("fault"), whole("no."), "中文", "what", "typical"), rows))

    def inject(self, device: str, fault: str, magnitude: str = "") -> None:
        """Begin a fault."""
        self.site.fault(device, fault, float(magnitude) if magnitude else None)
        self.out(f"{self.site.now:%H:%M:%S} {fault} on {device}")

    def hazard(self, target: str, name: str) -> None:
        """Begin or end a hazard."""
        self.site.hazard(target, name)
        self.out(f"{self.site.now:%H:%M:%S} {name} on {target}")

    def run(self, device: str, way: str = "up") -> None:
        """Ask for a run."""
        self.site.demand(device, up=way != "down")

    def advance(self, time: str) -> None:
        """Let time pass."""
        self.site.advance(time)
        self.out(f"it is {self.site.now:%Y-%m-%d %H:%M:%S}")

    def watch(self, device: str) -> None:
        """Tell a device's signals."""
        from facilityd.query.alarms import require_device

        known = require_device(self.site.site.devices, device)
        rows = []
        for stream in known.streams:
            for signal in stream.signals:
                value = self.site.value(device, signal)
                about = known.family.signals[signal]
                shown = (
                    "unknown" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
                )
                rows.append((signal, about.name.zh, shown, about.unit))
        screen().print(table(known.name.en, (whole("signal"), "名称", whole("value"), whole("unit")), rows))

    def alarms(self) -> None:
        """Tell every alarm."""
        for line in self.site.notices():
            self.out(line)

    def _news(self) -> None:
        """Tell alarms that are new since the last command."""
        lines = self.site.notices()
        for line in lines[self.told :]:
            self.out(f"ALARM  {line}")
        self.told = len(lines)


COMMANDS: dict[str, Callable[..., None]] = {
    "help": Console.help,
    "devices": Console.devices,
    "faults": Console.faults,
    "inject": Console.inject,
    "hazard": Console.hazard,
    "run": Console.run,
    "advance": Console.advance,
    "watch": Console.watch,
    "alarms": Console.alarms,
}


@click.command("console")
@click.argument("site", default="square")
@click.option("--start", default="2026-06-10T19:55", show_default=True, help="Local time on site.")
@click.option("--seed", type=click.IntRange(0, 2**53), default=1, show_default=True)
@click.option("--real/--virtual", default=False, help="Sockets and the clock, or virtual time [default].")
@spoken_lang_option
def console_command(site: str, start: str, seed: int, real: bool) -> None:
    """Play with a simulated SITE: inject a fault, watch the daemon.

    'help' lists what can be typed.
    """
    from facilityd.testing.site import begin

    with (
        tempfile.TemporaryDirectory(prefix="facilityd-") as folder,
        begin(site, Path(folder), (), start, seed, real=real) as running,
    ):
        session = Console(running)
        click.echo(f"{running.site.name.en}: {len(running.site.devices)} devices; 'help' lists the commands")
        while True:
            click.echo("> ", nl=False)
            line = sys.stdin.readline()
            if not line or not session.obey(line):
                break
