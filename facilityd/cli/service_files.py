"""The files of a service under systemd, as texts: what stands in them is service_files.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

TEMPLATES = Path(__file__).with_name("service_files.yaml")
CONFINED, SERIAL, NO_SERIAL = "confined", "serial", "no_serial"


def service_files(
    *, site: str, program: Path, folder: Path, journal: Path, serial: bool, page: bool
) -> Mapping[str, str]:
    """Return the text of each file by its path below the root.

    ``folder`` is the site's, ``journal`` the folder that it writes to; a site without serial lines gets no
    devices at all, one without the page only one unit.
    """
    texts: dict[str, str] = yaml.safe_load(TEMPLATES.read_text(encoding="utf-8"))
    devices = texts.pop(SERIAL), texts.pop(NO_SERIAL)
    confined = texts.pop(CONFINED).rstrip("\n").format(
        journal=_quoted(journal), devices=devices[0 if serial else 1].rstrip("\n")
    )  # fmt: skip
    parts = {
        "site": site.replace("%", "%%"),
        "program": _quoted(program),
        "folder": _quoted(folder),
        "journal": _quoted(journal),
        "confined": confined,
    }
    wanted = {path: text for path, text in texts.items() if page or "serve" not in path}
    return {path: text.format(**parts) for path, text in wanted.items()}


def _quoted(path: Path) -> str:
    """Return a path as systemd and tmpfiles read it: '%' begins a specifier, a space would end a word."""
    text = str(path).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{text}"' if " " in text or '"' in text else text
