"""What `init --template` writes: parts of the demonstration square, for people to make their own.

The limits of its very machines are left out: they are nobody else's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from facilityd.cli.init_files import commented, flow, init_words, section
from facilityd.model.text import Language

HERE = Path(__file__).resolve().parents[2] / "config" / "square"
SOURCES = ("hoist.yaml", "poles.yaml", "lighting.yaml", "fountain.yaml", "surroundings.yaml")
EVERYTHING = ("*",)


def template_files(name: str, language: Language, schema: str) -> dict[str, str]:
    """Return the texts of a template's files by name, those of its own hardware models too."""
    wanted, square = init_words().templates[name], _square()
    parts = {one: _read(square / one) for one in SOURCES} if wanted else {}
    devices = {
        source: {one: made for one, made in part["devices"].items() if wanted == EVERYTHING or one in wanted}
        for source, part in parts.items()
    }
    read = {unit for made in devices.values() for device in made.values() for unit in _units_of(device)}
    files, links, models = dict[str, str](), set[str](), set[str]()
    head = f"# yaml-language-server: $schema={schema}\n" if schema else ""
    for source, part in parts.items():
        units = {one: made for one, made in part["units"].items() if one in read}
        text = section("units", "".join(f"  {one}: {flow(made)}\n" for one, made in units.items()))
        text += section("devices", "".join(_device(one, made) for one, made in devices[source].items()))
        if text:
            files[source] = head + commented("template", language) + text
        links |= {made["link"] for made in units.values()}
        models |= {made["profile"] for made in units.values()}
    if links:
        known = _read(square / "links.yaml")["links"]
        rows = "".join(f"  {one}: {flow(made)}\n" for one, made in known.items() if one in links)
        files["links.yaml"] = head + commented("template-links", language) + section("links", rows)
    own = ((path.stem, path) for path in sorted((square / "profiles").glob("*.yaml")))
    return files | {
        f"profiles/{one}.yaml": path.read_text(encoding="utf-8") for one, path in own if one in models
    }


def _square() -> Path:
    """Return where the demonstration square is: beside the code, or within what is installed."""
    return HERE if HERE.is_dir() else Path(str(resources.files("simulators"))) / "demo_site"


def _read(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return read


def _units_of(device: Mapping[str, Any]) -> Iterator[str]:
    for source in device["signals"].values():
        yield str(source["from"] if isinstance(source, Mapping) else source).partition(".")[0]


def _device(name: str, device: Mapping[str, Any]) -> str:
    signals = "".join(f"      {one}: {flow(source)}\n" for one, source in device["signals"].items())
    about = "".join(f"    {key}: {flow(device[key])}\n" for key in ("family", "name"))
    return f"  {name}:\n{about}    signals:\n{signals}"
