"""The demo square somewhere else: its files with free ports, own terminals and an own journal."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from facilityd.config.load import load
from facilityd.config.site import Site
from facilityd.model.sample import NS
from facilityd.scenario.real_runtime import free_ports
from facilityd.scenario.runtime import square_of as square_at
from simulators.inverse_binding import Signals
from simulators.square import Square

SQUARE = Path(__file__).resolve().parents[2] / "config" / "square"
NIGHT = int(datetime(2026, 6, 1, 12, 30, tzinfo=UTC).timestamp()) * NS
"""Half past eight in the evening in Beijing: everything is lit and no ceremony is near."""


@dataclass(frozen=True)
class SiteFolder:
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

    def quicken(self) -> None:
        """Read what is read every 10 or 30 s every 3 s, so that tests need not wait."""
        for name in ("hoist.yaml", "lighting.yaml"):
            self.edit(name, lambda text: re.sub(r"((?:rest|period): )[13]0s", r"\g<1>3s", text))


def make_square(folder: Path, *, hurry: bool = True) -> SiteFolder:
    """Copy config/square into ``folder`` with everything that is this machine's replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(SQUARE / "profiles", folder / "profiles", dirs_exist_ok=True)
    shutil.copy(SQUARE / "baselines.json", folder)
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(SQUARE.glob("*.yaml"))}
    known = sorted({int(n) for text in texts.values() for n in re.findall(r"\b1[58]\d{3}\b", text)})
    ports = dict(zip(known, free_ports(len(known)), strict=True))
    for name, text in texts.items():
        moved = re.sub(r"\b1[58]\d{3}\b", lambda found: str(ports[int(found[0])]), text)
        moved = moved.replace(".facilityd", str(folder / "run"))
        moved = hurried(moved) if hurry else moved
        moved = moved.replace("store: {keep", f"store: {{path: {folder}/run/journal.db, keep")
        (folder / name).write_text(moved, encoding="utf-8")
    return SiteFolder(folder, ports)


def unconfirmed(made: SiteFolder) -> None:
    """Take away what the demo square confirms of its pumps, its pole and its façade."""
    for name in ("fountain.yaml", "poles.yaml", "lighting.yaml"):
        made.edit(
            name,
            lambda text: re.sub(r"    rules:.*\n(?:      .*: \{.*(?:below|above|faster).*\n)*", "", text),
        )


def square_of(site: Site, start: int = NIGHT, warm: float = 60.0) -> Square:
    """The site's physics at an instant in ns UTC."""
    square = square_at(site, start, 1)
    square.advance(warm, step=1.0)
    return square


def frozen(square: Square) -> Callable[[], Signals]:
    """A truth in which no time passes."""
    truth = square.signals()
    return lambda: truth


CONTACTS = """\
site: {id: yard, name: {zh: 场院, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
store: {STORE}
# In real time no test waits until what was brief has stayed well for half an hour.
alarms: {safety: {hold: 0s, repeat_window: 0s}, asset: {hold: 0s, repeat_window: 0s}}
links:
  io: {protocol: modbus-tcp, host: 127.0.0.1, port: 15027}
units:
  contacts: {link: io, profile: moxa_iologik_e1212, device_id: 1, period: 500ms}
devices:
  fire: {family: contact, name: {zh: 火灾报警, en: Fire panel}, signals: {active: contacts.input_0}}
  water: {family: contact, name: {zh: 水浸, en: Water sensor}, signals: {active: contacts.input_1}}
recipients:
  crew:
    name: {zh: 值班员, en: Duty crew}
    language: zh
    channels: [{kind: webhook, url: "http://127.0.0.1:18099/notice"}]
  engineer:
    name: {zh: 工程师, en: Engineer}
    language: en
    minimum: medium
    channels: [{kind: email, to: engineer@yard.example, sender: facilityd@yard.example, host: 127.0.0.1, port: 18025}]
"""


def make_contacts(folder: Path, *, store: str = "path: FOLDER/run/journal.db") -> SiteFolder:
    """A site of one module with two contacts, and two people who are told; ``store`` as YAML."""
    folder.mkdir(parents=True)
    ports = dict(zip((15027, 18099, 18025), free_ports(3), strict=True))
    text = CONTACTS.replace("STORE", store).replace("FOLDER", str(folder))
    for known, port in ports.items():
        text = text.replace(str(known), str(port))
    (folder / "site.yaml").write_text(text, encoding="utf-8")
    return SiteFolder(folder, ports)


def hurried(text: str) -> str:
    """The same site read every two seconds where it would be read less often: tests do not wait minutes."""

    def shorter(line: re.Match[str]) -> str:
        least = "10s" if "lufft" in line[0] else "4s" if "-meter" in line[0] else "2s"
        return re.sub(r"\b(?:\d+min|\d\d+s|[3-9]s)\b", least, line[0])

    return re.sub(r"^.*period: .*$", shorter, text, flags=re.MULTILINE)
