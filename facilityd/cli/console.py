"""facilityd simulate console: a simulated site to play with, the real daemon watching it."""

from __future__ import annotations

import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from facilityd.cli.language import chosen, spoken_lang_option
from facilityd.cli.output import console as screen
from facilityd.cli.output import table
from facilityd.cli.text_table import Column, whole
from facilityd.cli.words import counted, sentence
from facilityd.errors import FacilitydError, UsageError
from facilityd.model.message import Wording, spoken
from facilityd.model.text import Language
from facilityd.yaml_source import suggestion

if TYPE_CHECKING:
    from facilityd.testing.site import SimulatedSite

FAULTS = (
    whole("fault", "故障"), whole("no.", "编号"), Column("what", "内容"), Column("typical", "典型大小"),
)  # fmt: skip
SIGNALS = (whole("signal", "信号"), Column("name", "名称"), whole("value", "数值"))


@dataclass
class Console:
    """One session. Every command is a method; the table below is all there is."""

    site: SimulatedSite
    language: Language
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
            self._say("console-error", why=spoken(error, self.language))
        except (TypeError, ValueError):
            self._say("console-mistyped", line=line.strip())
        return True

    def help(self) -> None:
        """Tell the commands."""
        self.out("\n".join(help_lines(self.language)))

    def devices(self) -> None:
        """Tell the site."""
        for name, device in self.site.site.devices.items():
            self.out(f"{name:20} {device.family.family:10} {device.name.in_(self.language)}")

    def faults(self, device: str) -> None:
        """Tell what can go wrong with a device."""
        rows = [
            (name, fault.catalogue, fault.name.in_(self.language), f"{fault.typical:g} {fault.unit}")
            for name, fault in self.site.faults(device)
        ]
        screen().print(table("", FAULTS, rows, language=self.language))

    def inject(self, device: str, fault: str, magnitude: str = "") -> None:
        """Begin a fault."""
        self.site.fault(device, fault, float(magnitude) if magnitude else None)
        self._say("console-on", at=f"{self.site.now:%H:%M:%S}", what=fault, where=device)

    def hazard(self, target: str, name: str) -> None:
        """Begin or end a hazard."""
        self.site.hazard(target, name)
        self._say("console-on", at=f"{self.site.now:%H:%M:%S}", what=name, where=target)

    def run(self, device: str, way: str = "up") -> None:
        """Ask for a run."""
        self.site.demand(device, up=way != "down")

    def advance(self, time: str) -> None:
        """Let time pass."""
        self.site.advance(time)
        self._say("console-time", at=f"{self.site.now:%Y-%m-%d %H:%M:%S}")

    def watch(self, device: str) -> None:
        """Tell a device's signals."""
        from facilityd.query.alarms import require_device
        from facilityd.query.devices import show_value

        known = require_device(self.site.site.devices, device)
        rows = []
        for stream in known.streams:
            for signal in stream.signals:
                value = self.site.value(device, signal)
                about = known.family.signals[signal]
                shown = (
                    sentence("console-unknown", self.language)
                    if value is None
                    else show_value(about, value, self.language)
                )
                rows.append((signal, about.name.in_(self.language), shown))
        screen().print(table(known.name.in_(self.language), SIGNALS, rows, language=self.language))

    def alarms(self) -> None:
        """Tell every alarm."""
        for line in self.site.notices(self.language):
            self.out(line)

    def _news(self) -> None:
        """Tell alarms that are new since the last command."""
        lines = self.site.notices(self.language)
        for line in lines[self.told :]:
            self._say("console-alarm", what=line)
        self.told = len(lines)

    def _say(self, name: str, **fields: str) -> None:
        self.out(sentence(name, self.language, **fields))


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


USAGE = {
    "help": "help",
    "devices": "devices",
    "faults": "faults DEVICE",
    "inject": "inject DEVICE FAULT [MAGNITUDE]",
    "hazard": "hazard UNIT-OR-LINK HAZARD",
    "run": "run DEVICE [down]",
    "advance": "advance TIME",
    "watch": "watch DEVICE",
    "alarms": "alarms",
    "quit": "quit",
}
"""How each is typed; the same in every language."""


def help_lines(language: Language) -> Iterator[str]:
    """Yield each command with what it does."""
    for name, usage in USAGE.items():
        yield f"{usage:32}{sentence(f'console-{name}', language)}"


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
        language = chosen(None, running.site)
        session = Console(running, language)
        devices = counted(len(running.site.devices), "device", language)
        click.echo(sentence("console-begin", language, site=running.site.name.in_(language), devices=devices))
        while True:
            click.echo("> ", nl=False)
            line = sys.stdin.readline()
            if not line or not session.obey(line):
                break
